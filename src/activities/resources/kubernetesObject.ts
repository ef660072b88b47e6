/** How any Kubernetes object is compared, applied, and taken away again. The objects themselves stand in their own files. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import {
  adoptedBy,
  adopterMetadata,
  ownerMetadata,
  readMetadata,
  readReplaced,
} from "../../domain/naming/ownership.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Conflict, type Difference, stays, throwConflict } from "../../domain/operation/plan.ts";
import type { AdoptionPolicy } from "../../domain/request/request.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports.ts";
import type { StepContext } from "../operation/step.ts";

export interface ObjectDecision {
  readonly action: StepAction;
  readonly differences: readonly Difference[];
  readonly conflict: Conflict | undefined;
  /** What to apply; undefined when nothing is to be written. */
  readonly object: KubernetesObject | undefined;
  /** The object that is there. */
  readonly current: KubernetesObject | undefined;
}

export interface EnsureInput extends Berth {
  readonly operation: string;
  readonly adoptionPolicy: AdoptionPolicy;
}

export async function planObject(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  desired: KubernetesObject,
  input: EnsureInput,
): Promise<ObjectDecision> {
  const current = await kubernetes.get(cluster, refOf(desired));
  if (!current) {
    const object = withMetadata(desired, ownerMetadata(input, input.operation));
    return { action: "create", differences: [describeNew(desired)], conflict: undefined, object, current };
  }
  const differences = compare(desired, current);
  const ownership = readMetadata(current.metadata);
  if (ownership?.berth === berthKey(input)) {
    if (differences.length === 0) {
      const action = ownership.operation === input.operation ? "create" : "none";
      return { action, differences, conflict: undefined, object: undefined, current };
    }
    // The mark keeps naming the operation that created the object, so that this one's undo does not remove it.
    const object = withMetadata(desired, ownerMetadata(input, ownership.operation));
    return { action: "update", differences, conflict: undefined, object, current };
  }
  const adopter = adoptedBy(current.metadata);
  if (ownership === undefined && adopter?.berth === berthKey(input)) {
    // Adopted before: it changes with the request, and stays the adopting operation's to give up.
    if (differences.length === 0) {
      const action = adopter.operation === input.operation ? "adopt" : "none";
      return { action, differences, conflict: undefined, object: undefined, current };
    }
    const mark = adopterMetadata(input, adopter.operation, readReplaced(current.metadata));
    return { action: "update", differences, conflict: undefined, object: withMetadata(desired, mark), current };
  }
  const conflict = adoptionConflict(desired, differences, { ...input, owner: ownership?.berth });
  const mark = adopterMetadata(input, input.operation, valuesBefore(desired, current));
  const object = conflict || differences.length === 0 ? undefined : withMetadata(desired, mark);
  return { action: "adopt", differences, conflict, object, current };
}

function adoptionConflict(
  desired: KubernetesObject,
  differences: readonly Difference[],
  { adoptionPolicy, owner: otherBerth }: { adoptionPolicy: AdoptionPolicy; owner: string | undefined },
): Conflict | undefined {
  const code = "KUBERNETES_CONFLICT";
  const what = nameOf(desired);
  if (otherBerth !== undefined) return { code, message: `${what} belongs to the onboarded namespace ${otherBerth}.` };
  if (adoptionPolicy === "Never") return { code, message: `${what} exists already and adoptionPolicy is Never.` };
  if (adoptionPolicy === "IfIdentical" && differences.length > 0) {
    const fields = differences.map(({ field }) => field).join(", ");
    return { code, message: `${what} exists already and differs in ${fields}; adoptionPolicy is IfIdentical.` };
  }
  return undefined;
}

/** Brings objects to the desired state, in order; returns what was done to the object that changed most. */
export async function ensureObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  desired: readonly KubernetesObject[],
  input: EnsureInput & WithStep,
): Promise<StepAction> {
  return (await bringObjects(kubernetes, cluster, desired, input)).action;
}

/** The same, with the UIDs of the objects that are there then. */
export async function bringObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  desired: readonly KubernetesObject[],
  { step, ...input }: EnsureInput & WithStep,
): Promise<{ action: StepAction; uids: readonly (string | undefined)[] }> {
  const decisions = await Promise.all(desired.map((each) => planObject(kubernetes, cluster, each, input)));
  for (const { conflict } of decisions) throwConflict(conflict);
  const result = strongest(decisions.map(({ action }) => action));
  const uids = decisions.map(({ current }) => current?.metadata.uid);
  if (decisions.every(({ object }) => !object)) return { action: result, uids };

  const options = { isMarked: result === "create" };
  const expected = decisions.flatMap(({ differences }) => differences);
  await step.willDo(result, expected, options);
  const done: Difference[] = [];
  for (const [index, decision] of decisions.entries()) {
    const { object, differences } = decision;
    if (!object) {
      done.push(...differences);
      continue;
    }
    const applied = await kubernetes.apply(cluster, object, { force: needsForce(decision, input) });
    throwConflict(findAlteration(object, applied));
    done.push(...differencesAfter(decision, applied));
    uids[index] = applied.metadata.uid;
  }
  // Applying also takes away what Mooring set once and does not any more: only the answer shows that.
  if (JSON.stringify(done) !== JSON.stringify(expected)) await step.willDo(result, done, options);
  return { action: result, uids };
}

