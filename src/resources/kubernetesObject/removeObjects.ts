/** How Kubernetes objects are removed: what Mooring created is deleted, what it adopted is given up, and the rest stays. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { adoptedBy, readMetadata, readReplaced } from "../../domain/naming/ownership.ts";
import { strongest } from "../../domain/operation/actions.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Difference, stays } from "../../domain/operation/plan.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports/kubernetes.ts";
import type { RecordedMark } from "../definitions/recordedMark.ts";
import { compare } from "./differences.ts";
import { nameOf, type WithStep } from "./ensureObjects.ts";
import { managesNothingBut, replaceable, versionOf } from "./fieldOwners.ts";
import { knownMetadata } from "./knownMetadata.ts";
import { isManagedByArm } from "./managedByArm.ts";

export interface RemoveInput extends NamespaceRef {
  readonly createdBy?: string | undefined;
  readonly recordedMark: RecordedMark;
}

export interface Leaving extends ObjectRef {
  /** It is not deleted, whoever created it, but loses Mooring's mark. */
  readonly isKept?: boolean;
  /** The fields that Mooring set and that it has afterwards, too. */
  readonly keptFields?: readonly string[];
  /** Asked for a plan, and again right before it is deleted: whether it is kept after all. */
  readonly mustStay?: () => Promise<boolean>;
}

export interface RemovalDecision {
  readonly action: StepAction;
  readonly differences: readonly Difference[];
  readonly ref: ObjectRef;
  readonly uid: string | undefined;
  /** For an object that is deleted: the state that was seen, which must still be its state. */
  readonly resourceVersion?: string | undefined;
  /** It is being deleted already. */
  readonly isGoing?: boolean;
  /** For an object that stays: what Mooring applies to give it up. */
  readonly released?: KubernetesObject;
}

/** Delete what Mooring created, update (give up the fields of) what it adopted, and leave the rest. */
export async function planRemoval(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  refs: readonly Leaving[],
  input: RemoveInput,
): Promise<readonly RemovalDecision[]> {
  return await Promise.all(refs.map(async (ref) => decideRemoval(ref, await kubernetes.get(cluster, ref), input)));
}

async function decideRemoval(
  { isKept = false, keptFields = [], mustStay: _asked, ...ref }: Leaving,
  current: KubernetesObject | undefined,
  input: RemoveInput,
): Promise<RemovalDecision> {
  if (!current) return { action: "none", differences: [], ref, uid: undefined };
  const { uid } = current.metadata;
  const field = nameOf(current);
  if (isManagedByArm(current)) {
    const difference = { field, current: "managed by Azure Resource Manager", desired: stays };
    return { action: "none", differences: [difference], ref, uid };
  }
  const matches = (operation: string) => input.createdBy === undefined || input.createdBy === operation;
  const { metadata } = await knownMetadata(current, input.recordedMark);
  const ownership = readMetadata(metadata);
  if (ownership?.berth === namespaceKey(input) && matches(ownership.operation)) {
    if (isKept) {
      const difference = { field, current: "created by Mooring", desired: "stays, without Mooring's mark" };
      const kept = Object.fromEntries(keptFields.map((each) => [each, current[each]]));
      return { action: "keep", differences: [difference], ref, uid, released: bare(ref, current, kept) };
    }
    const what = ref.kind === "Namespace" ? "created by Mooring, with everything in it" : "created by Mooring";
    const differences = [{ field, current: what, desired: null }];
    // What is being deleted changes until it is gone.
    const isGoing = current.metadata.deletionTimestamp !== undefined;
    const resourceVersion = isGoing ? undefined : current.metadata.resourceVersion;
    return { action: "delete", differences, ref, uid, isGoing, resourceVersion };
  }
  const adopter = adoptedBy(metadata);
  if (adopter?.berth === namespaceKey(input) && matches(adopter.operation)) {
    const difference = { field, current: "adopted by Mooring", desired: "stays, without the fields that Mooring set" };
    const released = bare(ref, current, replaceable(readReplaced(metadata), current));
    // An earlier attempt gave it up and its answer was lost; only the record still says that it was adopted.
    if (managesNothingBut(released, current)) return { action: "none", differences: [], ref, uid };
    return { action: "update", differences: [difference, ...compare(released, current)], ref, uid, released };
  }
  return { action: "none", differences: [{ field, current: "not created by Mooring", desired: stays }], ref, uid };
}

