/**
 * A request's body in protobuf, as client-go and kubectl send those of built-in kinds, as the JSON that they would have sent:
 * the four bytes `k8s\0` and the message Unknown with the object (k8s.io/apimachinery/pkg/runtime/serializer/protobuf).
 */

import protobuf, { type Reader } from "protobufjs";
import { messageOf } from "../../../../../src/domain/messageOf.ts";
import type { Json, JsonObject } from "../json.ts";
import { type Field, fieldsOf, hasVersion, messageNameOf } from "./fields.ts";

const magic = Buffer.from("k8s\0", "latin1");

export class Undecodable extends Error {
  /** A kind that the API server reads only in JSON, as all custom ones: it answers 415 as for any other format. */
  readonly isForeign: boolean;

  constructor(message: string, { isForeign = false } = {}) {
    super(message);
    this.isForeign = isForeign;
  }
}

export function decodeBody(body: Buffer): JsonObject {
  if (body.length === 0) throw new Undecodable("empty data");
  if (!body.subarray(0, magic.length).equals(magic))
    throw new Undecodable("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  try {
    const { apiVersion, kind, raw } = readUnknown(protobuf.Reader.create(body.subarray(magic.length)));
    const message = messageNameOf(apiVersion, kind);
    if (message === undefined)
      throw new Undecodable(`no kind "${kind}" is registered for version "${apiVersion}"`, {
        isForeign: !hasVersion(apiVersion),
      });
    return { apiVersion, kind, ...readMessage(protobuf.Reader.create(raw), message) };
  } catch (error) {
    if (error instanceof Undecodable) throw error;
    throw new Undecodable(messageOf(error));
  }
}

function readUnknown(reader: Reader): { apiVersion: string; kind: string; raw: Uint8Array } {
  const found: { apiVersion: string; kind: string; raw: Uint8Array } = {
    apiVersion: "",
    kind: "",
    raw: Buffer.alloc(0),
  };
  eachField(reader, (number) => {
    if (number === 2) found.raw = reader.bytes();
    else if (number === 1)
      eachField(nested(reader), (inner, own) => {
        if (inner === 1) found.apiVersion = own.string();
        else if (inner === 2) found.kind = own.string();
        else return false;
        return true;
      });
    else return false;
    return true;
  });
  return found;
}

function readMessage(reader: Reader, message: string): JsonObject {
  const fields = fieldsOf(message);
  const object: Record<string, Json> = {};
  eachField(reader, (number) => {
    const field = fields.get(number);
    if (!field) return false;
    add(object, field, reader);
    return true;
  });
  return object;
}

function add(object: Record<string, Json>, field: Field, reader: Reader): void {
  const { name, type } = field;
  if (field.isInline) Object.assign(object, readMessage(nested(reader), type));
  else if (type.startsWith("[]")) {
    const list = object[name];
    const item = readValue(reader, type.slice(2));
    object[name] = Array.isArray(list) ? [...list, item] : [item];
  } else if (type.startsWith("{}"))
    object[name] = { ...asObject(object[name]), ...readEntry(nested(reader), type.slice(2)) };
  else {
    const value = readValue(reader, type);
    if (isKept(value, field)) object[name] = value;
  }
}

