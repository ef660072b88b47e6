/** Texts of a built-in object that Go reads as a value of its own: quantities, times, bytes. */
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import { microTimeProblem, timeProblem } from "../goTime.ts";
import { fieldsOf, messageNameOf } from "../protobuf/fields.ts";
import { readQuantity } from "./quantity.ts";

/** In Go's words, the first that cannot be read. */
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
  if (type === "quantity" && typeof value === "boolean") return readers["quantity"]?.(String(value));
  return typeof value === "string" ? readers[type]?.(value) : undefined;
}

function first(values: readonly Json[], type: string): string | undefined {
  for (const value of values) {
    const problem = inField(value, type);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const readers: Readonly<Record<string, (text: string) => string | undefined>> = {
  quantity: (text) =>
    readQuantity(text) === undefined
      ? "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
      : undefined,
  time: timeProblem,
  microTime: microTimeProblem,
  bytes: (text) => {
    const wrong = /[^A-Za-z0-9+/=\r\n]/.exec(text)?.index;
    const at = wrong ?? (text.replaceAll(/[\r\n]/g, "").length % 4 === 0 ? undefined : text.length);
    return at === undefined ? undefined : `illegal base64 data at input byte ${at}`;
  },
};
