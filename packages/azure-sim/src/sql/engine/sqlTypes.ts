/** The engine's types, the JavaScript form of their values, and conversions. */
import { SqlError } from "../errors.ts";
import { asDecimal, commonDecimal, formatDecimal, parseDecimal, rescale } from "./decimal.ts";

export type Kind =
  | "bit"
  | "tinyint"
  | "smallint"
  | "int"
  | "bigint"
  | "decimal"
  | "float"
  | "nvarchar"
  | "varchar"
  | "nchar"
  | "char"
  | "varbinary"
  | "uniqueidentifier"
  | "datetime2"
  | "sql_variant";

export interface SqlType {
  readonly kind: Kind;
  /** In characters for text, in bytes for varbinary. */
  readonly length?: number | "max";
  /** The digits of a decimal, and how many of them are decimal places. */
  readonly precision?: number;
  readonly scale?: number;
}

/**
 * bit: boolean. tinyint to int, float: number. bigint: bigint. decimal: bigint, without the decimal point. Text: string.
 * varbinary: Buffer. uniqueidentifier: the GUID in upper case. datetime2: bigint, in units of 100 ns since 0001-01-01.
 * sql_variant: a string, the only type that this engine puts in one.
 */
export type SqlValue = null | boolean | number | bigint | string | Buffer;

export const types = {
  bit: { kind: "bit" },
  tinyint: { kind: "tinyint" },
  smallint: { kind: "smallint" },
  int: { kind: "int" },
  bigint: { kind: "bigint" },
  float: { kind: "float" },
  sysname: { kind: "nvarchar", length: 128 },
  guid: { kind: "uniqueidentifier" },
  datetime2: { kind: "datetime2" },
  variant: { kind: "sql_variant" },
} as const satisfies Record<string, SqlType>;

/** The type of the word NULL: any other type takes precedence. */
export const untyped: SqlType = { kind: "char", length: 1 };

export function nvarchar(length: number | "max"): SqlType {
  return { kind: "nvarchar", length: length === "max" || length > 4000 ? "max" : Math.max(length, 1) };
}

export function varbinary(length: number | "max"): SqlType {
  return { kind: "varbinary", length: length === "max" || length > 8000 ? "max" : Math.max(length, 1) };
}

export function isText({ kind }: SqlType): boolean {
  return kind === "nvarchar" || kind === "varchar" || kind === "nchar" || kind === "char";
}

export function nameOf({ kind, length, precision, scale }: SqlType): string {
  if (kind === "decimal") return `numeric(${precision},${scale})`;
  return length === undefined ? kind : `${kind}(${length})`;
}

const precedence: readonly Kind[] = [
  "char",
  "varchar",
  "nchar",
  "nvarchar",
  "varbinary",
  "uniqueidentifier",
  "bit",
  "tinyint",
  "smallint",
  "int",
  "bigint",
  "decimal",
  "float",
  "datetime2",
  "sql_variant",
];

/** The common type of two operands; for two texts or two binaries, the longer one. */
export function commonType(left: SqlType, right: SqlType): SqlType {
  const winner = precedence.indexOf(left.kind) >= precedence.indexOf(right.kind) ? left : right;
  if (winner.kind === "decimal" && isExact(left) && isExact(right)) return commonDecimal(left, right);
  if (winner.length === undefined) return winner;
  return { kind: winner.kind, length: longer(left.length, right.length) };
}

function isExact({ kind }: SqlType): boolean {
  return kind === "decimal" || kind === "bit" || kind === "bigint" || kind in ranges;
}

export function longer(left: number | "max" = 1, right: number | "max" = 1): number | "max" {
  return left === "max" || right === "max" ? "max" : Math.max(left, right);
}

const ranges: Partial<Record<Kind, readonly [number, number]>> = {
  tinyint: [0, 255],
  smallint: [-32_768, 32_767],
  int: [-2_147_483_648, 2_147_483_647],
};

const guidPattern = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/i;