const asObject = (value: Json | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** Go writes every field that is no pointer, also an empty one, which JSON leaves out. */
function isKept(value: Json, { isPointer, isAlways }: Field): boolean {
  if (value === null) return false;
  if (isPointer) return true;
  const isEmpty = value === "" || value === 0 || value === false;
  const hasNothing = typeof value === "object" && Object.keys(value).length === 0;
  return hasNothing ? isAlways : !isEmpty || isAlways;
}

function readEntry(reader: Reader, type: string): JsonObject {
  let key = "";
  let value: Json | undefined;
  eachField(reader, (number) => {
    if (number === 1) key = reader.string();
    else if (number === 2) value = readValue(reader, type);
    else return false;
    return true;
  });
  return { [key]: value ?? emptyOf(type) };
}

const emptyOf = (type: string): Json => (type === "int" || type === "double" ? 0 : type.startsWith("[]") ? [] : "");

function readValue(reader: Reader, type: string): Json {
  const read = scalars[type];
  if (read) return read(reader);
  if (type.startsWith("items:")) return readItems(nested(reader), type.slice("items:[]".length));
  if (type.startsWith("unknown:"))
    throw new Undecodable(`the sandbox does not read ${type.slice("unknown:".length)} in protobuf`);
  return readMessage(nested(reader), type);
}

const scalars: Readonly<Record<string, (reader: Reader) => Json>> = {
  string: (reader) => reader.string(),
  bool: (reader) => reader.bool(),
  double: (reader) => reader.double(),
  int: readInteger,
  bytes: (reader) => Buffer.from(reader.bytes()).toString("base64"),
  quantity: (reader) => readOnly(nested(reader), (inner) => inner.string(), "0"),
  /** RawExtension and FieldsV1: JSON in bytes. */
  raw: (reader) => readOnly(nested(reader), (inner) => JSON.parse(Buffer.from(inner.bytes()).toString("utf8")), null),
  duration: (reader) => readOnly(nested(reader), (inner) => `${readInteger(inner) / 1e9}s`, "0s"),
  time: (reader) => readTime(reader, { isExact: false }),
  microTime: (reader) => readTime(reader, { isExact: true }),
  schemaOrArray: (reader) => readSchemaOr(reader, (inner) => readValue(inner, schemaMessage), { isList: true }),
  schemaOrBool: (reader) => readSchemaOr(reader, undefined, { boolNumber: 1 }),
  schemaOrStrings: (reader) => readSchemaOr(reader, (inner) => inner.string(), { isList: true }),
  intOrString: readIntOrString,
};

function readInteger(reader: Reader): number {
  return Number(String(reader.int64()));
}

function readItems(reader: Reader, type: string): Json {
  const items: Json[] = [];
  eachField(reader, (number) => {
    if (number !== 1) return false;
    items.push(readValue(reader, type));
    return true;
  });
  return items;
}

/** A message whose first field is all that it has. */
function readOnly(reader: Reader, read: (reader: Reader) => Json, empty: Json): Json {
  let value = empty;
  eachField(reader, (number) => {
    if (number !== 1) return false;
    value = read(reader);
    return true;
  });
  return value;
}

const schemaMessage = "apiextensions/v1.JSONSchemaProps";

/** A schema, or instead of it a list or a boolean (JSONSchemaPropsOr… of apiextensions). */
function readSchemaOr(
  reader: Reader,
  readItem: ((reader: Reader) => Json) | undefined,
  { isList = false, boolNumber = 0 }: { isList?: boolean; boolNumber?: number },
): Json {
  const schemaNumber = boolNumber === 1 ? 2 : 1;
  const items: Json[] = [];
  let schema: Json | undefined;
  let isAllowed = false;
  const inner = nested(reader);
  eachField(inner, (number) => {
    if (number === schemaNumber) schema = readValue(inner, schemaMessage);
    else if (number === boolNumber) isAllowed = inner.bool();
    else if (readItem) items.push(readItem(inner));
    else return false;
    return true;
  });
  return schema ?? (isList ? items : isAllowed);
}

/** Seconds and nanoseconds; no field at all is Go's zero time, which is null in JSON. */
function readTime(reader: Reader, { isExact }: { isExact: boolean }): Json {
  let seconds: number | undefined;
  let nanos = 0;
  const inner = nested(reader);
  eachField(inner, (number) => {
    if (number === 1) seconds = readInteger(inner);
    else if (number === 2) nanos = inner.int32();
    else return false;
    return true;
  });
  if (seconds === undefined) return null;
  const text = new Date(seconds * 1000).toISOString().slice(0, -".000Z".length);
  return nanos === 0 && !isExact ? `${text}Z` : `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

function readIntOrString(reader: Reader): Json {
  let isText = false;
  let int = 0;
  let text = "";
  const inner = nested(reader);
  eachField(inner, (number) => {
    if (number === 1) isText = inner.int32() === 1;
    else if (number === 2) int = inner.int32();
    else if (number === 3) text = inner.string();
    else return false;
    return true;
  });
  return isText ? text : int;
}

const nested = (reader: Reader): Reader => protobuf.Reader.create(reader.bytes());

/** `read` says whether it has read the field; any other is skipped, as Go does. */
function eachField(reader: Reader, read: (number: number, reader: Reader) => boolean): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!read(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
}
