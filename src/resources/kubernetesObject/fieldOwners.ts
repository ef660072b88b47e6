/** Who owns the fields of an object, according to its managedFields (kubernetes.io "Server-Side Apply"). */

import { defined } from "../../domain/defined.ts";
import { owner } from "../../domain/naming/names.ts";
import { managedByLabel } from "../../domain/naming/ownership.ts";
import type { Difference } from "../../domain/operation/plan.ts";
import { isRecord } from "../../domain/request/objectForm.ts";
import type { KubernetesObject, ManagedFields } from "../../ports/kubernetes.ts";
import { show } from "./differences.ts";

/**
 * Selects, from values that are to replace what Mooring wrote, those whose field Mooring alone owns. A field that somebody else
 * has since set, even to the same value, is theirs. `written` is what Mooring wrote: a field that it removed by that is nobody's.
 */
export function replaceable(
  values: object,
  current: KubernetesObject,
  written: KubernetesObject = current,
): Record<string, unknown> {
  const isOwned = ownedIn(current);
  const isRemoved = (path: readonly string[]) => [written, current].every((each) => valueAt(each, path) === undefined);
  return pick(
    values,
    [],
    (path) => !isOwned.byOthers(path) && (isOwned.byMooring(path) || (written !== current && isRemoved(path))),
  );
}

/**
 * The fields that Mooring alone set and the desired object does not have: applying that removes them. Of the metadata, only labels are
 * compared.
 */
export function surplusFields(desired: KubernetesObject, current: KubernetesObject): readonly Difference[] {
  const isOwned = ownedIn(current);
  const { apiVersion: _, kind: __, metadata, ...values } = current;
  const { [managedByLabel]: ___, ...labels } = metadata.labels ?? {};
  return leavesOf({ metadata: { labels }, ...values })
    .filter(({ path }) => isOwned.byMooring(path) && !isOwned.byOthers(path) && valueAt(desired, path) === undefined)
    .map(({ path, value }) => ({ field: path.join("."), current: show(value), desired: null }));
}

function ownedIn({ metadata: { managedFields = [] } }: KubernetesObject) {
  const mine = managedFields.filter(isMooring);
  const others = managedFields.filter((each) => !mine.includes(each));
  const has = (owners: readonly ManagedFields[]) => (path: readonly string[]) =>
    owners.some(({ fieldsV1 }) => isAt(fieldsV1, path));
  return { byMooring: has(mine), byOthers: has(others) };
}

function leavesOf(value: object, path: readonly string[] = []): readonly { path: readonly string[]; value: unknown }[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    isRecord(inner) ? leavesOf(inner, [...path, key]) : [{ path: [...path, key], value: inner }],
  );
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined), object);
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
  return defined({ uid, resourceVersion });
}
