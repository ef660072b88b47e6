/**
 * A built-in object as Go reads and writes it, so that what is stored is what a real API server stores: null is as good as absent, an
 * empty field disappears where its tag says so, a struct is always there, and each type has its defaults.
 */
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import { type Field, fieldsOf, messageNameOf } from "../protobuf/fields.ts";
import { standard } from "../standard.ts";
import { goDefaults } from "./goDefaults.ts";
import { canonicalQuantity } from "./quantity.ts";

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

export function inGoForm(object: JsonObject, { apiVersion, kind }: Kind): JsonObject {
  const message = messageNameOf(apiVersion, kind);
  if (message === undefined) return withoutNulls(object);
  return { apiVersion, kind, ...struct(object, message) };
}

/** What Go has before anything is set: its structs, and nothing in them. */
export function zeroObject({ apiVersion, kind }: Kind): JsonObject {
  const message = messageNameOf(apiVersion, kind);
  return message === undefined ? {} : zeroStruct(message);
}

function zeroStruct(message: string): JsonObject {
  return Object.fromEntries(
    [...fieldsOf(message).values()].flatMap(({ name, type, isPointer, isAlways }) => {
      if (!isPointer && isStruct(type)) return [[name, zeroStruct(type)] as const];
      const isTime = !isPointer && (type === "time" || type === "microTime") && name !== "creationTimestamp";
      if (isTime) return [[name, null] as const];
      return isAlways ? [[name, isPointer ? null : (zeroOf(name, type, isAlways) ?? null)] as const] : [];
    }),
  );
}

/** The metadata of custom objects, which alone of them are a Go type. */
export function metadataInGoForm(metadata: JsonObject): JsonObject {
  return struct(metadata, "meta/v1.ObjectMeta");
}

function struct(object: JsonObject, message: string): JsonObject {
  const defaulted = goDefaults[message]?.(object) ?? object;
  const result: JsonObject = {};
  const known = new Set<string>();
  for (const field of fieldsOf(message).values()) {
    if (field.isInline) {
      const inner = struct(defaulted, field.type);
      for (const { name } of fieldsOf(field.type).values()) {
        known.add(name);
        if (inner[name] !== undefined) result[name] = inner[name];
      }
      continue;
    }
    known.add(field.name);
    const given = defaulted[field.name] ?? undefined;
    const isAbsent = field.isPointer || typeof given === "object" ? given === undefined : !given;
    const value = fieldValue(isAbsent ? (standard.defaults[message]?.[field.name] ?? given) : given, field);
    if (value !== undefined) result[field.name] = value;
  }
  // What the table does not know is left as it is; what no schema declares has been refused or dropped before.
  for (const [name, value] of Object.entries(defaulted)) if (!known.has(name) && value !== null) result[name] = value;
  return result;
}

function fieldValue(given: Json | undefined, { name, type, isPointer, isAlways }: Field): Json | undefined {
  if (given === undefined) return isPointer ? (isAlways ? null : undefined) : zeroOf(name, type, isAlways);
  const value = convert(given, type);
  if (isPointer || isAlways || isStruct(type)) return value;
  return isEmpty(value) ? undefined : value;
}

/** What Go writes for a field that nobody has set. */
function zeroOf(name: string, type: string, isAlways: boolean): Json | undefined {
  if (isStruct(type)) return struct({}, type);
  // Every other time is written as null; only this one has the option to be left out.
  if (type === "time" || type === "microTime") return name === "creationTimestamp" ? undefined : null;
  if (!isAlways) return undefined;
  if (type === "string") return "";
  if (type === "int" || type === "double") return 0;
  if (type === "bool") return false;
  if (type === "bytes" && name === "") return "";
  return type === "quantity" ? "0" : null;
}

function convert(value: Json, type: string): Json {
  if (type.startsWith("[]"))
    return Array.isArray(value) ? value.map((item) => convertItem(item, type.slice(2))) : value;
  if (type.startsWith("{}")) {
    if (!isObject(value)) return value;
    const entries = Object.entries(value).map(([key, item]) => [key, convertItem(item, type.slice(2))] as const);
    return Object.fromEntries(entries);
  }
  if (type === "quantity") {
    return typeof value === "string" || typeof value === "number" ? canonicalQuantity(value) : value;
  }
  return isStruct(type) && isObject(value) ? struct(value, type) : value;
}

/** Null in a list or map is the zero value of its items. */
function convertItem(value: Json, type: string): Json {
  return value === null ? (zeroOf("", type, true) ?? null) : convert(value, type);
}

function isStruct(type: string): boolean {
  return type.includes("/") && !/^(\[\]|\{\}|items:|unknown:)/.test(type);
}

function isEmpty(value: Json): boolean {
  if (typeof value !== "object" || value === null) return value === "" || value === 0 || value === false;
  return Object.keys(value).length === 0;
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
