/** The three patch types other than apply: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386) and strategic merge. */

import { ApiFailure, badRequest } from "./failures.ts";
import { equal, isObject, type Json, type JsonObject, listAt, stringAt } from "./json.ts";
import type { Resource } from "./resource.ts";
import { fieldSchema, type Schema } from "./schema.ts";

/** Throws for a patch that is no object. */
export function mergeObject(target: Json, patch: Json): Json {
  if (isObject(patch)) return mergePatch(target, patch);
  const what = Array.isArray(patch) ? "array" : patch === null ? "null" : typeof patch;
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
  );
}

export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = mergePatch(result[field], value);
  }
  return result;
}

/** kubernetes/community "Strategic Merge Patch": lists with a merge key are merged by its first key. */
export function strategicMergePatch(target: Json | undefined, patch: Json, schema: Schema | undefined): Json {
  if (Array.isArray(patch)) return mergeLists(Array.isArray(target) ? target : [], patch, schema);
  if (!isObject(patch)) return patch;
  if (patch["$patch"] === "replace") return withoutDirectives(patch);
  if (patch["$patch"] === "delete") return {};
  const result: JsonObject = isObject(target) ? { ...target } : {};
  const retained = patch["$retainKeys"];
  if (Array.isArray(retained))
    for (const field of Object.keys(result)) if (!retained.includes(field)) delete result[field];
  for (const [field, value] of Object.entries(patch)) {
    const deleted = /^\$deleteFromPrimitiveList\/(.+)$/.exec(field)?.[1];
    if (deleted !== undefined) {
      result[deleted] = listAt(result, deleted).filter((item) => !listAt(patch, field).includes(item));
    } else if (field.startsWith("$")) {
      // $setElementOrder is ignored: the order that results from merging is good enough here.
    } else if (value === null) delete result[field];
    else result[field] = strategicMergePatch(result[field], value, fieldSchema(schema, field));
  }
  return result;
}

function mergeLists(target: Json[], patch: Json[], schema: Schema | undefined): Json[] {
  if (schema?.["x-kubernetes-list-type"] === "set")
    return [...target, ...patch.filter((item) => !target.includes(item))];
  const key = schema?.["x-kubernetes-list-map-keys"]?.[0];
  const isReplaced = patch.some((item) => isObject(item) && item["$patch"] === "replace");
  if (key === undefined || isReplaced) return patch.filter((item) => !isObject(item) || item["$patch"] === undefined);
  let result = target;
  for (const item of patch) {
    const isSame = (other: Json) => isObject(other) && isObject(item) && equal(other[key], item[key]);
    if (isObject(item) && item["$patch"] === "delete") result = result.filter((other) => !isSame(other));
    else if (result.some(isSame)) {
      result = result.map((other) => (isSame(other) ? strategicMergePatch(other, item, schema?.items) : other));
    } else result = [...result, withoutDirectives(item)];
  }
  return result;
}

function withoutDirectives(value: Json): Json {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([field]) => !field.startsWith("$")));
}

export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations))
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  return operations.reduce<Json>((current, operation) => applyOperation(current, operation), target);
}

function applyOperation(target: Json, operation: Json): Json {
  const kind = stringAt(operation, "op");
  const path = pointer(stringAt(operation, "path"));
  const value = isObject(operation) ? operation["value"] : undefined;
  switch (kind) {
    case "add":
      return change(target, path, { value, isInsert: true });
    case "replace":
      if (read(target, path) === undefined) throw unprocessable();
      return change(target, path, { value, isInsert: false });
    case "remove":
      if (read(target, path) === undefined) throw unprocessable();
      return change(target, path, { value: undefined, isInsert: false });
    case "test":
      if (!equal(read(target, path), value)) throw unprocessable();
      return target;
    case "copy":
    case "move": {
      const from = pointer(stringAt(operation, "from"));
      const moved = read(target, from);
      if (moved === undefined) throw unprocessable();
      const rest = kind === "move" ? change(target, from, { value: undefined, isInsert: false }) : target;
      return change(rest, path, { value: moved, isInsert: true });
    }
    default:
      throw unprocessable();
  }
}

function pointer(text: string | undefined): string[] {
  if (text === "") return [];
  if (text === undefined || !text.startsWith("/")) throw badRequest("error decoding patch: a path starts with /");
  return text
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(target: Json, path: readonly string[]): Json | undefined {
  let current: Json | undefined = target;
  for (const part of path) {
    if (Array.isArray(current)) current = current[Number(part)];
    else current = isObject(current) ? current[part] : undefined;
  }
  return current;
}

/** An undefined value removes the field or item. */
function change(
  target: Json,
  [part, ...rest]: readonly string[],
  edit: { value: Json | undefined; isInsert: boolean },
): Json {
  if (part === undefined) return edit.value ?? null;
  if (Array.isArray(target)) {
    const index = part === "-" ? target.length : Number(part);
    if (!Number.isInteger(index) || index < 0 || index > target.length) throw unprocessable();
    const replaced = rest.length === 0 && edit.isInsert ? 0 : 1;
    const next = rest.length === 0 ? edit.value : change(target[index] ?? null, rest, edit);
    return target.toSpliced(index, replaced, ...(next === undefined ? [] : [next]));
  }
  if (!isObject(target)) throw unprocessable();
  if (rest.length > 0 && target[part] === undefined) throw unprocessable();
  const { [part]: old, ...others } = target;
  const next = rest.length === 0 ? edit.value : change(old ?? null, rest, edit);
  return next === undefined ? others : { ...target, [part]: next };
}

/** The server does not say which operation failed, or why. */
function unprocessable(): ApiFailure {
  return new ApiFailure(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

const patchTypes = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
const strategic = "application/strategic-merge-patch+json";

/** Before anything else of the request is looked at. */
export function requirePatchType(resource: Resource, mediaType: string): void {
  const isPossible = patchTypes.includes(mediaType) || (mediaType === strategic && !resource.isCustom);
  if (!isPossible) throw patchTypeUnsupported(resource);
}

export function patchTypeUnsupported({ isCustom }: Resource): ApiFailure {
  if (!isCustom) {
    return new ApiFailure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  }
  const message = `the body of the request was in an unknown format - accepted media types include: ${patchTypes.join(", ")}`;
  return new ApiFailure(415, "UnsupportedMediaType", message);
}
