/** Texts of a built-in object that Go reads as a value of its own: quantities, times, bytes. */
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import { isMicroTime, isTime } from "../goTime.ts";
import { fieldsOf, messageNameOf } from "../protobuf/fields.ts";
import { readQuantity } from "./quantity.ts";

/** The first that cannot be read. */
export function unreadableValue(object: JsonObject, apiVersion: string, kind: string): string | undefined {
  const message = messageNameOf(apiVersion, kind);
  return message === undefined ? undefined : inStruct(object, message);
}

/** Of a custom object, only the metadata are a Go type. */
export function unreadableMetadata(metadata: JsonObject): string | undefined {
  return inStruct(metadata, "meta/v1.ObjectMeta");
}

function inStruct(object: JsonObject, message: string): string | undefined {
  for (const { name, type, isInline } of fieldsOf(message).values()) {
    const problem = isInline ? inStruct(object, type) : inField(object[name], type);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function inField(value: Json | undefined, type: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (type.startsWith("[]")) return Array.isArray(value) ? first(value, type.slice(2)) : undefined;
  if (type.startsWith("{}")) return isObject(value) ? first(Object.values(value), type.slice(2)) : undefined;
  if (type.includes("/")) return isObject(value) ? inStruct(value, type) : undefined;
  if (type === "quantity" && typeof value === "boolean") return unreadable(value, type);
  return typeof value === "string" && readable[type]?.(value) === false ? unreadable(value, type) : undefined;
}

const unreadable = (value: Json, type: string) => `${JSON.stringify(value)} cannot be read as ${type}`;

function first(values: readonly Json[], type: string): string | undefined {
  for (const value of values) {
    const problem = inField(value, type);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const readable: Readonly<Record<string, (text: string) => boolean>> = {
  quantity: (text) => readQuantity(text) !== undefined,
  time: isTime,
  microTime: isMicroTime,
  bytes: (text) =>
    /^[A-Za-z0-9+/=]*$/.test(text.replaceAll(/[\r\n]/g, "")) && text.replaceAll(/[\r\n]/g, "").length % 4 === 0,
};
