/** The three patch types other than apply: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386) and strategic merge. */
import { equal, isObject, type Json, type JsonObject, listAt, stringAt } from "azure-sim/json";
import { ApiFailure, badRequest, unsupportedMediaType } from "./failures.ts";
import type { Resource } from "./resource.ts";
import { fieldSchema, type Schema } from "./schema.ts";

/** Throws for a patch that is no object. */
export function mergeObject(target: Json, patch: Json): Json {
  if (isObject(patch)) return mergePatch(target, patch);
  throw badRequest("error decoding patch: it is no object");
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

/** Throws for a patch that is no object. */
export function strategicMergeObject(target: Json, patch: Json, schema: Schema): Json {
  if (patch === null) return target;
  if (isObject(patch)) return strategicMergePatch(target, patch, schema);
  throw badRequest("error decoding patch: it is no object");
}

/** kubernetes/community "Strategic Merge Patch": lists with a merge key are merged by its first key. */
function strategicMergePatch(
  target: Json | undefined,
  patch: Json,
  schema: Schema | undefined,
  order?: readonly Json[],
): Json {
  if (Array.isArray(patch)) return mergeLists(Array.isArray(target) ? target : [], patch, { schema, order });
  if (!isObject(patch)) return patch;
  if (patch["$patch"] === "replace") return withoutDirectives(patch);
  if (patch["$patch"] === "delete") return {};
  if (patch["$patch"] !== undefined && patch["$patch"] !== "merge") throw unknownDirective(patch);
  const result: JsonObject = isObject(target) ? { ...target } : {};
  const retained = patch["$retainKeys"];
  if (Array.isArray(retained))
    for (const field of Object.keys(result)) if (!retained.includes(field)) delete result[field];
  for (const [field, value] of Object.entries(patch)) {
    const deleted = /^\$deleteFromPrimitiveList\/(.+)$/.exec(field)?.[1];
    if (deleted !== undefined) {
      result[deleted] = listAt(result, deleted).filter((item) => !listAt(patch, field).includes(item));
    } else if (field.startsWith("$")) {
      // $setElementOrder belongs to the list that it names.
    } else if (value === null) delete result[field];
    else if (result[field] === undefined && isObject(value) && value["$patch"] !== undefined) {
      // A directive about what is not there is dropped with all that comes with it.
    } else {
      const order = patch[`$setElementOrder/${field}`];
      result[field] = strategicMergePatch(result[field], value, fieldSchema(schema, field), listOrUndefined(order));
    }
  }
  return result;
}

const listOrUndefined = (value: Json | undefined) => (Array.isArray(value) ? value : undefined);

function mergeLists(
  target: Json[],
  patch: Json[],
  { schema, order }: { schema: Schema | undefined; order: readonly Json[] | undefined },
): Json[] {
  if (schema?.["x-kubernetes-list-type"] === "set")
    return [...target, ...patch.filter((item) => !target.includes(item))];
  const key = schema?.["x-kubernetes-list-map-keys"]?.[0];
  const isReplaced = patch.some((item) => isObject(item) && item["$patch"] === "replace");
  if (key === undefined || isReplaced) return patch.filter((item) => !isObject(item) || item["$patch"] === undefined);
  let result = target;
  for (const item of patch) {
    if (isObject(item) && item[key] === undefined) {
      throw new ApiFailure(500, "", `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    }
    if (isObject(item) && !["merge", "delete", undefined].includes(stringAt(item, "$patch"))) {
      throw unknownDirective(item);
    }
    const isSame = (other: Json) => isObject(other) && isObject(item) && equal(other[key], item[key]);
    if (isObject(item) && item["$patch"] === "delete") result = result.filter((other) => !isSame(other));
    else if (result.some(isSame)) {
      result = result.map((other) => (isSame(other) ? strategicMergePatch(other, item, schema?.items) : other));
    } else result = [...result, withoutDirectives(item)];
  }
  const keyOf = (item: Json) => (isObject(item) ? item[key] : item);
  const wanted = (order ?? patch.filter((item) => !isObject(item) || item["$patch"] !== "delete")).map(keyOf);
  return inOrder(result, { keyOf, wanted, known: target.map(keyOf) });
}

/** What a patch names in its order, between the others where those have been. */
function inOrder(
  items: readonly Json[],
  {
    keyOf,
    wanted,
    known,
  }: {
    keyOf: (item: Json) => Json | undefined;
    wanted: readonly (Json | undefined)[];
    known: readonly (Json | undefined)[];
  },
): Json[] {
  const place = (list: readonly (Json | undefined)[], item: Json) => list.findIndex((each) => equal(each, keyOf(item)));
  const ofPatch = items
    .filter((item) => place(wanted, item) >= 0)
    .toSorted((left, right) => place(wanted, left) - place(wanted, right));
  const others = items.filter((item) => place(wanted, item) < 0);
  const merged: Json[] = [];
  while (ofPatch.length > 0 || others.length > 0) {
    const [next, other] = [ofPatch[0], others[0]];
    const [nextPlace, otherPlace] = [next, other].map((item) => (item === undefined ? -1 : place(known, item)));
    const isOtherFirst =
      next === undefined ||
      (other !== undefined &&
        Number(nextPlace) >= 0 &&
        Number(otherPlace) >= 0 &&
        Number(otherPlace) < Number(nextPlace));
    const taken = isOtherFirst ? others.shift() : ofPatch.shift();
    if (taken !== undefined) merged.push(taken);
  }
  return merged;
}

function unknownDirective(patch: JsonObject): ApiFailure {
  return new ApiFailure(500, "", `unknown patch type in map: ${JSON.stringify(patch)}`);
}

function withoutDirectives(value: Json): Json {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([field]) => !field.startsWith("$")));
}

export function jsonPatch(target: Json, operations: Json): Json {
  if (operations === null) return target;
  if (!Array.isArray(operations) || !operations.every(isObject)) {
    throw badRequest("error decoding patch: it is no list of operations");
  }
  if (operations.length > mostOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${operations.length}`;
    throw new ApiFailure(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
  }
  const copies = { size: 0 };
  return operations.reduce<Json>((current, operation) => applyOperation(current, operation, copies), target);
}

const mostOperations = 10_000;
/** In bytes, of all that a patch copies: copies of copies grow without a limit. */
const mostCopied = 3 * 1024 * 1024;

function requireSmall(copied: Json, copies: { size: number }): void {
  copies.size += JSON.stringify(copied).length;
  if (copies.size > mostCopied) throw unprocessable();
}

function applyOperation(target: Json, operation: Json, copies: { size: number }): Json {
  const kind = stringAt(operation, "op");
  const path = pointer(stringAt(operation, "path"));
  const value = isObject(operation) ? operation["value"] : undefined;
  switch (kind) {
    case "add":
      return change(target, path, { value: value ?? null, isInsert: true });
    case "replace":
      // In a map, what is not there is added.
      if (read(target, path) === undefined && !isObject(read(target, path.slice(0, -1)))) throw unprocessable();
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
      const isInMap = kind === "copy" && from.length > 0 && isObject(read(target, from.slice(0, -1)));
      const moved = read(target, from) ?? (isInMap ? null : undefined);
      if (moved === undefined) throw unprocessable();
      if (kind === "copy") requireSmall(moved, copies);
      const rest = kind === "move" ? change(target, from, { value: undefined, isInsert: false }) : target;
      return change(rest, path, { value: moved, isInsert: true });
    }
    default:
      throw unprocessable();
  }
}

function pointer(text: string | undefined): string[] {
  if (text === "") return [];
  if (!text?.includes("/")) throw unprocessable();
  // What stands before the first slash is not looked at.
  return text
    .split("/")
    .slice(1)
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
  if (isCustom) return unsupportedMediaType(patchTypes);
  return new ApiFailure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}
