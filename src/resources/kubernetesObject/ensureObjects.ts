/** How any Kubernetes object is brought to its desired state. The resources define the objects themselves. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import {
  adoptedBy,
  adopterMetadata,
  ownerMetadata,
  readMetadata,
  readReplaced,
} from "../../domain/naming/ownership.ts";
import { strongest } from "../../domain/operation/actions.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Blocker, type Conflict, type Difference, throwConflict } from "../../domain/operation/plan.ts";
import { mayAdopt } from "../../domain/request/adoption.ts";
import type { AdoptionPolicy } from "../../domain/request/request.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports/kubernetes.ts";
import type { RecordedMark } from "../definitions/recordedMark.ts";
import type { StepContext } from "../definitions/step.ts";
import { changesBetween, compare, valuesBefore } from "./differences.ts";
import { surplusFields } from "./fieldOwners.ts";
import { type KnownMetadata, knownMetadata } from "./knownMetadata.ts";
import { isManagedByArm } from "./managedByArm.ts";

export interface ObjectDecision {
  readonly action: StepAction;
  readonly differences: readonly Difference[];
  readonly conflict: Blocker | undefined;
  /** What to apply; undefined if there is nothing to write. */
  readonly object: KubernetesObject | undefined;
  /** The existing object. */
  readonly current: KubernetesObject | undefined;
  /** Somebody removed Mooring's mark, and the write restores it. */
  readonly isMarkLost?: boolean;
  /** The existing object, as it was seen, is removed before the write: a field of it can never change. */
  readonly replaces?: { readonly uid: string; readonly resourceVersion?: string };
}

export interface EnsureInput extends NamespaceRef {
  readonly operation: string;
  readonly adoptionPolicy: AdoptionPolicy;
  readonly recordedMark: RecordedMark;
}

export async function planObject(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  desired: KubernetesObject,
  input: EnsureInput,
): Promise<ObjectDecision> {
  const current = await kubernetes.get(cluster, refOf(desired));
  if (!current) {
    const object = withMetadata(desired, ownerMetadata(input, input.operation, await installationOf(input)));
    return { action: "create", differences: [describeNew(desired)], conflict: undefined, object, current };
  }
  const going = describeGoing(current);
  if (going !== undefined) {
    const conflict = { code: "KUBERNETES_OBJECT_GOING", message: going } as const;
    return { action: "create", differences: [describeNew(desired)], conflict, object: undefined, current };
  }
  const known = await knownMetadata(current, input.recordedMark);
  if (isManagedByArm(current)) return leftToArm(desired, current, { ...input, ...known });
  const { metadata, isMarkLost, isAdoptedAsItWas } = known;
  const { uid } = metadata;
  const changes = compare(desired, current);
  const ownership = readMetadata(metadata);
  const adopter = adoptedBy(metadata);
  const isKnown = [ownership, adopter].some((each) => each?.berth === namespaceKey(input));
  const differences = [
    ...(isMarkLost ? [markDifference(desired)] : []),
    ...changes,
    ...(isKnown ? surplusFields(desired, current) : []),
  ];
  if (ownership?.berth === namespaceKey(input)) {
    if (differences.length === 0) {
      const action = ownership.operation === input.operation ? "create" : "none";
      return { action, differences, conflict: undefined, object: undefined, current };
    }
    // The mark keeps naming the operation that created the object, so that this one's undo does not remove it.
    const object = withMetadata(desired, ownerMetadata(input, ownership.operation, await installationOf(input)));
    const replaces = changes.some((each) => isUnchangeable(desired, each)) ? seen(current) : undefined;
    return {
      action: "update",
      differences,
      conflict: undefined,
      object,
      current,
      isMarkLost,
      ...defined({ replaces }),
    };
  }
  if (ownership === undefined && adopter?.berth === namespaceKey(input)) {
    // Already adopted: it changes with the request, and its mark keeps naming the operation that adopted it.
    if (differences.length === 0) {
      const action = adopter.operation === input.operation ? "adopt" : "none";
      return { action, differences, conflict: undefined, object: undefined, current };
    }
    const mark = adopterMetadata(input, adopter.operation, { uid, replaced: readReplaced(metadata) });
    const object = withMetadata(desired, mark);
    return { action: "update", differences, conflict: undefined, object, current, isMarkLost };
  }
  if (isAdoptedAsItWas && differences.length === 0) {
    return { action: "none", differences, conflict: undefined, object: undefined, current };
  }
  const conflict = adoptionConflict(desired, differences, { ...input, owner: ownership?.berth });
  const mark = adopterMetadata(input, input.operation, { uid, replaced: valuesBefore(desired, current) });
  const object = conflict || differences.length === 0 ? undefined : withMetadata(desired, mark);
  return { action: "adopt", differences, conflict, object, current };
}

async function installationOf({ recordedMark }: EnsureInput): Promise<string | undefined> {
  return (await recordedMark.installation?.())?.id;
}

