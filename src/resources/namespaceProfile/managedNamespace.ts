/** Whether the profile's namespace is managed in Azure, what is there, and what a write makes of it: always the whole. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { managingClusterIdOf } from "../../domain/catalog/clusters.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import type { Conflict, Difference } from "../../domain/operation/plan.ts";
import { isSameField, type ManagedFields, type ManagedPart, managedParts } from "../../domain/profiles/managed.ts";
import { mayAdopt } from "../../domain/request/adoption.ts";
import type { AdoptionPolicy } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { ManagedDocument, ManagedNamespace, ManagedNamespaceRef } from "../../ports/managedNamespaces.ts";
import {
  byPart,
  isEmptyRecord,
  type ManagedMark,
  readManagedMark,
  type Written,
  type WrittenFields,
  withManagedMark,
  withoutManagedMark,
} from "./managedMark.ts";

/** A managed namespace of a cluster whose profiles go there. */
export interface Managed extends ManagedNamespace {
  readonly ref: ManagedNamespaceRef;
}

export interface ManagedDecision {
  readonly action: "none" | "adopt" | "update";
  readonly differences: readonly Difference[];
  readonly conflict?: Conflict | undefined;
  /** What to write; undefined if there is nothing to write. */
  readonly document?: ManagedDocument | undefined;
}

/** Undefined where the catalog says nothing of it, or Azure does not manage the namespace. */
export async function findManaged(
  { managedNamespaces }: Pick<Ports, "managedNamespaces">,
  cluster: ClusterTarget,
  { namespace: name }: Pick<NamespaceRef, "namespace">,
): Promise<Managed | undefined> {
  const clusterId = managingClusterIdOf(cluster);
  if (clusterId === undefined) return undefined;
  const ref = { clusterId, name };
  const found = await managedNamespaces.get(ref);
  return found && { ...found, ref };
}

const nothing: ManagedDecision = { action: "none", differences: [] };

export function nameOfManaged({ ref: { name } }: Pick<Managed, "ref">): string {
  return `ManagedNamespace ${name}`;
}

/** What has to be written so that it is as the profile says. */
export function decideProfile(
  managed: Managed,
  wanted: ManagedFields,
  input: NamespaceRef & { readonly operation: string; readonly adoptionPolicy: AdoptionPolicy },
): ManagedDecision {
  const mark = markOf(managed);
  const values = valuesOf(managed.document);
  const isOwn = mark?.ownership.berth === namespaceKey(input);
  const changes = fieldsOf(wanted).filter(({ part, name, value }) => !isSame(part, values[part][name], value));
  if (mark && !isOwn) {
    const message = `${nameOfManaged(managed)} has the profile of the onboarded namespace ${mark.ownership.berth}.`;
    return { ...nothing, action: "adopt", conflict: { code: "MANAGED_NAMESPACE_CONFLICT", message } };
  }
  const known: WrittenFields = isOwn ? mark.written : byPart(() => ({}));
  const record = byPart((part) => recordOf(part, { wanted, values, known }));
  const isRecorded = sameRecord(record, known);
  // What somebody else has set to just that is theirs, and needs no mark.
  if (changes.length === 0 && (!isOwn || isRecorded)) {
    return { ...nothing, action: isOwn && mark.ownership.operation === input.operation ? "adopt" : "none" };
  }
  const replaced = changes.filter(({ part, name }) => !known[part][name] && values[part][name] !== undefined);
  const conflict = conflictOf(managed, replaced, input.adoptionPolicy);
  const ownership = isOwn ? mark.ownership : { berth: namespaceKey(input), operation: input.operation };
  return {
    action: isOwn && ownership.operation !== input.operation ? "update" : "adopt",
    differences: changes.map(({ part, name, value }) => differenceOf({ part, name, value }, values)),
    conflict,
    document: changed(managed.document, wanted, (tags) => withManagedMark(tags, input, { ownership, written: record })),
  };
}