/** Used for CAST and every implicit conversion; `style` is the third argument of CONVERT. */
export function convert(value: SqlValue, from: SqlType, to: SqlType, style = 0): SqlValue {
  if (value === null) return null;
  switch (to.kind) {
    case "bit":
      return toNumber(value, from, to) !== 0;
    case "tinyint":
    case "smallint":
    case "int":
      return inRange(Math.trunc(toNumber(value, from, to)), to);
    case "bigint":
      return typeof value === "bigint" && from.kind === "bigint"
        ? value
        : BigInt(Math.trunc(toNumber(value, from, to)));
    case "decimal":
      return toDecimal(value, from, to);
    case "float":
      return toNumber(value, from, to);
    case "nvarchar":
    case "varchar":
    case "nchar":
    case "char":
    case "sql_variant":
      return cut(toText(value, from, to, style), to.length);
    case "varbinary":
      return cutBytes(toBytes(value, from, to, style), to.length);
    case "uniqueidentifier":
      return toGuid(value, from, to);
    case "datetime2":
      return toTicks(value, from, to);
  }
}

function clash(from: SqlType, to: SqlType): SqlError {
  return new SqlError(206, `Operand type clash: ${nameOf(from)} is incompatible with ${nameOf(to)}`);
}

function inRange(value: number, type: SqlType): number {
  const range = ranges[type.kind];
  if (range && (value < range[0] || value > range[1])) {
    throw new SqlError(8115, `Arithmetic overflow error converting expression to data type ${type.kind}.`);
  }
  return value;
}

function toNumber(value: SqlValue, from: SqlType, to: SqlType): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint" && from.kind === "bigint") return Number(value);
  if (typeof value === "bigint" && from.kind === "decimal") return Number(formatDecimal(value, from));
  if (typeof value === "string" && (isText(from) || from.kind === "sql_variant")) {
    const text = value.trim();
    if (to.kind === "bit" && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true" ? 1 : 0;
    const isNumber = to.kind === "float" ? /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) : /^[+-]?\d*$/.test(text);
    if (isNumber) return Number(text);
    throw new SqlError(
      245,
      `Conversion failed when converting the ${from.kind} value '${value}' to data type ${to.kind}.`,
    );
  }
  if (Buffer.isBuffer(value) && value.length <= 4) return value.reduce((sum, byte) => sum * 256 + byte, 0);
  throw clash(from, to);
}

function toDecimal(value: SqlValue, from: SqlType, to: SqlType): bigint {
  if (typeof value === "bigint" && from.kind === "decimal") return rescale(value, from, to);
  if (typeof value === "bigint" && from.kind === "bigint") return rescale(value, asDecimal(from), to);
  if (typeof value === "string") {
    const parsed = parseDecimal(value.trim());
    if (parsed) return rescale(parsed.value, parsed.type, to);
    throw new SqlError(8114, `Error converting data type ${from.kind} to numeric.`);
  }
  const { scale = 0 } = to;
  return rescale(BigInt(toNumber(value, from, to).toFixed(scale).replace(".", "")), { kind: "decimal", scale }, to);
}

function toText(value: SqlValue, from: SqlType, to: SqlType, style: number): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  if (typeof value === "bigint") {
    if (from.kind === "decimal") return formatDecimal(value, from);
    return from.kind === "datetime2" ? formatTicks(value, style) : String(value);
  }
  if (!Buffer.isBuffer(value)) throw clash(from, to);
  if (style === 1) return `0x${value.toString("hex").toUpperCase()}`;
  if (style === 2) return value.toString("hex").toUpperCase();
  return value.toString(to.kind === "nvarchar" || to.kind === "nchar" ? "utf16le" : "latin1");
}

function toBytes(value: SqlValue, from: SqlType, to: SqlType, style: number): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (from.kind === "uniqueidentifier" && typeof value === "string") return guidToBytes(value);
  if (typeof value === "string" && isText(from)) {
    if (style === 1 || style === 2) return hexToBytes(value, style);
    return Buffer.from(value, from.kind === "nvarchar" || from.kind === "nchar" ? "utf16le" : "latin1");
  }
  if (typeof value === "number" && from.kind === "int") {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  }
  throw clash(from, to);
}

