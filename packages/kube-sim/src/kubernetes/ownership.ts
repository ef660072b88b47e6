/**
 * metadata.managedFields: who owns which field, and server-side apply on top of it. kubernetes.io "Server-Side Apply":
 * an applier owns what its configuration names; any other writer owns what it changed; a value that differs from another
 * owner's is a conflict unless forced; a field is removed when its last owner no longer applies it.
 */
import { isObject, type JsonObject, stringAt, without } from "azure-sim/json";
import { zeroObject } from "./builtIn/goForm.ts";
import { applyConflict } from "./failures.ts";
import { compare, type Difference, FieldSet, fieldsOf, type Path, printPath } from "./fieldSet.ts";
import { mergeObjects, removeFields } from "./merge.ts";
import { isManagedFieldsEntry, type ManagedFieldsEntry } from "./object.ts";
import { messageNameOf } from "./protobuf/fields.ts";
import type { Schema } from "./schema.ts";

export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource: string | undefined;
  readonly time: string;
}

/** Whoever has changed nothing yet has no time. */
type Owning = Omit<Writer, "time"> & { readonly time: string | undefined };

interface Owner extends JsonObject {
  manager: string;
  operation: string;
  apiVersion: string;
  fieldsType: string;
  time?: string;
  subresource?: string;
}

interface Ownership {
  readonly entry: Owner;
  readonly fields: FieldSet;
}

/** An object with its managed fields computed by `trackUpdate` or `applyConfiguration`. */
export interface Tracked {
  readonly object: JsonObject;
  readonly managedFields: ManagedFieldsEntry[];
}

/** The managed fields after a write other than apply: the writer takes over everything that it changed. */
export function trackUpdate(
  before: JsonObject,
  after: JsonObject,
  { managedFields, schema, writer }: { managedFields: ManagedFieldsEntry[]; schema: Schema; writer: Writer },
): ManagedFieldsEntry[] {
  const difference = compare(comparable(before), comparable(after), schema);
  const changed = difference.added.union(difference.modified);
  if (changed.isEmpty && difference.removed.isEmpty) return managedFields;
  const { mine, others } = split(read(managedFields), writer, "Update");
  const owned = (mine?.fields ?? new FieldSet()).difference(difference.removed).union(changed);
  return write([...release(others, changed.union(difference.removed)), ownership(writer, "Update", owned)]);
}

/** Throws a 409 that names every conflicting manager and field. */
export function applyConfiguration(
  live: JsonObject | undefined,
  config: JsonObject,
  options: { managedFields: ManagedFieldsEntry[]; schema: Schema; writer: Writer; force: boolean },
): Tracked {
  const { schema, writer } = options;
  const { mine, others } = split(withPast(live, options), writer, "Apply");
  const wanted = fieldsOf(ownablePart(config), schema);
  const merged = mergeObjects(live ?? {}, config, schema);
  const ownedByAny = others.reduce((all, { fields }) => all.union(fields), wanted);
  const object = removeFields(merged, (mine?.fields ?? new FieldSet()).difference(ownedByAny), {
    schema,
    isOwned: (path: Path) => ownedByAny.reaches(path),
  });
  const difference = compare(comparable(live ?? {}), comparable(object), schema);
  const changed = difference.added.union(difference.modified);
  const conflicts = others.flatMap(({ entry, fields }) =>
    fields.intersection(changed).paths.map((path) => ({
      ...{ manager: printManager(entry), path: printPath(path) },
      member: path,
    })),
  );
  const isTaken = options.force || writer.manager !== "kubectl" || live === undefined;
  const own = isTaken ? undefined : lastApplied(live, schema);
  const real = conflicts.filter(({ member }) => own?.has(member) !== true);
  if (real.length > 0 && !options.force) throw refuse(real);
  // The time is that of the last change of a value, so that applying the same configuration again changes nothing.
  const time = isUnchanged(difference) ? mine?.entry.time : writer.time;
  const owner = ownership({ ...writer, time }, "Apply", wanted);
  return { object, managedFields: write([...release(others, changed.union(difference.removed)), owner]) };
}

