/** The two changes that server-side apply makes to an object: it merges a configuration, and removes the fields that were given up. */
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import { type FieldSet, type Part, type Path, partsOf } from "./fieldSet.ts";
import { fieldSchema, type Schema } from "./schema.ts";

/** The live value overlaid with the configuration; lists and maps are merged part by part where the schema says so. */
function merge(live: Json | undefined, config: Json, schema: Schema | undefined): Json {
  const configParts = partsOf(config, schema);
  if (configParts === undefined || live === undefined) return config;
  if (isObject(config)) {
    if (!isObject(live)) return config;
    return mergeObjects(live, config, schema);
  }
  const liveParts = partsOf(live, schema) ?? [];
  const wanted = new Map(configParts.map((part) => [part.element, part.value]));
  const kept = liveParts.map(({ element, value }) => {
    const change = wanted.get(element);
    return change === undefined ? value : merge(value, change, schema?.items);
  });
  const known = new Set(liveParts.map(({ element }) => element));
  return [...kept, ...configParts.filter(({ element }) => !known.has(element)).map(({ value }) => value)];
}

export function mergeObjects(live: JsonObject, config: JsonObject, schema: Schema | undefined): JsonObject {
  const result = { ...live };
  for (const [field, value] of Object.entries(config)) {
    result[field] = merge(live[field], value, fieldSchema(schema, field));
  }
  return result;
}

/** The object without the given fields, and without containers that become empty, unless someone owns them. */
export function removeFields(
  object: JsonObject,
  fields: FieldSet,
  { schema, isOwned }: { schema: Schema; isOwned: (path: Path) => boolean },
): JsonObject {
  // Shallowest first, because removing a list item also removes the keys by which it is found.
  const paths = fields.paths.sort((left, right) => left.length - right.length);
  let result: Json = object;
  for (const path of paths) {
    for (let length = path.length; length > 0; length -= 1) {
      const current = path.slice(0, length);
      const value = valueAt(result, current, schema);
      const isGivenUp = length === path.length && !isKeyOfItem(path);
      if (value === undefined || isOwned(current) || !(isGivenUp || isEmpty(value))) break;
      result = removeAt(result, current, schema);
    }
  }
  return isObject(result) ? result : object;
}

/** An item that stays because another manager owns part of it keeps its keys. */
function isKeyOfItem(path: Path): boolean {
  const [item, field] = path.slice(-2);
  if (item === undefined || field === undefined || !item.startsWith("k:")) return false;
  const keys: Json = JSON.parse(item.slice(2));
  return isObject(keys) && keys[field.slice(2)] !== undefined;
}

function isEmpty(value: Json): boolean {
  return isObject(value) ? Object.keys(value).length === 0 : Array.isArray(value) && value.length === 0;
}

function valueAt(root: Json, path: Path, schema: Schema): Json | undefined {
  let value: Json | undefined = root;
  let current: Schema | undefined = schema;
  for (const element of path) {
    const part: Part | undefined = partsOf(value ?? null, current)?.find((item) => item.element === element);
    value = part?.value;
    current = part?.schema;
  }
  return value;
}

function removeAt(root: Json, path: Path, schema: Schema | undefined): Json {
  const [element, ...rest] = path;
  if (element === undefined) return root;
  const change = (part: { element: string; value: Json; schema: Schema | undefined }) =>
    rest.length === 0 ? [] : [removeAt(part.value, rest, part.schema)];
  const parts = partsOf(root, schema) ?? [];
  if (Array.isArray(root)) return parts.flatMap((part) => (part.element === element ? change(part) : [part.value]));
  return Object.fromEntries(
    parts.flatMap((part) => {
      const values = part.element === element ? change(part) : [part.value];
      return values.map((value) => [part.element.slice(2), value]);
    }),
  );
}