function hexToBytes(text: string, style: number): Buffer {
  const digits = style === 1 ? text.replace(/^0x/i, "") : text;
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits) || (style === 1 && !/^0x/i.test(text))) {
    throw new SqlError(8114, "Error converting data type varchar to varbinary.");
  }
  return Buffer.from(digits, "hex");
}

function toGuid(value: SqlValue, from: SqlType, to: SqlType): string {
  if (Buffer.isBuffer(value)) return bytesToGuid(value);
  if (from.kind === "uniqueidentifier" && typeof value === "string") return value;
  if (typeof value !== "string") throw clash(from, to);
  const guid = guidPattern.exec(value.trim())?.[1];
  if (!guid) throw new SqlError(8169, "Conversion failed when converting from a character string to uniqueidentifier.");
  return guid.toUpperCase();
}

/** The first three groups of a uniqueidentifier are little endian, both in storage and on the wire. */
export function guidToBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll("-", ""), "hex");
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]);
}

export function bytesToGuid(bytes: Buffer): string {
  const full = Buffer.alloc(16);
  bytes.copy(full);
  const hex = (start: number, end: number) => full.subarray(start, end).toString("hex");
  const swapped = (start: number, end: number) => Buffer.from(full.subarray(start, end)).reverse().toString("hex");
  return `${swapped(0, 4)}-${swapped(4, 6)}-${swapped(6, 8)}-${hex(8, 10)}-${hex(10, 16)}`.toUpperCase();
}

function toTicks(value: SqlValue, from: SqlType, to: SqlType): bigint {
  if (typeof value === "bigint" && from.kind === "datetime2") return value;
  if (typeof value !== "string") throw clash(from, to);
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,7}))?Z?)?$/.exec(value.trim());
  const [, day, time = "00:00:00", fraction = ""] = match ?? [];
  const date = new Date(`${day}T${time}Z`);
  if (!match || Number.isNaN(date.getTime())) {
    throw new SqlError(241, "Conversion failed when converting date and/or time from character string.");
  }
  return dateToTicks(date) + BigInt(fraction.padEnd(7, "0"));
}

const ticksAt1970 = 621_355_968_000_000_000n;

export function dateToTicks(date: Date): bigint {
  return BigInt(date.getTime()) * 10_000n + ticksAt1970;
}

export function ticksToDate(ticks: bigint): Date {
  return new Date(Number((ticks - ticksAt1970) / 10_000n));
}

function formatTicks(ticks: bigint, style: number): string {
  const date = ticksToDate(ticks);
  const fraction = String(ticks % 10_000_000n).padStart(7, "0");
  const text = `${date.toISOString().slice(0, 19)}.${fraction}`;
  return style === 126 || style === 127 ? text : text.replace("T", " ");
}

function cut(text: string, length: number | "max" | undefined): string {
  return typeof length === "number" ? text.slice(0, length) : text;
}

function cutBytes(bytes: Buffer, length: number | "max" | undefined): Buffer {
  return typeof length === "number" ? bytes.subarray(0, length) : bytes;
}

/** SQL_Latin1_General_CP1_CI_AS, as far as names need it: ignores case and trailing blanks. */
export function fold(text: string): string {
  const folded = text.toUpperCase();
  return folded.endsWith(" ") ? folded.replace(/ +$/, "") : folded;
}

/** Both values have the same type; neither is null. */
export function compare(left: SqlValue, right: SqlValue): number {
  if (typeof left === "string" && typeof right === "string") return order(fold(left), fold(right));
  if (Buffer.isBuffer(left) && Buffer.isBuffer(right)) return Buffer.compare(left, right);
  return order(left ?? 0, right ?? 0);
}

function order<Value extends string | number | bigint | boolean | Buffer>(left: Value, right: Value): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