/** What kubectl has applied on the client, as far as nobody has changed it: kubectl may take it on the server. */
function lastApplied(live: JsonObject, schema: Schema): FieldSet {
  const text = stringAt(live, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration");
  if (text === undefined) return new FieldSet();
  const parsed: unknown = JSON.parse(text);
  const applied = typeof parsed === "object" && parsed !== null ? (parsed as JsonObject) : {};
  const { modified } = compare(comparable(applied), comparable(live), schema);
  return fieldsOf(ownablePart(applied), schema).difference(modified);
}

const replicas = FieldSet.fromJson({ "f:spec": { "f:replicas": {} } });

/** Whoever scales owns nothing of it, and neither does anybody else. */
export function trackScale(managedFields: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  return write(release(read(managedFields), replicas));
}

function isUnchanged({ added, modified, removed }: Difference): boolean {
  return added.isEmpty && modified.isEmpty && removed.isEmpty;
}

/** Everything in an object without managed fields counts as written before the first apply. */
function withPast(
  live: JsonObject | undefined,
  { managedFields, schema, writer }: { managedFields: ManagedFieldsEntry[]; schema: Schema; writer: Writer },
): Ownership[] {
  if (live === undefined || managedFields.length > 0) return read(managedFields);
  const { apiVersion = "", kind = "" } = live as { apiVersion?: string; kind?: string };
  const isBuiltIn = messageNameOf(apiVersion, kind) !== undefined;
  const empty = isBuiltIn ? zeroObject({ apiVersion, kind }) : { metadata: {} };
  const written = isBuiltIn ? without(comparable(live), "status") : comparable(live);
  const past = compare(without(empty, "status"), written, schema).added;
  return [ownership({ ...writer, manager: "before-first-apply" }, "Update", past)];
}

function split(owners: readonly Ownership[], writer: Writer, operation: string) {
  const isMine = ({ entry }: Ownership) =>
    entry.manager === writer.manager &&
    entry.operation === operation &&
    entry.subresource === writer.subresource &&
    // Whoever applies is the same in every version.
    (operation === "Apply" || entry.apiVersion === writer.apiVersion);
  return { mine: owners.find(isMine), others: owners.filter((owner) => !isMine(owner)) };
}

function release(owners: readonly Ownership[], fields: FieldSet): Ownership[] {
  return owners.map((owner) => ({ ...owner, fields: owner.fields.difference(fields) }));
}

function ownership(writer: Owning, operation: string, fields: FieldSet): Ownership {
  const { manager, apiVersion, time, subresource } = writer;
  return {
    entry: {
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: "FieldsV1",
      ...(subresource === undefined ? {} : { subresource }),
    },
    fields,
  };
}

function read(managedFields: readonly ManagedFieldsEntry[]): Ownership[] {
  return managedFields
    .filter(isManagedFieldsEntry)
    .map((entry) => ({ entry, fields: FieldSet.fromJson(entry.fieldsV1) }));
}

/** Appliers first, then by time, as the API server sorts them; without managers that own nothing. */
function write(owners: readonly Ownership[]): ManagedFieldsEntry[] {
  return owners
    .filter(({ fields }) => !fields.isEmpty)
    .map(({ entry, fields }): ManagedFieldsEntry => ({ ...entry, fieldsV1: fields.toJson() }))
    .sort((left, right) => sortKey(left).localeCompare(sortKey(right)));
}

function sortKey({ operation, time, manager }: ManagedFieldsEntry): string {
  return `${operation} ${time ?? ""} ${manager}`;
}

/** Every object has metadata, so that nobody becomes the owner of having them. */
function comparable(object: JsonObject): JsonObject {
  return { metadata: {}, ...ownablePart(object) };
}

/** Without the fields that have no owner: identity, and what the server sets. */
function ownablePart(object: JsonObject): JsonObject {
  const { metadata, ...rest } = object;
  const own = without(
    isObject(metadata) ? metadata : {},
    "name",
    "namespace",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "uid",
    "generation",
    "resourceVersion",
    "managedFields",
  );
  const fields = without(rest, "apiVersion", "kind");
  return Object.keys(own).length === 0 ? fields : { ...fields, metadata: own };
}

function printManager({ manager, operation, apiVersion, subresource }: Owner): string {
  const name = JSON.stringify(manager);
  const through = subresource === undefined ? name : `${name} with subresource ${JSON.stringify(subresource)}`;
  return operation === "Update" ? `${through} using ${apiVersion}` : through;
}

function refuse(conflicts: readonly { manager: string; path: string }[]) {
  const byManager = conflicts.toSorted((left, right) =>
    left.manager < right.manager ? -1 : left.manager > right.manager ? 1 : 0,
  );
  const causes = byManager.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${manager}`,
    field: path,
  }));
  const [only] = conflicts;
  if (only !== undefined && conflicts.length === 1) {
    return applyConflict(`Apply failed with 1 conflict: conflict with ${only.manager}: ${only.path}`, causes);
  }
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort();
  const lines = managers.map((manager) => {
    const fields = conflicts.filter((conflict) => conflict.manager === manager).map(({ path }) => `- ${path}`);
    return [`conflicts with ${manager}:`, ...fields].join("\n");
  });
  return applyConflict(`Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`, causes);
}