/** The decision, or another one if the object must stay although it would be deleted. */
export async function reconsider(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  { ref, decision }: { readonly ref: Leaving; readonly decision: RemovalDecision },
  input: RemoveInput,
): Promise<RemovalDecision> {
  if (decision.action !== "delete" || decision.isGoing || !ref.mustStay) return decision;
  try {
    if (!(await ref.mustStay())) return decision;
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    // Others may delete it while Mooring asks: nothing keeps it then.
    const current = await kubernetes.get(cluster, ref);
    if (current && current.metadata.deletionTimestamp === undefined) throw error;
    return await decideRemoval(ref, current, input);
  }
  return await decideRemoval({ ...ref, isKept: true }, await kubernetes.get(cluster, ref), input);
}

/** Applying only the name and the restored values gives up every other field that only this manager owns. */
function bare(
  { apiVersion, kind, name, namespace }: ObjectRef,
  current: KubernetesObject,
  { metadata = {}, ...values }: { metadata?: object } = {},
): KubernetesObject {
  const place = { name, ...defined({ namespace }) };
  return { ...values, apiVersion, kind, metadata: { ...metadata, ...place, ...versionOf(current) } };
}

/**
 * What a step did to the thing it is named after. A namespace that stays counts as such, whatever is removed from it.
 */
export function actionOfRemoval(decisions: readonly RemovalDecision[]): StepAction {
  const all = strongest(decisions.map(({ action }) => action));
  const namespace = decisions.find(({ ref, uid }) => ref.kind === "Namespace" && uid !== undefined);
  if (!namespace || namespace.action === "delete" || all === "none") return all;
  return "keep";
}

/** Removes objects that Mooring created and gives up the fields of those that it adopted, in order. */
export async function removeObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  refs: readonly Leaving[],
  {
    step,
    onHeld = () => undefined,
    ...input
  }: RemoveInput & WithStep & { readonly onHeld?: (object: KubernetesObject) => void },
): Promise<StepAction> {
  let decisions = await planRemoval(kubernetes, cluster, refs, input);
  if (decisions.every(({ action }) => action === "none")) return actionOfRemoval(decisions);
  const announce = () =>
    step.willDo(
      actionOfRemoval(decisions),
      decisions.flatMap(({ differences }) => differences.filter(({ desired }) => desired !== stays)),
    );
  await announce();
  for (const [index, ref] of refs.entries()) {
    const planned = decisions[index];
    if (!planned || planned.action === "none") continue;
    const decision = await reconsider(kubernetes, cluster, { ref, decision: planned }, input);
    if (decision !== planned) {
      decisions = decisions.with(index, decision);
      await announce();
    }
    if (decision.action === "none") continue;
    const held = await removeOrRelease(kubernetes, cluster, decision);
    if (held) onHeld(held);
  }
  return actionOfRemoval(decisions);
}

/**
 * The one write that deletes an object or gives it up; as a dry run, it checks whether the cluster would allow that. Returns an object
 * that is deleted and still there.
 */
export async function removeOrRelease(
  kubernetes: Pick<Kubernetes, "apply" | "remove">,
  cluster: ClusterTarget,
  { ref, uid, resourceVersion, released }: Pick<RemovalDecision, "ref" | "uid" | "resourceVersion" | "released">,
  dryRun = false,
): Promise<KubernetesObject | undefined> {
  if (released) {
    await kubernetes.apply(cluster, released, { dryRun });
    return undefined;
  }
  if (uid === undefined) throw new Error(`${ref.kind} ${ref.name} has no UID`);
  const seen = { uid, ...defined({ resourceVersion }) };
  return await kubernetes.remove(cluster, ref, seen, { dryRun });
}