/** What becomes of the object, by what the API server stored, or would store. */
export function differencesAfter(
  { action, differences, current }: Pick<ObjectDecision, "action" | "differences" | "current">,
  after: KubernetesObject,
): readonly Difference[] {
  return action === "create" || !current ? differences : changesBetween(current, after);
}

/** A mutating webhook or policy that sets other values, or takes the mark off: it would do so every time. */
export function findAlteration(object: KubernetesObject, after: KubernetesObject): Conflict | undefined {
  const altered = compare(object, after);
  if (altered.length === 0) return undefined;
  const what = altered.map(({ field, current, desired }) => `${field} to ${current ?? "nothing"}, not ${desired}`);
  return { code: "KUBERNETES_ALTERED", message: `The cluster sets in ${nameOf(object)} ${what.join("; ")}.` };
}

interface WithStep {
  readonly step: Pick<StepContext, "willDo">;
}

/** Force takes fields from another manager: only for what is ours, or where the request says Always. */
export function needsForce({ action }: Pick<ObjectDecision, "action">, { adoptionPolicy }: EnsureInput): boolean {
  return action === "update" || (action === "adopt" && adoptionPolicy === "Always");
}

export interface RemoveInput extends Berth {
  readonly createdBy?: string | undefined;
}

export interface RemovalDecision {
  readonly action: StepAction;
  readonly differences: readonly Difference[];
  readonly ref: ObjectRef;
  readonly uid: string | undefined;
  /** What its owner had where Mooring wrote something else. */
  readonly replaced?: ReturnType<typeof readReplaced> | undefined;
}

/** Delete what Mooring created, update (give up the fields of) what it adopted, and leave the rest. */
export async function planRemoval(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  refs: readonly ObjectRef[],
  input: RemoveInput,
): Promise<readonly RemovalDecision[]> {
  return await Promise.all(refs.map(async (ref) => decideRemoval(ref, await kubernetes.get(cluster, ref), input)));
}

function decideRemoval(ref: ObjectRef, current: KubernetesObject | undefined, input: RemoveInput): RemovalDecision {
  if (!current) return { action: "none", differences: [], ref, uid: undefined };
  const { uid } = current.metadata;
  const field = nameOf(current);
  const matches = (operation: string) => input.createdBy === undefined || input.createdBy === operation;
  const ownership = readMetadata(current.metadata);
  if (ownership?.berth === berthKey(input) && matches(ownership.operation)) {
    const what = ref.kind === "Namespace" ? "created by Mooring, with everything in it" : "created by Mooring";
    return { action: "delete", differences: [{ field, current: what, desired: null }], ref, uid };
  }
  const adopter = adoptedBy(current.metadata);
  if (adopter?.berth === berthKey(input) && matches(adopter.operation)) {
    const difference = { field, current: "adopted by Mooring", desired: "stays, without the fields that Mooring set" };
    return { action: "update", differences: [difference], ref, uid, replaced: readReplaced(current.metadata) };
  }
  return { action: "none", differences: [{ field, current: "not created by Mooring", desired: stays }], ref, uid };
}

/** Removes objects that Mooring created and gives up the fields of those that it adopted, in order. */
export async function removeObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  refs: readonly ObjectRef[],
  { step, ...input }: RemoveInput & WithStep,
): Promise<StepAction> {
  const removals = (await planRemoval(kubernetes, cluster, refs, input)).filter(({ action }) => action !== "none");
  if (removals.length === 0) return "none";
  const result = strongest(removals.map(({ action }) => action));
  await step.willDo(
    result,
    removals.flatMap(({ differences }) => differences),
  );
  for (const { action, ref, uid, replaced } of removals) {
    if (uid === undefined) throw new Error(`${ref.kind} ${ref.name} came without a UID`);
    await removeOrRelease(kubernetes, cluster, { action, ref, uid, replaced });
  }
  return result;
}

/** The one write by which an object goes, or is given up; or, as a dry run, the question whether the cluster lets it. */
export async function removeOrRelease(
  kubernetes: Pick<Kubernetes, "apply" | "remove">,
  cluster: ClusterTarget,
  { action, ref, uid, replaced }: Pick<RemovalDecision, "action" | "ref" | "replaced"> & { readonly uid: string },
  dryRun = false,
): Promise<void> {
  if (action === "delete") await kubernetes.remove(cluster, ref, { uid }, { dryRun });
  // Applying no more than the name and what was replaced gives up every other field that only this manager owns.
  else await kubernetes.apply(cluster, bare(ref, replaced), { force: true, dryRun });
}

