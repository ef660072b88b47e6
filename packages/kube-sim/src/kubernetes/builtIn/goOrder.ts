/** The order in which Go writes an object: the fields of a struct as they are declared, those of a map by name. */
import { equal, isObject, type Json, type JsonObject } from "../json.ts";
import { fieldsOf, messageNameOf } from "../protobuf/fields.ts";
import { apiVersionOf, type Resource } from "../resource.ts";

/** What a patch has made of an object: a map where the patch has been, a struct where it has not. */
export function patchedText(resource: Resource, live: JsonObject, result: Json): string {
  const message = resource.isCustom ? undefined : messageNameOf(apiVersionOf(resource), resource.kind);
  return JSON.stringify(inOrder(live, result, message));
}

function inOrder(before: Json | undefined, after: Json, type: string | undefined): Json {
  if (equal(before, after)) return asDeclared(after, type);
  if (!isObject(after)) return after;
  const entries = Object.entries(after).map(([name, child]) => {
    const old = isObject(before) ? before[name] : undefined;
    return [name, old === undefined ? child : inOrder(old, child, typeOf(type, name))] as const;
  });
  return byName(Object.fromEntries(entries));
}

function asDeclared(value: Json, type: string | undefined): Json {
  if (Array.isArray(value)) return value.map((item) => asDeclared(item, type?.replace(/^\[\]/, "")));
  if (!isObject(value)) return value;
  const message = messageIn(type);
  const fields = message === undefined ? [] : namesOf(message);
  const place = (name: string) => (fields.includes(name) ? fields.indexOf(name) : fields.length);
  // What is no struct is a map.
  const typeBelow = (name: string) => (message === undefined ? type?.slice(2) : typeOf(message, name));
  const children = Object.entries(value).map(([name, child]) => [name, asDeclared(child, typeBelow(name))] as const);
  const sorted = Object.entries(byName(Object.fromEntries(children)));
  return Object.fromEntries(sorted.toSorted(([left], [right]) => place(left) - place(right)));
}

/** The struct that a type is, unless it is a list, a map, or a value. */
function messageIn(type: string | undefined): string | undefined {
  return type?.includes("/") && !/^(\[\]|\{\})/.test(type) ? type : undefined;
}

/** Kind and version come first; what is inline stands where it is declared. */
function namesOf(message: string): string[] {
  const own = [...fieldsOf(message).values()].flatMap(({ name, type, isInline }) =>
    isInline ? namesOf(type) : [name],
  );
  return own.includes("apiVersion") ? own : ["kind", "apiVersion", ...own];
}

function typeOf(given: string | undefined, name: string): string | undefined {
  const message = messageIn(given);
  if (message === undefined) return undefined;
  for (const field of fieldsOf(message).values()) {
    const type = field.isInline ? typeOf(field.type, name) : field.name === name ? field.type : undefined;
    if (type !== undefined) return type;
  }
  return undefined;
}

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
