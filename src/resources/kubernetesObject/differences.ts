/** The fields in which two Kubernetes objects differ, as `kubectl diff` shows them: field, before, after. */
import { canonicalJson } from "../../domain/canonicalJson.ts";
import type { Difference } from "../../domain/operation/plan.ts";
import { isRecord } from "../../domain/request/objectForm.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";

/** The fields of the desired object that differ in the current one; other fields of the current one do not matter. */
export function compare(desired: KubernetesObject, current: KubernetesObject): readonly Difference[] {
  return differences(desired, current, "").filter(({ field }) => field !== "apiVersion" && field !== "kind");
}

function differences(desired: unknown, current: unknown, path: string): readonly Difference[] {
  if (isRecord(desired) && !isEmptyIn(path, desired)) {
    const there = isRecord(current) ? current : {};
    return Object.entries(desired).flatMap(([key, value]) =>
      differences(value, there[key], path === "" ? key : `${path}.${key}`),
    );
  }
  if (areItems(desired) && areItems(current) && desired.length === current.length) {
    // A list is written as a whole, so that what an item has besides counts, too.
    return desired.flatMap((item, index) => changesBetween(current[index] ?? {}, item, `${path}[${index}]`));
  }
  return isSame(desired, current) ? [] : [{ field: path, current: show(current), desired: show(desired) }];
}

/** An empty selector selects everything: one that says anything is another one. Of labels and annotations, others may add any. */
function isEmptyIn(path: string, desired: object): boolean {
  return Object.keys(desired).length === 0 && path !== "" && !path.startsWith("metadata");
}

function areItems(value: unknown): value is readonly Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isRecord);
}

/** Go drops zero values when it prints JSON (`omitempty`), so absent and zero are the same. */
function isSame(one: unknown, other: unknown): boolean {
  return (
    (isZero(one) && isZero(other)) ||
    (one !== undefined && other !== undefined && canonicalJson(one) === canonicalJson(other))
  );
}

/** Fields that every write changes, and Mooring's own annotations: not worth reporting. */
const unremarkable =
  /^(apiVersion|kind|status|metadata\.(uid|resourceVersion|generation|managedFields|creationTimestamp|annotations\.mooring\.dev\/.*))$/;

/** Every field in which the two differ, named in the desired object or not. */
export function changesBetween(before: object, after: object, path = ""): readonly Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const field = path === "" ? key : `${path}.${key}`;
    const [was, is]: unknown[] = [Reflect.get(before, key), Reflect.get(after, key)];
    if (unremarkable.test(field) || isSame(was, is)) return [];
    if (isRecord(was) || isRecord(is)) {
      if ([was, is].every((each) => each === undefined || isRecord(each))) {
        return changesBetween(was ?? {}, is ?? {}, field);
      }
    }
    return [{ field, current: show(was), desired: show(is) }];
  });
}

/** The part of the current object that the desired one changes; a field that is only added has no previous value. */
export function valuesBefore(desired: object, current: object): Record<string, unknown> {
  const before: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(desired)) {
    const was: unknown = Object.hasOwn(current, key) ? Reflect.get(current, key) : undefined;
    if (was === undefined || was === null || JSON.stringify(was) === JSON.stringify(value)) continue;
    if (!isRecord(value)) before[key] = was;
    else if (isRecord(was)) {
      const inner = valuesBefore(value, was);
      if (Object.keys(inner).length > 0) before[key] = inner;
    }
  }
  return before;
}

function isZero(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === 0 || value === "" || value === false;
}

export function show(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
