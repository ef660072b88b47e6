/** How any Kubernetes object is compared, applied, and taken away again. The objects themselves stand in their own files. */
import type { ClusterTarget } from "../domain/catalog.ts";
import { type Berth, berthKey } from "../domain/names.ts";
import type { StepAction } from "../domain/operation.ts";
import {
  adoptedBy,
  adopterMetadata,
  type Ownership,
  ownerMetadata,
  readMetadata,
  readReplaced,
} from "../domain/ownership.ts";
import { type Conflict, type Difference, throwConflict } from "../domain/plan.ts";
import type { AdoptionPolicy } from "../domain/request.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../ports.ts";
import type { StepContext } from "./step.ts";

export interface ObjectDecision {
  readonly action: StepAction;
  readonly differences: readonly Difference[];
  readonly conflict: Conflict | undefined;
  /** What to apply; undefined when nothing is to be written. */
  readonly object: KubernetesObject | undefined;
}

interface EnsureInput extends Berth {
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
    return { action: "create", differences: [describeNew(desired)], conflict: undefined, object };
  }
  const differences = compare(desired, current);
  const ownership = readMetadata(current.metadata);
  if (ownership?.berth === berthKey(input)) {
    if (differences.length === 0) {
      const action = ownership.operation === input.operation ? "create" : "none";
      return { action, differences, conflict: undefined, object: undefined };
    }
    // The mark keeps naming the operation that created the object, so that this one's undo does not remove it.
    const object = withMetadata(desired, ownerMetadata(input, ownership.operation));
    return { action: "update", differences, conflict: undefined, object };
  }
  const conflict = adoptionConflict(desired, differences, { ...input, owner: ownership?.berth });
  // After an earlier adoption, what differs may be its doing: what that one replaced is what was there before.
  const isAdopted = adoptedBy(current.metadata)?.berth === berthKey(input);
  const replaced = isAdopted ? readReplaced(current.metadata) : valuesBefore(desired, current);
  const object =
    conflict || differences.length === 0
      ? undefined
      : withMetadata(desired, adopterMetadata(input, input.operation, replaced));
  return { action: "adopt", differences, conflict, object };
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
  { step, ...input }: EnsureInput & WithStep,
): Promise<StepAction> {
  const decisions = await Promise.all(desired.map((each) => planObject(kubernetes, cluster, each, input)));
  for (const { conflict } of decisions) throwConflict(conflict);
  const result = strongest(decisions.map(({ action }) => action));
  if (decisions.some(({ object }) => object)) {
    await step.willDo(
      result,
      decisions.flatMap(({ differences }) => differences),
      { isMarked: result === "create" },
    );
  }
  for (const { action, object } of decisions) {
    if (object) await kubernetes.apply(cluster, object, { force: action === "update" || isTakeOver(action, input) });
  }
  return result;
}

interface WithStep {
  readonly step: Pick<StepContext, "willDo">;
}

/** Force takes fields from another manager: only for what is ours, or where the request says Always. */
function isTakeOver(action: StepAction, { adoptionPolicy }: EnsureInput): boolean {
  return action === "adopt" && adoptionPolicy === "Always";
}

interface RemoveInput extends Berth {
  readonly createdBy?: string | undefined;
}

/** Removes objects that Mooring created and gives up the fields of those that it adopted, in order. */
export async function removeObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  refs: readonly ObjectRef[],
  { step, ...input }: RemoveInput & WithStep,
): Promise<StepAction> {
  const found = await Promise.all(refs.map((ref) => kubernetes.get(cluster, ref)));
  const removals = refs.flatMap((ref, index) => {
    const current = found[index];
    const action = current && removalOf(current, input);
    return current && action ? [{ ref, current, action }] : [];
  });
  if (removals.length === 0) return "none";
  const result = strongest(removals.map(({ action }) => action));
  await step.willDo(
    result,
    removals.map(({ current, action }) => ({
      field: "metadata.name",
      current: nameOf(current),
      desired: action === "delete" ? null : "given up",
    })),
  );
  for (const { ref, current, action } of removals) {
    const { uid } = current.metadata;
    if (uid === undefined) throw new Error(`${nameOf(current)} came without a UID`);
    if (action === "delete") await kubernetes.remove(cluster, ref, { uid });
    else await giveUp(kubernetes, cluster, current);
  }
  return result;
}

/** Applying no more than the name and what was replaced gives up every other field that only this manager owns. */
async function giveUp(kubernetes: Kubernetes, cluster: ClusterTarget, object: KubernetesObject): Promise<void> {
  const { metadata, ...values } = readReplaced(object.metadata);
  const { apiVersion, kind, metadata: place } = bare(refOf(object));
  await kubernetes.apply(
    cluster,
    { ...values, apiVersion, kind, metadata: { ...metadata, ...place } },
    { force: true },
  );
}

/** Undefined for what is not Mooring's to touch. */
function removalOf(current: KubernetesObject, input: RemoveInput): "delete" | "update" | undefined {
  const isMeant = (mark: Ownership | undefined) =>
    mark?.berth === berthKey(input) && (input.createdBy === undefined || input.createdBy === mark.operation);
  if (isMeant(readMetadata(current.metadata))) return "delete";
  return isMeant(adoptedBy(current.metadata)) ? "update" : undefined;
}

export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

function bare({ apiVersion, kind, name, namespace }: ObjectRef): KubernetesObject {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
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

function nameOf({ kind, metadata: { name, namespace } }: KubernetesObject): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

const strength: readonly StepAction[] = ["none", "adopt", "update", "create", "delete", "conflict"];

export function strongest(actions: readonly StepAction[]): StepAction {
  return actions.reduce<StepAction>(
    (most, each) => (strength.indexOf(each) > strength.indexOf(most) ? each : most),
    "none",
  );
}
