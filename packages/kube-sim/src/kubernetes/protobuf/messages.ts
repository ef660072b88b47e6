/**
 * Built-in kinds in protobuf, as client-go and kubectl send them and an API server writes them for whoever accepts nothing else: the four
 * bytes `k8s\0` and the message Unknown with the object (k8s.io/apimachinery/pkg/runtime/serializer/protobuf).
 */
import { isObject, type Json, type JsonObject, stringAt } from "azure-sim/json";
import protobuf, { type Type } from "protobufjs";
import { messageOf } from "../../messageOf.ts";
import type { ApiRequest } from "../request.ts";
import { allMessages, type Field, fieldsOf, hasVersion, messageNameOf } from "./fields.ts";

const magic = Buffer.from("k8s\0", "latin1");
const mediaType = "application/vnd.kubernetes.protobuf";

class Undecodable extends Error {
  /** A kind that the API server reads only in JSON, as all custom ones: it answers 415 as for any other format. */
  readonly isForeign: boolean;

  constructor(message: string, { isForeign = false } = {}) {
    super(message);
    this.isForeign = isForeign;
  }
}

/** A request whose body is protobuf, as the same request in JSON, which everything behind it reads. */
export function inJson(request: ApiRequest): ApiRequest {
  if (!request.headers["content-type"]?.startsWith(mediaType)) return request;
  try {
    const headers = { ...request.headers, "content-type": "application/json" };
    return { ...request, headers, body: JSON.stringify(decodeBody(request.bytes)) };
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error;
    return { ...request, body: "", ...(error.isForeign ? {} : { undecodable: error.message }) };
  }
}

export function decodeBody(body: Buffer): JsonObject {
  if (body.length === 0) throw new Undecodable("empty data");
  if (!body.subarray(0, magic.length).equals(magic))
    throw new Undecodable("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  try {
    const whole = decode(body.subarray(magic.length), "unknown");
    const apiVersion = stringAt(whole, "typeMeta", "apiVersion") ?? "";
    const kind = stringAt(whole, "typeMeta", "kind") ?? "";
    const message = messageNameOf(apiVersion, kind);
    if (message === undefined)
      throw new Undecodable(`no kind "${kind}" is registered for version "${apiVersion}"`, {
        isForeign: !hasVersion(apiVersion),
      });
    return { apiVersion, kind, ...decode(Buffer.from(stringAt(whole, "raw") ?? "", "base64"), message) };
  } catch (error) {
    if (error instanceof Undecodable) throw error;
    throw new Undecodable(messageOf(error));
  }
}

/** Undefined for a kind that no API server writes so. */
export function encodeBody(object: JsonObject): Buffer | undefined {
  const [apiVersion, kind] = [stringAt(object, "apiVersion") ?? "", stringAt(object, "kind") ?? ""];
  const message = messageNameOf(apiVersion, kind);
  if (message === undefined) return undefined;
  const raw = encode(object, message).toString("base64");
  // Neither encoded nor of another type.
  const unknown = { typeMeta: { apiVersion, kind }, raw, contentEncoding: "", contentType: "" };
  return Buffer.concat([magic, encode(unknown, "unknown")]);
}

