/**
 * Sets of field paths. Server-side apply uses them for who owns which fields, and for what a write changed.
 *
 * A path is a list of elements in the notation of metadata.managedFields: `f:name` is a field, `k:{"name":"app"}` is an item
 * of a list that is merged by keys, `v:"a"` is an item of a list that is a set. A path that is a member of a FieldSet may
 * have other members below it: `.` in fieldsV1. kubernetes.io "Server-Side Apply"; FieldsV1 in the API reference.
 */
import { equal, isObject, type Json, type JsonObject } from "azure-sim/json";
import { fieldSchema, type Schema } from "./schema.ts";

export type Path = readonly string[];

/** Immutable. */
export class FieldSet {
  // The key is the path as text, joined with NUL: JSON strings in `k:` and `v:` never contain one.
  readonly #paths: ReadonlyMap<string, Path>;

  constructor(paths: Iterable<Path> = []) {
    this.#paths = new Map([...paths].map((path) => [path.join("\0"), path]));
  }

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  get paths(): Path[] {
    return [...this.#paths.values()];
  }

  has(path: Path): boolean {
    return this.#paths.has(path.join("\0"));
  }

  union(other: FieldSet): FieldSet {
    return new FieldSet([...this.paths, ...other.paths]);
  }

  intersection(other: FieldSet): FieldSet {
    return new FieldSet(this.paths.filter((path) => other.has(path)));
  }

  difference(other: FieldSet): FieldSet {
    return new FieldSet(this.paths.filter((path) => !other.has(path)));
  }

  /** Whether a member lies at or below the path. */
  reaches(path: Path): boolean {
    return this.paths.some((member) => path.every((element, index) => member[index] === element));
  }

  toJson(): JsonObject {
    const root: JsonObject = {};
    for (const path of this.paths) {
      let node = root;
      for (const element of path) {
        const next = node[element];
        const child = isObject(next) ? next : {};
        node[element] = child;
        node = child;
      }
      node["."] = {};
    }
    return tidy(root);
  }

  static fromJson(json: JsonObject): FieldSet {
    return new FieldSet(membersOf(json, []));
  }
}

/** `{".": {}}` is written `{}`: a member with nothing below it. */
function tidy(node: JsonObject): JsonObject {
  const entries = Object.entries(node).toSorted(([left], [right]) => (left < right ? -1 : 1));
  if (entries.length === 1 && entries[0]?.[0] === ".") return {};
  return Object.fromEntries(entries.map(([key, child]) => [key, isObject(child) && key !== "." ? tidy(child) : child]));
}

function membersOf(node: JsonObject, path: Path): Path[] {
  const entries = Object.entries(node);
  if (entries.length === 0) return path.length === 0 ? [] : [path];
  return entries.flatMap(([element, child]) => {
    if (element === ".") return [path];
    return isObject(child) ? membersOf(child, [...path, element]) : [];
  });
}

/** A part of a container: a field or an item, by its path element. */
export interface Part {
  readonly element: string;
  readonly value: Json;
  readonly schema: Schema | undefined;
  /** A declared field only leads to its contents; entries of maps and items of lists can be owned themselves. */
  readonly isDeclared: boolean;
}

/** The parts of a value that is merged part by part; undefined if it is replaced as a whole: a scalar, or atomic. */
export function partsOf(value: Json, schema: Schema | undefined): Part[] | undefined {
  if (isObject(value)) {
    if (schema?.["x-kubernetes-map-type"] === "atomic") return undefined;
    return Object.entries(value).map(([field, child]) => ({
      element: `f:${field}`,
      value: child,
      schema: fieldSchema(schema, field),
      isDeclared: schema?.properties?.[field] !== undefined,
    }));
  }
  if (!Array.isArray(value)) return undefined;
  if (schema?.["x-kubernetes-list-type"] === "map") {
    const element = (item: Json) => `k:${JSON.stringify(keysOf(item, schema))}`;
    return value.map((item) => ({ element: element(item), value: item, schema: schema.items, isDeclared: false }));
  }
  if (schema?.["x-kubernetes-list-type"] === "set") {
    const element = (item: Json) => `v:${JSON.stringify(item)}`;
    return value.map((item) => ({ element: element(item), value: item, schema: schema.items, isDeclared: false }));
  }
  return undefined;
}

/** Items with the same keys are one part, which is replaced as a whole. */
function distinctParts(value: Json, schema: Schema | undefined): Part[] | undefined {
  const parts = partsOf(value, schema);
  if (parts === undefined || !Array.isArray(value)) return parts;
  const byElement = Map.groupBy(parts, ({ element }) => element);
  if (byElement.size === parts.length) return parts;
  return [...byElement.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined || same.length === 1) return same;
    return [{ ...first, value: same.map((part) => part.value), schema: undefined }];
  });
}

