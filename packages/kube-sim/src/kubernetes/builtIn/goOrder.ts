/** The order in which Go writes a map: by name. */
import { isObject, type Json, type JsonObject } from "azure-sim/json";

/** All of it by name. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const fields = Object.entries(value).map(([field, child]) => [field, sorted(child)] as const);
  return byName(Object.fromEntries(fields));
}

function byName(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
