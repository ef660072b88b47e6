/** Types and values in TDS format (MS-TDS 2.2.5.4 and 2.2.5.5): writes result columns, reads parameters. */
import { ByteReader, u8, u16, u32, u64, ucs2 } from "./bytes.ts";
import { asDecimal, decimal } from "./engine/decimal.ts";
import {
  bytesToGuid,
  dateToTicks,
  guidToBytes,
  isText,
  nvarchar,
  type SqlType,
  type SqlValue,
  types,
  varbinary,
} from "./engine/sqlTypes.ts";
import { SqlError } from "./errors.ts";

/** SQL_Latin1_General_CP1_CI_AS. */
export const collation = Buffer.of(0x09, 0x04, 0xd0, 0x00, 0x34);

const token = {
  guid: 0x24,
  intN: 0x26,
  dateN: 0x28,
  dateTime2N: 0x2a,
  dateTimeOffsetN: 0x2b,
  tinyInt: 0x30,
  bit: 0x32,
  smallInt: 0x34,
  int: 0x38,
  dateTime: 0x3d,
  float: 0x3e,
  variant: 0x62,
  nText: 0x63,
  bitN: 0x68,
  decimalN: 0x6a,
  numericN: 0x6c,
  floatN: 0x6d,
  dateTimeN: 0x6f,
  bigInt: 0x7f,
  varBinary: 0xa5,
  varChar: 0xa7,
  binary: 0xad,
  char: 0xaf,
  nVarChar: 0xe7,
  nChar: 0xef,
} as const;

const maximum = 0xffff;
const ticksPerDay = 864_000_000_000n;
const integerBytes: Partial<Record<SqlType["kind"], number>> = { tinyint: 1, smallint: 2, int: 4, bigint: 8 };

export function writeTypeInfo(type: SqlType): Buffer {
  const { kind, length = 1 } = type;
  const size = (unit: number) => u16(length === "max" ? maximum : length * unit);
  switch (kind) {
    case "bit":
      return Buffer.of(token.bitN, 1);
    case "tinyint":
    case "smallint":
    case "int":
    case "bigint":
      return Buffer.of(token.intN, integerBytes[kind] ?? 4);
    case "decimal": {
      const { precision, scale } = asDecimal(type);
      return Buffer.of(token.numericN, decimalBytes(precision), precision, scale);
    }
    case "float":
      return Buffer.of(token.floatN, 8);
    case "uniqueidentifier":
      return Buffer.of(token.guid, 16);
    case "datetime2":
      return Buffer.of(token.dateTime2N, 7);
    case "varbinary":
      return Buffer.concat([u8(token.varBinary), size(1)]);
    case "nvarchar":
      return Buffer.concat([u8(token.nVarChar), size(2), collation]);
    case "nchar":
      return Buffer.concat([u8(token.nChar), size(2), collation]);
    case "varchar":
      return Buffer.concat([u8(token.varChar), size(1), collation]);
    case "char":
      return Buffer.concat([u8(token.char), size(1), collation]);
    case "sql_variant":
      return Buffer.concat([u8(token.variant), u32(8009)]);
  }
}

/** Types whose values have no length prefix; a column that is never NULL uses one of these if there is one. */
const fixedTokens: Partial<Record<SqlType["kind"], number>> = {
  bit: token.bit,
  tinyint: token.tinyInt,
  smallint: token.smallInt,
  int: token.int,
  bigint: token.bigInt,
  float: token.float,
};

export function writeColumnType(type: SqlType, { isNullable }: { isNullable: boolean }): Buffer {
  const fixed = isNullable ? undefined : fixedTokens[type.kind];
  return fixed === undefined ? writeTypeInfo(type) : u8(fixed);
}

export function writeColumnValue(type: SqlType, value: SqlValue, { isNullable }: { isNullable: boolean }): Buffer {
  const isFixed = !isNullable && type.kind in fixedTokens && value !== null;
  return isFixed ? toBytes(type, value) : writeValue(type, value);
}

/** The sign, and as many bytes as the largest number with this many digits needs. */
function decimalBytes(precision: number): number {
  return precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17;
}