function seen({ metadata: { uid, resourceVersion } }: KubernetesObject): ObjectDecision["replaces"] {
  if (uid === undefined) throw new Error("the object has no UID");
  return { uid, ...defined({ resourceVersion }) };
}

/** Used as it is, whoever made it: the cluster refuses every write to it, even of a mark. */
function leftToArm(
  desired: KubernetesObject,
  current: KubernetesObject,
  { metadata, isAdoptedAsItWas, ...input }: EnsureInput & Pick<KnownMetadata, "metadata" | "isAdoptedAsItWas">,
): ObjectDecision {
  const decided = { differences: [], object: undefined, current };
  const [ownership, adopter] = [readMetadata(metadata), adoptedBy(metadata)];
  const mark = [ownership, adopter].find((each) => each?.berth === namespaceKey(input));
  if (mark && mark === ownership && mark.operation === input.operation) {
    return { action: "create", conflict: undefined, ...decided };
  }
  if (mark || isAdoptedAsItWas) return { action: "none", conflict: undefined, ...decided };
  const conflict = adoptionConflict(desired, [], { ...input, owner: ownership?.berth });
  return { action: "adopt", conflict, ...decided };
}

/**
 * What is being deleted takes every write and goes all the same, when its finalizers do. Of a namespace, the API server refuses what
 * would be made in it (terminating.ts).
 */
function describeGoing(current: KubernetesObject): string | undefined {
  const { deletionTimestamp, finalizers = [] } = current.metadata;
  if (deletionTimestamp === undefined || current.kind === "Namespace") return undefined;
  const held = finalizers.length === 0 ? "" : `, and waits for its finalizers: ${finalizers.join(", ")}`;
  return `${nameOf(current)} is being deleted${held}.`;
}

function adoptionConflict(
  desired: KubernetesObject,
  differences: readonly Difference[],
  { adoptionPolicy, owner: other }: { adoptionPolicy: AdoptionPolicy; owner: string | undefined },
): Conflict | undefined {
  const code = "KUBERNETES_CONFLICT";
  const what = nameOf(desired);
  if (other !== undefined) return { code, message: `${what} belongs to the onboarded namespace ${other}.` };
  const fixed = differences.find((each) => isUnchangeable(desired, each));
  if (fixed) {
    const { field, current, desired: wanted } = fixed;
    return {
      code,
      message: `${what} already exists with ${field} ${current}, not ${wanted}, which nobody can change.`,
    };
  }
  if (!mayAdopt(adoptionPolicy, { isIdentical: true })) {
    return { code, message: `${what} already exists and adoptionPolicy is ${adoptionPolicy}.` };
  }
  if (!mayAdopt(adoptionPolicy, { isIdentical: differences.length === 0 })) {
    const fields = differences.map(({ field }) => field).join(", ");
    return { code, message: `${what} already exists and differs in ${fields}; adoptionPolicy is ${adoptionPolicy}.` };
  }
  return undefined;
}

/** Brings objects to the desired state; returns the strongest action taken. */
export async function ensureObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  desired: readonly KubernetesObject[],
  input: EnsureInput & WithStep,
): Promise<StepAction> {
  return (await bringObjects(kubernetes, cluster, desired, input)).action;
}

/** The same, with the UIDs of the resulting objects. */
export async function bringObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  desired: readonly KubernetesObject[],
  { step, ...input }: EnsureInput & WithStep,
): Promise<{ action: StepAction; uids: readonly (string | undefined)[] }> {
  const decisions = await Promise.all(desired.map((each) => planObject(kubernetes, cluster, each, input)));
  for (const { conflict } of decisions) throwConflict(conflict);
  const result = actionOfEnsuring(desired, decisions);
  const uids = decisions.map(({ current }) => current?.metadata.uid);
  if (decisions.every(({ object }) => !object)) return { action: result, uids };

  const options = { isMarked: result === "create" };
  const expected = decisions.flatMap(({ differences }) => differences);
  await step.willDo(result, expected, options);
  const done: Difference[] = [];
  for (const [index, applied] of (await applyAll(kubernetes, cluster, decisions, input)).entries()) {
    const decision = decisions[index];
    if (!decision) continue;
    const { object, differences } = decision;
    if (!object || !applied) {
      done.push(...differences);
      continue;
    }
    throwConflict(findAlteration(object, applied));
    done.push(...differencesAfter(decision, applied));
    uids[index] = applied.metadata.uid;
  }
  // Applying also removes fields that Mooring set earlier and no longer sets: only the answer shows that.
  if (JSON.stringify(done) !== JSON.stringify(expected)) await step.willDo(result, done, options);
  return { action: result, uids };
}

/**
 * Applies the objects at the same time, which saves a round trip; a binding only after its new role, without which it is refused. One
 * that comes before its namespace is refused, and applied again after it. Fails only when every call has ended: what undoes the step
 * must not race with it.
 */
