/** The tokens of a reply (MS-TDS 2.2.7), with a function for each. */
import { bVarchar, u8, u16, u32, ucs2, usVarchar } from "./bytes.ts";
import type { Row } from "./engine/database.ts";
import type { ReturnedValue } from "./engine/execute.ts";
import type { ResultColumn } from "./engine/query.ts";
import type { SqlError } from "./errors.ts";
import { collation, writeColumnType, writeColumnValue, writeTypeInfo, writeValue } from "./wireTypes.ts";

export const doneStatus = { final: 0, more: 0x01, error: 0x02, count: 0x10, attention: 0x20 } as const;
type DoneKind = "done" | "doneProc" | "doneInProc";
const doneTokens: Record<DoneKind, number> = { done: 0xfd, doneProc: 0xfe, doneInProc: 0xff };
const selectCommand = 0xc1;

export function done(kind: DoneKind, status: number, { count = 0, isSelect = false } = {}): Buffer {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt8(doneTokens[kind], 0);
  bytes.writeUInt16LE(status, 1);
  bytes.writeUInt16LE(isSelect ? selectCommand : 0, 3);
  bytes.writeBigUInt64LE(BigInt(count), 5);
  return bytes;
}

function message(token: number, { number, state, severity, text, server }: MessageFields): Buffer {
  const body = Buffer.concat([
    u32(number),
    Buffer.of(state, severity),
    usVarchar(text),
    bVarchar(server),
    bVarchar(""),
    u32(1),
  ]);
  return Buffer.concat([u8(token), u16(body.length), body]);
}

interface MessageFields {
  readonly number: number;
  readonly state: number;
  readonly severity: number;
  readonly text: string;
  readonly server: string;
}

export function errorToken({ number, state, severity, message: text }: SqlError, server: string): Buffer {
  return message(0xaa, { number, state, severity, text, server });
}

export function infoToken(number: number, text: string, server: string): Buffer {
  return message(0xab, { number, state: 1, severity: 0, text, server });
}

function environmentChange(type: number, values: Buffer): Buffer {
  return Buffer.concat([u8(0xe3), u16(values.length + 1), u8(type), values]);
}

export const environment = {
  database: (name: string) => environmentChange(1, Buffer.concat([bVarchar(name), bVarchar("")])),
  language: (name: string) => environmentChange(2, Buffer.concat([bVarchar(name), bVarchar("")])),
  packetSize: (size: number) => environmentChange(4, Buffer.concat([bVarchar(String(size)), bVarchar("4096")])),
  collation: () => environmentChange(7, Buffer.concat([u8(collation.length), collation, u8(0)])),
  begin: (id: Buffer) => environmentChange(8, Buffer.concat([u8(id.length), id, u8(0)])),
  commit: (id: Buffer) => environmentChange(9, Buffer.concat([u8(0), u8(id.length), id])),
  rollback: (id: Buffer) => environmentChange(10, Buffer.concat([u8(0), u8(id.length), id])),
  reset: () => environmentChange(18, Buffer.of(0, 0)),
};

/** Returns the client's TDS version, big endian; clients abort on a version that they do not know. */
export function loginAck(tdsVersion: number): Buffer {
  const version = Buffer.alloc(4);
  version.writeUInt32BE(tdsVersion);
  const body = Buffer.concat([u8(1), version, bVarchar("Microsoft SQL Server"), Buffer.of(12, 0, 0x07, 0xd0)]);
  return Buffer.concat([u8(0xad), u16(body.length), body]);
}

/** Acknowledges only what was requested; the data for FEDAUTH must be empty, or tedious refuses it. */
export function featureAck({ fedAuth, utf8 }: { fedAuth: boolean; utf8: boolean }): Buffer {
  if (!fedAuth && !utf8) return Buffer.alloc(0);
  const parts = [u8(0xae)];
  if (fedAuth) parts.push(u8(0x02), u32(0));
  if (utf8) parts.push(u8(0x0a), u32(1), u8(1));
  return Buffer.concat([...parts, u8(0xff)]);
}

/** Where an ADAL client gets a token (STS URL) and for what (SPN). Offsets count from the option count. */
export function fedAuthInfo({ stsUrl, spn }: { stsUrl: string; spn: string }): Buffer {
  const options: readonly [number, Buffer][] = [
    [1, ucs2(stsUrl)],
    [2, ucs2(spn)],
  ];
  let offset = 4 + options.length * 9;
  const heads = options.map(([id, data]) => {
    const head = Buffer.concat([u8(id), u32(data.length), u32(offset)]);
    offset += data.length;
    return head;
  });
  const body = Buffer.concat([u32(options.length), ...heads, ...options.map(([, data]) => data)]);
  return Buffer.concat([u8(0xee), u32(body.length), body]);
}

const columnFlag = { nullable: 0x0001, updatableUnknown: 0x0008, identity: 0x0010 } as const;

const unknownTraits = { isNullable: true, isIdentity: false };

export function columnMetadata(columns: readonly ResultColumn[]): Buffer {
  return Buffer.concat([
    u8(0x81),
    u16(columns.length),
    ...columns.flatMap(({ name, type, traits: { isNullable, isIdentity } = unknownTraits }) => [
      u32(0),
      u16(
        columnFlag.updatableUnknown | (isNullable ? columnFlag.nullable : 0) | (isIdentity ? columnFlag.identity : 0),
      ),
      writeColumnType(type, { isNullable }),
      bVarchar(name),
    ]),
  ]);
}

export function row(columns: readonly ResultColumn[], values: Row): Buffer {
  return Buffer.concat([
    u8(0xd1),
    ...columns.map(({ type, traits = unknownTraits }, index) => writeColumnValue(type, values[index] ?? null, traits)),
  ]);
}

export function returnStatus(status: number): Buffer {
  return Buffer.concat([u8(0x79), u32(status)]);
}

/** An output parameter of a procedure (MS-TDS 2.2.7.19). */
export function returnValue({ name, ordinal, type, value }: ReturnedValue): Buffer {
  const isOutputParameter = 0x01;
  return Buffer.concat([
    u8(0xac),
    u16(ordinal),
    bVarchar(name),
    u8(isOutputParameter),
    u32(0),
    u16(0),
    writeTypeInfo(type),
    writeValue(type, value),
  ]);
}