/**
 * Gives back what Mooring wrote, all of it or what `wanted` has no more: what was there before comes back, unless somebody else has set
 * the field since. `createdBy`: only if that operation wrote it first.
 */
export function decideReturn(
  managed: Managed,
  {
    wanted,
    createdBy,
    ...namespaceRef
  }: NamespaceRef & { readonly wanted?: ManagedFields; readonly createdBy?: string | undefined },
): ManagedDecision {
  const mark = ownMark(managed, namespaceRef);
  if (!mark || (createdBy !== undefined && mark.ownership.operation !== createdBy)) return nothing;
  const isLeft = (part: ManagedPart, name: string) => wanted === undefined || wanted[part][name] === undefined;
  const left = byPart((part) => pick(mark.written[part], (name) => isLeft(part, name)));
  const kept = byPart((part) => pick(mark.written[part], (name) => !isLeft(part, name)));
  // What is wanted is recorded when the profile is applied, which in a plan is still to come.
  const isOver = wanted === undefined || fieldsOf(wanted).length === 0;
  if (isEmptyRecord(left) && !isOver) return nothing;
  const values = valuesOf(managed.document);
  const returned = byPart((part) =>
    Object.fromEntries(
      Object.entries(left[part]).flatMap(([name, [before, own]]) =>
        isSame(part, values[part][name], own) && !isSame(part, before ?? undefined, own) ? [[name, before]] : [],
      ),
    ),
  );
  const given = { current: "with Mooring's profile", desired: "stays, without the fields that Mooring set" };
  const document = changed(managed.document, returned, (tags) =>
    isOver ? withoutManagedMark(tags) : withManagedMark(tags, namespaceRef, { ...mark, written: kept }),
  );
  const whole = isOver ? [{ field: nameOfManaged(managed), ...given }] : [];
  return { action: "update", differences: [...whole, ...differencesOf(returned, values)], document };
}

/** Puts back what the earlier profile had where a change has written another value, unless somebody else has set it since. */
export function decideRestoration(
  managed: Managed,
  { written, before, createdBy, ...namespaceRef }: NamespaceRef & Restored,
): ManagedDecision {
  const mark = ownMark(managed, namespaceRef);
  // What that operation wrote first, its other undo returns.
  if (!mark || mark.ownership.operation === createdBy) return nothing;
  const values = valuesOf(managed.document);
  const target = byPart((part) =>
    Object.fromEntries(
      Object.entries(written[part]).flatMap(([name, own]) => {
        const was = before[part][name] ?? mark.written[part][name]?.[0] ?? null;
        return isSame(part, values[part][name], own) && !isSame(part, was ?? undefined, own) ? [[name, was]] : [];
      }),
    ),
  );
  const record = byPart((part) =>
    Object.fromEntries(
      Object.entries(mark.written[part]).flatMap(([name, [origin, own]]): [string, Written][] => {
        if (before[part][name] === undefined && written[part][name] !== undefined) return [];
        return [[name, [origin, target[part][name] ?? own]]];
      }),
    ),
  );
  const differences = differencesOf(target, values);
  if (differences.length === 0 && sameRecord(record, mark.written)) return nothing;
  const document = changed(managed.document, target, (tags) =>
    withManagedMark(tags, namespaceRef, { ...mark, written: record }),
  );
  return { action: "update", differences, document };
}

interface Restored {
  readonly written: ManagedFields;
  readonly before: ManagedFields;
  /** The operation that is undone. */
  readonly createdBy?: string | undefined;
}

/** The fields that are not as the profile says: field, what is wanted, what is there. */
export function departures(managed: Managed, wanted: ManagedFields): readonly Difference[] {
  const values = valuesOf(managed.document);
  return fieldsOf(wanted)
    .filter(({ part, name, value }) => !isSame(part, values[part][name], value))
    .map((field) => differenceOf(field, values));
}