async function applyAll(
  kubernetes: Pick<Kubernetes, "apply" | "remove">,
  cluster: ClusterTarget,
  decisions: readonly ObjectDecision[],
  input: EnsureInput,
): Promise<readonly (KubernetesObject | undefined)[]> {
  const apply = async (decision: ObjectDecision) => {
    const { object, replaces } = decision;
    if (!object) return undefined;
    if (replaces) {
      const held = await kubernetes.remove(cluster, refOf(object), replaces);
      const going = held && describeGoing(held);
      if (going !== undefined) throwConflict({ code: "KUBERNETES_OBJECT_GOING", message: going });
    }
    return await kubernetes.apply(cluster, object, { force: needsForce(decision, input) });
  };
  const calls: { decision: ObjectDecision; applying: ReturnType<typeof apply> }[] = [];
  for (const decision of decisions) {
    const role = calls.find(({ decision: other }) => isNewRole(other) && isRoleOf(decision.object, other.object));
    const applying = role ? role.applying.then(() => apply(decision)) : apply(decision);
    calls.push({ decision, applying });
  }
  const newNamespace = calls.find(
    ({ decision: { action, object } }) => action === "create" && object?.kind === "Namespace",
  );
  const results = await Promise.allSettled(
    calls.map(async ({ decision, applying }) => {
      if (!newNamespace || !decision.object?.metadata.namespace) return await applying;
      try {
        return await applying;
      } catch (error) {
        if (!(error instanceof PermanentError) || error.code !== "KUBERNETES_REJECTED") throw error;
        await newNamespace.applying;
        return await apply(decision);
      }
    }),
  );
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

function isNewRole({ object, current }: Pick<ObjectDecision, "object" | "current">): boolean {
  return object?.kind === "ClusterRole" && current === undefined;
}

/** Whether the one object is the role that the other, a binding, refers to. */
export function isRoleOf(binding: KubernetesObject | undefined, role: KubernetesObject | undefined): boolean {
  const ref = RoleRef.safeParse(binding).data?.roleRef;
  return role !== undefined && ref?.kind === role.kind && ref.name === role.metadata.name;
}

const RoleRef = z.object({ roleRef: z.object({ kind: z.string(), name: z.string() }) });

/** What changes in the object, according to what the API server stored or would store. */
export function differencesAfter(
  { action, differences, current, isMarkLost = false }: ObjectDecision,
  after: KubernetesObject,
): readonly Difference[] {
  if (action === "create" || !current) return differences;
  return [...(isMarkLost ? [markDifference(after)] : []), ...changesBetween(current, after)];
}

/** Detects a mutating webhook or policy that sets other values or removes the mark: it would do so every time. */
export function findAlteration(object: KubernetesObject, after: KubernetesObject): Conflict | undefined {
  const altered = compare(object, after);
  if (altered.length === 0) return undefined;
  const what = altered.map(({ field, current, desired }) => `${field} to ${current ?? "nothing"}, not ${desired}`);
  return { code: "KUBERNETES_ALTERED", message: `The cluster sets in ${nameOf(object)} ${what.join("; ")}.` };
}

export interface WithStep {
  readonly step: Pick<StepContext, "willDo">;
}

/** Force takes fields from other managers: only for our own objects, or if the request lets others' objects be changed. */
export function needsForce({ action }: Pick<ObjectDecision, "action">, { adoptionPolicy }: EnsureInput): boolean {
  return action === "update" || (action === "adopt" && mayAdopt(adoptionPolicy, { isIdentical: false }));
}

export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): ObjectRef {
  return { apiVersion, kind, name, ...defined({ namespace }) };
}

export function withMetadata(object: KubernetesObject, { labels, annotations }: ReturnType<typeof ownerMetadata>) {
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

function describeNew(object: KubernetesObject): Difference {
  return { field: "metadata.name", current: null, desired: nameOf(object) };
}

export function nameOf({ kind, metadata: { name, namespace } }: KubernetesObject): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

function markDifference(object: KubernetesObject): Difference {
  return { field: nameOf(object), current: "without Mooring's mark", desired: "marked" };
}

/** What a step does to the thing it is named after. An existing namespace counts as such, whatever is new in it. */
export function actionOfEnsuring(
  desired: readonly KubernetesObject[],
  decisions: readonly Pick<ObjectDecision, "action">[],
): StepAction {
  const all = strongest(decisions.map(({ action }) => action));
  const namespace = decisions[desired.findIndex(({ kind }) => kind === "Namespace")];
  if (!namespace || namespace.action === "create" || all === "none") return all;
  return namespace.action === "none" ? "update" : namespace.action;
}

/**
 * Whether Kubernetes lets nobody change the field: the role of a binding. Such an object is removed and made again (kubernetes.io
 * "Using RBAC Authorization").
 */
function isUnchangeable({ kind }: Pick<KubernetesObject, "kind">, { field }: Pick<Difference, "field">): boolean {
  return /^(Cluster)?RoleBinding$/.test(kind) && /^roleRef(\.|$)/.test(field);
}