/** The merge keys of an item, sorted; a missing key has its default (a port's protocol is TCP). */
function keysOf(item: Json, schema: Schema): JsonObject {
  const keys: JsonObject = {};
  for (const key of [...(schema["x-kubernetes-list-map-keys"] ?? [])].sort()) {
    const value = (isObject(item) ? item[key] : undefined) ?? schema.items?.properties?.[key]?.default;
    if (value !== undefined) keys[key] = value;
  }
  return keys;
}

/** The fields that an applier of this configuration wants to own. */
export function fieldsOf(value: Json, schema: Schema | undefined, path: Path = []): FieldSet {
  return new FieldSet(ownable(value, schema, path));
}

function ownable(value: Json, schema: Schema | undefined, path: Path): Path[] {
  const parts = distinctParts(value, schema);
  if (parts === undefined || parts.length === 0) return path.length === 0 ? [] : [path];
  return parts.flatMap((part) => {
    const partPath = [...path, part.element];
    const below = ownable(part.value, part.schema, partPath);
    return part.isDeclared ? below : [partPath, ...below];
  });
}

export interface Difference {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

export function compare(before: Json, after: Json, schema: Schema | undefined): Difference {
  const added: Path[] = [];
  const modified: Path[] = [];
  const removed: Path[] = [];

  function walk(old: Json | undefined, next: Json | undefined, schema: Schema | undefined, path: Path) {
    if (equal(old, next)) return;
    const oldParts = old === undefined ? undefined : old === null ? [] : distinctParts(old, schema);
    const nextParts = next === undefined ? undefined : distinctParts(next, schema);
    const isWhole = (old !== undefined && oldParts === undefined) || (next !== undefined && nextParts === undefined);
    if (isWhole && old !== undefined && next !== undefined) {
      modified.push(path);
      return;
    }
    // The creator of a container also owns the container itself (`.`). Go's structs are there from the beginning.
    if (old === undefined) added.push(path);
    if (next === undefined) removed.push(path);
    const sides = new Map<string, { old?: Json; next?: Json; schema: Schema | undefined }>();
    for (const part of oldParts ?? []) sides.set(part.element, { old: part.value, schema: part.schema });
    for (const part of nextParts ?? []) {
      sides.set(part.element, { ...sides.get(part.element), next: part.value, schema: part.schema });
    }
    for (const [element, side] of sides) walk(side.old, side.next, side.schema, [...path, element]);
  }

  walk(before, after, schema, []);
  const atRoot = (path: Path) => path.length > 0;
  return {
    added: new FieldSet(added.filter(atRoot)),
    modified: new FieldSet(modified.filter(atRoot)),
    removed: new FieldSet(removed.filter(atRoot)),
  };
}

/** `.spec.containers[name="app"].image`, as conflict messages name a field. */
export function printPath(path: Path): string {
  return path
    .map((element) => {
      if (element.startsWith("f:")) return `.${element.slice(2)}`;
      if (element.startsWith("v:")) return `[=${element.slice(2)}]`;
      const keys: Json = JSON.parse(element.slice(2));
      const pairs = isObject(keys) ? Object.entries(keys) : [];
      return `[${pairs.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}