export interface Rewritten {
  readonly written: KubernetesObject;
  readonly before: KubernetesObject;
}

/** Puts back what a change wrote over. An object that looks otherwise than what the change writes was not written. */
export async function restoreObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  rewritten: readonly Rewritten[],
  { step, ...berth }: Berth & WithStep,
): Promise<StepAction> {
  const actions: StepAction[] = [];
  for (const each of rewritten) {
    const { action, differences, object } = await planRestoration(kubernetes, cluster, each, berth);
    if (!object) continue;
    await step.willDo(action, differences);
    await kubernetes.apply(cluster, object, { force: true });
    actions.push(action);
  }
  return strongest(actions);
}

export async function planRestoration(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  { written, before }: Rewritten,
  berth: Berth,
): Promise<ObjectDecision> {
  const current = await kubernetes.get(cluster, refOf(written));
  const mark = current && markOf(current, berth);
  const differences = current ? compare(before, current) : [];
  if (!mark || differences.length === 0 || compare(written, current).length > 0) {
    return { action: "none", differences: [], conflict: undefined, object: undefined, current };
  }
  return { action: "update", differences, conflict: undefined, object: withMetadata(before, mark), current };
}

/** The mark that the object has as Mooring's own or adopted one. */
function markOf({ metadata }: KubernetesObject, berth: Berth): ReturnType<typeof ownerMetadata> | undefined {
  const ownership = readMetadata(metadata);
  if (ownership?.berth === berthKey(berth)) return ownerMetadata(berth, ownership.operation);
  const adopter = adoptedBy(metadata);
  return adopter?.berth === berthKey(berth)
    ? adopterMetadata(berth, adopter.operation, readReplaced(metadata))
    : undefined;
}

export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

function bare(
  { apiVersion, kind, name, namespace }: ObjectRef,
  { metadata, ...values }: ReturnType<typeof readReplaced> = {},
): KubernetesObject {
  const place = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...values, apiVersion, kind, metadata: { ...metadata, ...place } };
}

function withMetadata(object: KubernetesObject, { labels, annotations }: ReturnType<typeof ownerMetadata>) {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...labels },
      annotations: { ...metadata.annotations, ...annotations },
    },
  };
}

/** The fields that the desired object names and the current one has otherwise; what else it has does not matter. */
export function compare(desired: KubernetesObject, current: KubernetesObject): readonly Difference[] {
  return differences(desired, current, "").filter(({ field }) => field !== "apiVersion" && field !== "kind");
}

function differences(desired: unknown, current: unknown, path: string): readonly Difference[] {
  if (isRecord(desired)) {
    const there = isRecord(current) ? current : {};
    return Object.entries(desired).flatMap(([key, value]) =>
      differences(value, there[key], path === "" ? key : `${path}.${key}`),
    );
  }
  // Go drops zero values when it prints JSON (`omitempty`), so absent and zero are the same.
  if (desired === current || (isZero(desired) && isZero(current))) return [];
  return [{ field: path, current: show(current), desired: show(desired) }];
}

/** What every write changes, or Mooring's own handwriting, is no news. */
const unremarkable =
  /^(apiVersion|kind|status|metadata\.(uid|resourceVersion|generation|managedFields|creationTimestamp|annotations\.mooring\.dev\/.*))$/;

/** Every field in which the two are not the same, also those that nobody named. */
function changesBetween(before: object, after: object, path = ""): readonly Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const field = path === "" ? key : `${path}.${key}`;
    const [was, is]: unknown[] = [Reflect.get(before, key), Reflect.get(after, key)];
    if (unremarkable.test(field) || JSON.stringify(was) === JSON.stringify(is)) return [];
    if (isRecord(was) || isRecord(is)) {
      if ([was, is].every((each) => each === undefined || isRecord(each))) {
        return changesBetween(was ?? {}, is ?? {}, field);
      }
    }
    return isZero(was) && isZero(is) ? [] : [{ field, current: show(was), desired: show(is) }];
  });
}

/** The part of the current object that the desired one changes: what is only added has no value before. */
function valuesBefore(desired: object, current: object): Record<string, unknown> {
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === 0 || value === "" || value === false;
}

function show(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function describeNew(object: KubernetesObject): Difference {
  return { field: "metadata.name", current: null, desired: nameOf(object) };
}

export function nameOf({ kind, metadata: { name, namespace } }: KubernetesObject): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

const strength: readonly StepAction[] = ["none", "adopt", "update", "create", "delete", "conflict"];

export function strongest(actions: readonly StepAction[]): StepAction {
  return actions.reduce<StepAction>(
    (most, each) => (strength.indexOf(each) > strength.indexOf(most) ? each : most),
    "none",
  );
}