/** An event of a watch, behind its length in four bytes; undefined as above. */
export function encodeEvent(type: string, object: JsonObject): Buffer | undefined {
  const raw = encodeBody(object)?.toString("base64");
  if (raw === undefined) return undefined;
  const event = encode({ type, object: { raw } }, "event");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

const nameOf = (message: string) => message.replace(/\W/g, "_");

/** As protobufjs describes a field: of a list its items', of a map its values' type. */
function described({ type }: Field, id: number): protobuf.IField {
  const item = type.replace(/^(\[\]|\{\})/, "");
  const ofItem = item === "int" ? "int64" : /^(string|bool|double|bytes)$/.test(item) ? item : nameOf(item);
  if (type.startsWith("{}")) return { id, type: ofItem, keyType: "string" } as protobuf.IMapField;
  return { id, type: ofItem, ...(type.startsWith("[]") ? { rule: "repeated" } : {}) };
}

let root: protobuf.Root | undefined;

function typeOf(message: string): Type {
  root ??= protobuf.Root.fromJSON({
    nested: Object.fromEntries(
      allMessages().map((each) => [
        nameOf(each),
        { fields: Object.fromEntries([...fieldsOf(each)].map(([id, field]) => [`f${id}`, described(field, id)])) },
      ]),
    ),
  });
  return root.lookupType(nameOf(message));
}

/** As they are on the wire: `f1` is the first. */
type Fields = { [number: `f${number}`]: unknown };

const encode = (object: JsonObject, message: string) =>
  Buffer.from(typeOf(message).encode(structOf(object, message)).finish());

function decode(bytes: Uint8Array, message: string): JsonObject {
  const type = typeOf(message);
  return structFrom(type.toObject(type.decode(bytes), { longs: Number, bytes: String }), message);
}

function structFrom(fields: Fields, message: string): JsonObject {
  const object: JsonObject = {};
  for (const [number, field] of fieldsOf(message)) {
    const given = fields[`f${number}`];
    if (given === undefined) continue;
    const value = valueFrom(given, field.type);
    if (field.isInline) Object.assign(object, value);
    else if (isKept(value, field)) object[field.name] = value;
  }
  return object;
}

/** Go writes every field that is no pointer, also an empty one, which JSON leaves out. */
function isKept(value: Json, { isPointer, isAlways }: Field): boolean {
  if (value === null) return false;
  if (isPointer || isAlways) return true;
  return typeof value === "object" ? Object.keys(value).length > 0 : Boolean(value);
}

function valueFrom(value: unknown, type: string): Json {
  if (type.startsWith("[]")) return (value as unknown[]).map((item) => valueFrom(item, type.slice(2)));
  if (type.startsWith("{}")) {
    const entries = Object.entries(value as object).map(
      ([key, item]) => [key, valueFrom(item, type.slice(2))] as const,
    );
    return Object.fromEntries(entries);
  }
  if (typeof value !== "object" || value === null) return value as Json;
  const object = structFrom(value as Fields, type);
  if (type.startsWith("items:")) return object["items"] ?? [];
  const form = forms[type];
  return form ? form.read(object) : object;
}

function structOf(object: JsonObject, message: string): Fields {
  const entries = [...fieldsOf(message)].flatMap(([number, { name, type, isInline, isPointer }]) => {
    const value = isInline ? object : (object[name] ?? (isPointer ? undefined : zeroOf(type)));
    return value === undefined ? [] : [[`f${number}`, written(value, type)] as const];
  });
  return Object.fromEntries(entries);
}

/** Go writes what is no pointer, also where nothing is in it. */
function zeroOf(type: string): Json | undefined {
  const zeros: Readonly<Record<string, Json>> = { string: "", int: 0, bool: false, double: 0, quantity: "0" };
  const isMessage = /^(time|microTime)$|^[^[{:]*\//.test(type);
  return zeros[type] ?? (isMessage ? {} : undefined);
}

function written(value: Json, type: string): unknown {
  if (type.startsWith("[]")) return (Array.isArray(value) ? value : []).map((item) => written(item, type.slice(2)));
  if (type.startsWith("{}")) {
    const entries = isObject(value) ? Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)) : [];
    return Object.fromEntries(entries.map(([key, item]) => [key, written(item, type.slice(2))]));
  }
  switch (type) {
    case "string":
      return String(value);
    case "bool":
      return value === true;
    case "int":
    case "double":
      return Number(value);
    case "bytes":
      return Buffer.from(String(value), "base64");
    default: {
      if (type.startsWith("items:")) return structOf({ items: value }, type);
      const fields = forms[type]?.write(value) ?? value;
      return structOf(isObject(fields) ? fields : {}, type);
    }
  }
}

/** A type with a form of its own in JSON: of the message's fields, and into them. */
interface Form {
  readonly read: (fields: JsonObject) => Json;
  readonly write: (value: Json) => JsonObject;
}

/** A list, or something else in its place. */
const listOr: Form = {
  read: ({ schema, items = [] }) => schema ?? items,
  write: (value) => (Array.isArray(value) ? { items: value } : { schema: value }),
};
const timeOf = ({ isExact }: { isExact: boolean }): Form => ({
  // No field at all is Go's zero time.
  read({ seconds, nanos = 0 }) {
    if (seconds === undefined) return null;
    const text = new Date(Number(seconds) * 1000).toISOString().slice(0, -".000Z".length);
    const micros = String(Math.floor(Number(nanos) / 1000)).padStart(6, "0");
    return nanos === 0 && !isExact ? `${text}Z` : `${text}.${micros}Z`;
  },
  write(value) {
    if (typeof value !== "string") return {};
    const fraction = /\.(\d+)Z$/.exec(value)?.[1] ?? "";
    return { seconds: Math.floor(Date.parse(value) / 1000), nanos: Number(fraction.padEnd(9, "0")) };
  },
});

const forms: Readonly<Record<string, Form>> = {
  quantity: { read: ({ text = "0" }) => text, write: (value) => ({ text: String(value) }) },
  /** RawExtension and FieldsV1: JSON in bytes. */
  raw: {
    read: ({ raw }) => (raw === undefined ? null : JSON.parse(Buffer.from(String(raw), "base64").toString("utf8"))),
    write: (value) => ({ raw: Buffer.from(JSON.stringify(value)).toString("base64") }),
  },
  time: timeOf({ isExact: false }),
  microTime: timeOf({ isExact: true }),
  schemaOrArray: listOr,
  schemaOrStrings: listOr,
  schemaOrBool: {
    read: ({ schema, isAllowed = false }) => schema ?? isAllowed,
    write: (value) => ({ isAllowed: value !== false, ...(isObject(value) ? { schema: value } : {}) }),
  },
  intOrString: {
    read: ({ isText = 0, int = 0, text = "" }) => (isText === 1 ? text : int),
    write: (value) =>
      typeof value === "string" ? { isText: 1, int: 0, text: value } : { isText: 0, int: Number(value), text: "" },
  },
};