export function writeValue(type: SqlType, value: SqlValue): Buffer {
  const { kind, length } = type;
  if (kind === "sql_variant") return writeVariant(value);
  const bytes = value === null ? undefined : toBytes(type, value);
  if (length === "max") {
    // PLP: the total length, chunks, and an empty chunk at the end.
    if (!bytes) return u64(0xffff_ffff_ffff_ffffn);
    const chunk = bytes.length === 0 ? [] : [u32(bytes.length), bytes];
    return Buffer.concat([u64(BigInt(bytes.length)), ...chunk, u32(0)]);
  }
  if (isText({ kind }) || kind === "varbinary") {
    return bytes ? Buffer.concat([u16(bytes.length), bytes]) : u16(maximum);
  }
  return bytes ? Buffer.concat([u8(bytes.length), bytes]) : u8(0);
}

function toBytes(type: SqlType, value: Exclude<SqlValue, null>): Buffer {
  const { kind, length } = type;
  const fixed = typeof length === "number" ? length : 0;
  switch (kind) {
    case "bit":
      return u8(value === true ? 1 : 0);
    case "tinyint":
      return u8(Number(value));
    case "smallint": {
      const bytes = Buffer.alloc(2);
      bytes.writeInt16LE(Number(value));
      return bytes;
    }
    case "int": {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(Number(value));
      return bytes;
    }
    case "bigint": {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(String(value)));
      return bytes;
    }
    case "decimal": {
      const number = BigInt(String(value));
      const hex = (number < 0n ? -number : number)
        .toString(16)
        .padStart((decimalBytes(asDecimal(type).precision) - 1) * 2, "0");
      return Buffer.concat([u8(number < 0n ? 0 : 1), Buffer.from(hex, "hex").reverse()]);
    }
    case "float": {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return bytes;
    }
    case "uniqueidentifier":
      return guidToBytes(String(value));
    case "datetime2": {
      const ticks = BigInt(String(value));
      return Buffer.concat([u64(ticks % ticksPerDay).subarray(0, 5), u64(ticks / ticksPerDay).subarray(0, 3)]);
    }
    case "varbinary":
      return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
    case "nchar":
      return ucs2(String(value).padEnd(fixed));
    case "char":
      return Buffer.from(String(value).padEnd(fixed), "latin1");
    case "varchar":
      return Buffer.from(String(value), "latin1");
    default:
      return ucs2(String(value));
  }
}

/** The only variant of this engine is an nvarchar: its collation and length precede the text. */
function writeVariant(value: SqlValue): Buffer {
  if (value === null) return u32(0);
  const bytes = ucs2(String(value));
  const properties = Buffer.concat([collation, u16(8000)]);
  return Buffer.concat([
    u32(bytes.length + properties.length + 2),
    Buffer.of(token.nVarChar, properties.length),
    properties,
    bytes,
  ]);
}

export interface WireValue {
  readonly type: SqlType;
  readonly value: SqlValue;
}

/** Reads TYPE_INFO and value of an RPC parameter; `position` is only for the error message. */
export function readParameter(reader: ByteReader, position: number): WireValue {
  const id = reader.u8();
  switch (id) {
    case token.tinyInt:
      return { type: types.tinyint, value: reader.u8() };
    case token.bit:
      return { type: types.bit, value: reader.u8() !== 0 };
    case token.smallInt:
      return { type: types.smallint, value: reader.take(2).readInt16LE() };
    case token.int:
      return { type: types.int, value: reader.i32() };
    case token.bigInt:
      return { type: types.bigint, value: reader.take(8).readBigInt64LE() };
    case token.float:
      return { type: types.float, value: reader.take(8).readDoubleLE() };
    case token.dateTime:
      return { type: types.datetime2, value: readDateTime(reader.take(8)) };
    case token.intN:
      return readInteger(reader.u8(), reader.take(reader.u8()));
    case token.bitN:
      reader.u8();
      return readNullable(types.bit, reader.take(reader.u8()), (bytes) => bytes[0] !== 0);
    case token.decimalN:
    case token.numericN:
      reader.u8();
      return readDecimal(decimal(reader.u8(), reader.u8()), reader);
    case token.floatN:
      reader.u8();
      return readNullable(types.float, reader.take(reader.u8()), (bytes) =>
        bytes.length === 4 ? bytes.readFloatLE() : new ByteReader(bytes).take(8).readDoubleLE(),
      );
    case token.guid:
      reader.u8();
      return readNullable(types.guid, reader.take(reader.u8()), (bytes) => bytesToGuid(bytes));
    case token.dateTimeN:
      reader.u8();
      return readNullable(types.datetime2, reader.take(reader.u8()), (bytes) =>
        readDateTime(new ByteReader(bytes).take(8)),
      );
    case token.dateN:
      return readNullable(types.datetime2, reader.take(reader.u8()), (bytes) => BigInt(readDays(bytes)) * ticksPerDay);
    case token.dateTime2N:
      return readDateTime2(reader.u8(), reader.take(reader.u8()), 0);
    case token.dateTimeOffsetN:
      // The offset is only for display: the time itself is UTC.
      return readDateTime2(reader.u8(), reader.take(reader.u8()), 2);
    case token.nVarChar:
    case token.nChar:
      return readText(reader, "utf16le");
    case token.varChar:
    case token.char:
      return readText(reader, "latin1");
    case token.nText:
      return readNText(reader);
    case token.varBinary:
    case token.binary: {
      const size = reader.u16();
      return { type: varbinary(size === maximum ? "max" : size), value: readBytes(reader, size) };
    }
    default:
      throw new SqlError(
        8009,
        `The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. Parameter ${position}: Data type 0x${id.toString(16).toUpperCase()} is unknown.`,
      );
  }
}

