/** An object in protobuf, as a real API server writes it for whoever accepts nothing else (see decode.ts). */
import protobuf, { type Writer } from "protobufjs";
import { isObject, type Json, type JsonObject, stringAt } from "../json.ts";
import { type Field, fieldsOf, messageNameOf } from "./fields.ts";

const magic = Buffer.from("k8s\0", "latin1");

/** Undefined for a kind that no API server writes so. */
export function encodeBody(object: JsonObject): Buffer | undefined {
  const [apiVersion, kind] = [stringAt(object, "apiVersion") ?? "", stringAt(object, "kind") ?? ""];
  const message = messageNameOf(apiVersion, kind);
  if (message === undefined) return undefined;
  const type = protobuf.Writer.create();
  text(type, 1, apiVersion);
  text(type, 2, kind);
  const whole = protobuf.Writer.create();
  nested(whole, 1, type);
  nested(whole, 2, messageFor(object, message));
  // Neither encoded nor of another type.
  text(whole, 3, "");
  text(whole, 4, "");
  return Buffer.concat([magic, whole.finish()]);
}

/** An event of a watch, behind its length in four bytes; undefined as above. */
export function encodeEvent(type: string, object: JsonObject): Buffer | undefined {
  const body = encodeBody(object);
  if (body === undefined) return undefined;
  const event = protobuf.Writer.create();
  text(event, 1, type);
  nested(event, 2, protobuf.Writer.create().uint32(tag(1, 2)).bytes(body));
  const bytes = Buffer.from(event.finish());
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const tag = (number: number, wire: number) => (number << 3) | wire;
const text = (writer: Writer, number: number, value: string) => writer.uint32(tag(number, 2)).string(value);
const nested = (writer: Writer, number: number, inner: Writer) => writer.uint32(tag(number, 2)).bytes(inner.finish());

function messageFor(object: JsonObject, message: string): Writer {
  const writer = protobuf.Writer.create();
  const fields = [...fieldsOf(message)].toSorted(([left], [right]) => left - right);
  for (const [number, field] of fields) {
    const value = field.isInline ? object : (object[field.name] ?? undefined);
    writeField(writer, number, field, value);
  }
  return writer;
}

function writeField(writer: Writer, number: number, { type, isPointer }: Field, value: Json | undefined): void {
  if (type.startsWith("[]")) {
    for (const item of Array.isArray(value) ? value : []) writeValue(writer, number, type.slice(2), item);
  } else if (type.startsWith("{}")) {
    const entries = isObject(value) ? Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)) : [];
    for (const [key, item] of entries) {
      const entry = protobuf.Writer.create();
      text(entry, 1, key);
      writeValue(entry, 2, type.slice(2), item);
      nested(writer, number, entry);
    }
  } else if (value !== undefined) writeValue(writer, number, type, value);
  else if (!isPointer) writeZero(writer, number, type);
}

/** Go writes what is no pointer, also where nothing is in it. */
function writeZero(writer: Writer, number: number, type: string): void {
  const zeros: Readonly<Record<string, Json>> = { string: "", int: 0, bool: false, double: 0, quantity: "0" };
  const zero = zeros[type];
  if (zero !== undefined) writeValue(writer, number, type, zero);
  else if (type === "time" || type === "microTime" || type.includes("/")) writeValue(writer, number, type, {});
}

function writeValue(writer: Writer, number: number, type: string, value: Json): void {
  switch (type) {
    case "string":
      text(writer, number, String(value));
      return;
    case "bool":
      writer.uint32(tag(number, 0)).bool(value === true);
      return;
    case "int":
      writer.uint32(tag(number, 0)).int64(Number(value));
      return;
    case "double":
      writer.uint32(tag(number, 1)).double(Number(value));
      return;
    case "bytes":
      writer.uint32(tag(number, 2)).bytes(Buffer.from(String(value), "base64"));
      return;
    default:
      // A list with a name is a message with one field.
      if (type.startsWith("items:")) {
        const inner = protobuf.Writer.create();
        writeField(inner, 1, { ...anonymous, type: type.slice("items:".length) }, value);
        nested(writer, number, inner);
        return;
      }
      nested(writer, number, (special[type] ?? ((given: Json) => structOf(given, type)))(value));
  }
}

const anonymous: Omit<Field, "type"> = { name: "", isInline: false, isPointer: true, isAlways: false };

const structOf = (value: Json, type: string) => messageFor(isObject(value) ? value : {}, type);

const special: Readonly<Record<string, (value: Json) => Writer>> = {
  quantity: (value) => text(protobuf.Writer.create(), 1, String(value)),
  raw: (value) =>
    protobuf.Writer.create()
      .uint32(tag(1, 2))
      .bytes(Buffer.from(JSON.stringify(value))),
  time: timeOf,
  microTime: timeOf,
  schemaOrArray: (value) => schemaOr(value, (writer, item) => writeValue(writer, 2, schemaMessage, item)),
  schemaOrStrings: (value) => schemaOr(value, (writer, item) => text(writer, 2, String(item))),
  schemaOrBool: (value) => {
    const writer = protobuf.Writer.create()
      .uint32(tag(1, 0))
      .bool(value !== false);
    if (isObject(value)) writeValue(writer, 2, schemaMessage, value);
    return writer;
  },
  intOrString: (value) => {
    const writer = protobuf.Writer.create();
    const isText = typeof value === "string";
    writer.uint32(tag(1, 0)).int32(isText ? 1 : 0);
    writer.uint32(tag(2, 0)).int32(isText ? 0 : Number(value));
    return text(writer, 3, isText ? value : "");
  },
};

const schemaMessage = "apiextensions/v1.JSONSchemaProps";

/** A schema, or a list in its place. */
function schemaOr(value: Json, writeItem: (writer: Writer, item: Json) => void): Writer {
  const writer = protobuf.Writer.create();
  if (Array.isArray(value)) for (const item of value) writeItem(writer, item);
  else writeValue(writer, 1, schemaMessage, value);
  return writer;
}

/** No field at all for no time. */
function timeOf(value: Json): Writer {
  const writer = protobuf.Writer.create();
  if (typeof value !== "string") return writer;
  const milliseconds = Date.parse(value);
  const fraction = /\.(\d+)Z$/.exec(value)?.[1] ?? "";
  writer.uint32(tag(1, 0)).int64(Math.floor(milliseconds / 1000));
  writer.uint32(tag(2, 0)).int32(Number(fraction.padEnd(9, "0")));
  return writer;
}