export function isProfileOf(managed: Managed, namespaceRef: NamespaceRef): boolean {
  return ownMark(managed, namespaceRef) !== undefined;
}

function ownMark(managed: Managed, namespaceRef: NamespaceRef): ManagedMark | undefined {
  const mark = markOf(managed);
  return mark?.ownership.berth === namespaceKey(namespaceRef) ? mark : undefined;
}

function markOf({ document: { tags } }: Managed): ManagedMark | undefined {
  return readManagedMark(tags ?? {});
}

interface Field {
  readonly part: ManagedPart;
  readonly name: string;
  readonly value: string;
}

function fieldsOf(fields: ManagedFields): readonly Field[] {
  return managedParts.flatMap((part) => Object.entries(fields[part]).map(([name, value]) => ({ part, name, value })));
}

type Values = { readonly [Part in ManagedPart]: Readonly<Record<string, string | undefined>> };

function valuesOf({ properties }: ManagedDocument): Values {
  return byPart((part) =>
    Object.fromEntries(Object.entries(properties[part] ?? {}).map(([name, value]) => [name, value ?? undefined])),
  );
}

function isSame(part: ManagedPart, one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined ? one === other : isSameField(part, one, other);
}

/** A field that the record knows keeps what was there before Mooring's first write. */
function recordOf(
  part: ManagedPart,
  { wanted, values, known }: { wanted: ManagedFields; values: Values; known: WrittenFields },
): Readonly<Record<string, Written>> {
  const own = Object.entries(wanted[part]).map(([name, value]): [string, Written] => [
    name,
    [known[part][name] ? known[part][name][0] : (values[part][name] ?? null), value],
  ]);
  return { ...known[part], ...Object.fromEntries(own) };
}

function sameRecord(one: WrittenFields, other: WrittenFields): boolean {
  const text = (record: WrittenFields) =>
    managedParts.map((part) => Object.entries(record[part]).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(text(one)) === JSON.stringify(text(other));
}

function pick<T>(record: Readonly<Record<string, T>>, isMeant: (name: string) => boolean): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => isMeant(name)));
}

function conflictOf(
  managed: Managed,
  replaced: readonly Field[],
  adoptionPolicy: AdoptionPolicy,
): Conflict | undefined {
  if (replaced.length === 0 || mayAdopt(adoptionPolicy, { isIdentical: false })) return undefined;
  const values = valuesOf(managed.document);
  const what = replaced.map((field) => {
    const { part, name, value } = field;
    return `${part}.${name} ${values[part][name]}, not ${value}`;
  });
  const message = `${nameOfManaged(managed)} has ${what.join("; ")}, and adoptionPolicy is ${adoptionPolicy}.`;
  return { code: "MANAGED_NAMESPACE_CONFLICT", message };
}

type Changes = { readonly [Part in ManagedPart]: Readonly<Record<string, string | null>> };

function differencesOf(changes: Changes, values: Values): readonly Difference[] {
  return managedParts.flatMap((part) =>
    Object.entries(changes[part]).map(([name, value]) => differenceOf({ part, name, value }, values)),
  );
}

function differenceOf(
  { part, name, value }: { part: ManagedPart; name: string; value: string | null },
  values: Values,
): Difference {
  return { field: `${part}.${name}`, current: values[part][name] ?? null, desired: value };
}

/** The whole, with these fields; null removes a field. */
function changed(
  document: ManagedDocument,
  changes: Changes,
  retag: (tags: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
): ManagedDocument {
  const parts = managedParts.flatMap((part) => {
    if (Object.keys(changes[part]).length === 0) return [];
    const all = Object.entries({ ...document.properties[part], ...changes[part] });
    const fields = all.filter(([, value]) => value !== null && value !== undefined);
    return [[part, fields.length === 0 ? null : Object.fromEntries(fields)] as const];
  });
  return {
    ...document,
    tags: retag(document.tags ?? {}),
    properties: { ...document.properties, ...Object.fromEntries(parts) },
  };
}