function readNullable(type: SqlType, bytes: Buffer, read: (bytes: Buffer) => SqlValue): WireValue {
  return { type, value: bytes.length === 0 ? null : read(bytes) };
}

function readInteger(size: number, bytes: Buffer): WireValue {
  const type = size === 1 ? types.tinyint : size === 2 ? types.smallint : size === 8 ? types.bigint : types.int;
  return readNullable(type, bytes, () => {
    const reader = new ByteReader(bytes);
    if (size === 1) return reader.u8();
    if (size === 2) return reader.take(2).readInt16LE();
    return size === 8 ? reader.take(8).readBigInt64LE() : reader.i32();
  });
}

function readDecimal(type: SqlType, reader: ByteReader): WireValue {
  return readNullable(type, reader.take(reader.u8()), (bytes) => {
    const magnitude = BigInt(`0x0${Buffer.from(bytes.subarray(1)).reverse().toString("hex")}`);
    return bytes[0] === 0 ? -magnitude : magnitude;
  });
}

/** Days since 1900, and time in units of 1/300 s. */
function readDateTime(bytes: Buffer): bigint {
  const days = bytes.readInt32LE(0);
  const ms = Math.round((bytes.readUInt32LE(4) * 1000) / 300);
  return dateToTicks(new Date(Date.UTC(1900, 0, 1 + days) + ms));
}

function readDays(bytes: Buffer): number {
  return new ByteReader(bytes).take(3).readUIntLE(0, 3);
}

function readDateTime2(scale: number, bytes: Buffer, trailing: number): WireValue {
  return readNullable(types.datetime2, bytes, () => {
    const timeBytes = bytes.length - 3 - trailing;
    const reader = new ByteReader(bytes);
    const time = reader.take(Math.min(Math.max(timeBytes, 0), 6));
    const units = time.length === 0 ? 0 : time.readUIntLE(0, time.length);
    return BigInt(units) * 10n ** BigInt(Math.max(7 - scale, 0)) + BigInt(readDays(reader.take(3))) * ticksPerDay;
  });
}

function readText(reader: ByteReader, encoding: "utf16le" | "latin1"): WireValue {
  const size = reader.u16();
  reader.take(collation.length);
  const isWide = encoding === "utf16le";
  const length = size === maximum ? "max" : isWide ? size >> 1 : size;
  const type: SqlType = isWide ? nvarchar(length) : { kind: "varchar", length: length === 0 ? 1 : length };
  return { type, value: readBytes(reader, size)?.toString(encoding) ?? null };
}

function readNText(reader: ByteReader): WireValue {
  reader.u32();
  reader.take(collation.length);
  const length = reader.i32();
  return { type: nvarchar("max"), value: length < 0 ? null : reader.take(length).toString("utf16le") };
}

function readBytes(reader: ByteReader, size: number): Buffer | null {
  if (size !== maximum) {
    const length = reader.u16();
    return length === maximum ? null : reader.take(length);
  }
  const total = reader.u64();
  if (total === 0xffff_ffff_ffff_ffffn) return null;
  const chunks: Buffer[] = [];
  for (let length = reader.u32(); length > 0; length = reader.u32()) chunks.push(reader.take(length));
  return Buffer.concat(chunks);
}
