/** Types for JSON values, and the few helpers that all parts of the API server need. */
import { isDeepStrictEqual } from "node:util";

export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [field: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of field names, or undefined if any part of the path is missing. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const field of path) {
    if (!isObject(current) || !Object.hasOwn(current, field)) return undefined;
    current = current[field];
  }
  return current;
}

export function stringAt(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function numberAt(value: Json | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

/** The object at a path, or an empty one. */
export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
}

/** The list at a path, or an empty one. */
export function listAt(value: Json | undefined, ...path: readonly string[]): Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The fields of an object that have string values, such as labels. */
export function stringsAt(value: Json | undefined, ...path: readonly string[]): Record<string, string> {
  const strings: Record<string, string> = {};
  for (const [key, text] of Object.entries(objectAt(value, ...path))) if (typeof text === "string") strings[key] = text;
  return strings;
}

/** The order of fields does not matter. */
export function equal(left: Json | undefined, right: Json | undefined): boolean {
  return isDeepStrictEqual(left, right);
}

export function without(object: JsonObject, ...fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}
