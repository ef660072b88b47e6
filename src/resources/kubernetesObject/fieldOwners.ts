/** Who owns the fields of an object, according to its managedFields (kubernetes.io "Server-Side Apply"). */
import { owner } from "../../domain/naming/names.ts";
import { managedByLabel } from "../../domain/naming/ownership.ts";
import type { Difference } from "../../domain/operation/plan.ts";
import type { KubernetesObject, ManagedFields } from "../../ports.ts";
import { isRecord, show } from "./differences.ts";

/**
 * Selects, from values that are to replace what Mooring wrote, those whose field Mooring alone owns. A field that somebody else
 * has since set, even to the same value, is theirs.
 */
export function replaceable(values: object, current: KubernetesObject): Record<string, unknown> {
  return pick(values, [], ownership(current));
}

/** Whether Mooring alone owns a field. */
function ownership({ metadata: { managedFields = [] } }: KubernetesObject): (path: readonly string[]) => boolean {
  const mine = managedFields.filter(isMooring);
  const others = managedFields.filter((each) => !mine.includes(each));
  const has = (owners: readonly ManagedFields[], path: readonly string[]) =>
    owners.some(({ fieldsV1 }) => isAt(fieldsV1, path));
  return (path) => has(mine, path) && !has(others, path);
}

/** The same, with what nobody has any more: what took it out was what Mooring wrote. */
export function restorable(values: object, current: KubernetesObject): Record<string, unknown> {
  const isMine = ownership(current);
  return pick(values, [], (path) => isMine(path) || valueAt(current, path) === undefined);
}

/** The fields that Mooring alone manages and no longer wants: its next write gives them up. Its marks do not count. */
export function fieldsToGiveUp(desired: KubernetesObject, current: KubernetesObject): readonly Difference[] {
  const mine = (current.metadata.managedFields ?? []).filter(isMooring);
  const isMine = ownership(current);
  return mine
    .flatMap(({ fieldsV1 = {} }) => leavesOf(fieldsV1))
    .filter((path) => !isMark(path) && isMine(path) && valueAt(desired, path) === undefined)
    .flatMap((path): readonly Difference[] => {
      const value = valueAt(current, path);
      return value === undefined ? [] : [{ field: path.join("."), current: show(value), desired: null }];
    });
}

/** A list with keys is one field here. */
function leavesOf(fields: object, path: readonly string[] = []): readonly (readonly string[])[] {
  return Object.entries(fields).flatMap(([key, inner]) => {
    if (!key.startsWith("f:")) return [];
    const at = [...path, key.slice(2)];
    const below = isRecord(inner) ? leavesOf(inner, at) : [];
    return below.length > 0 ? below : [at];
  });
}

function valueAt(object: object, path: readonly string[]): unknown {
  let at: unknown = object;
  for (const key of path) at = isRecord(at) ? at[key] : undefined;
  return at;
}

/**
 * Mooring's marks and, since an admission webhook may write there in Mooring's name, all annotations: those that Mooring sets it never
 * stops to want.
 */
function isMark([place, part, name]: readonly string[]): boolean {
  return place === "metadata" && (part === "annotations" || name === managedByLabel);
}

/** Whether Mooring has applied any of its fields. */
export function isAppliedByMooring({ managedFields = [] }: KubernetesObject["metadata"]): boolean {
  return managedFields.some(isMooring);
}

function isMooring({ manager, operation }: ManagedFields): boolean {
  return manager === owner && operation === "Apply";
}

/** Whether applying the values would give up nothing, because Mooring no longer manages any other field. */
export function managesNothingBut(values: object, { metadata: { managedFields } }: KubernetesObject): boolean {
  if (managedFields === undefined) return false;
  const mine = managedFields.filter(isMooring);
  return mine.every(({ fieldsV1 = {} }) => isWithin(fieldsV1, values));
}

function isWithin(fields: Readonly<Record<string, unknown>>, values: unknown): boolean {
  return Object.entries(fields).every(([key, inner]) => {
    if (!key.startsWith("f:")) return true;
    const value = isRecord(values) ? values[key.slice(2)] : undefined;
    return value !== undefined && (!isRecord(inner) || isWithin(inner, value));
  });
}

function pick(
  values: object,
  path: readonly string[],
  isMine: (path: readonly string[]) => boolean,
): Record<string, unknown> {
  const picked = Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const at = [...path, key];
    if (!isRecord(value)) return isMine(at) ? [[key, value]] : [];
    const inner = pick(value, at, isMine);
    return Object.keys(inner).length > 0 ? [[key, inner]] : [];
  });
  return Object.fromEntries(picked);
}

function isAt(fields: unknown, path: readonly string[]): boolean {
  let at: unknown = fields;
  for (const key of path) at = isRecord(at) ? at[`f:${key}`] : undefined;
  return at !== undefined;
}

/** With these, a write changes only the version that was read: somebody may change or recreate the object in between. */
export function versionOf({ metadata: { uid, resourceVersion } }: KubernetesObject) {
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}
