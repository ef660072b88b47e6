/** How Kubernetes objects go: what Mooring created is deleted, what it adopted is given up, and the rest stays. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { adoptedBy, readMetadata, readReplaced } from "../../domain/naming/ownership.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Difference, stays } from "../../domain/operation/plan.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports.ts";
import { nameOf, strongest, type WithStep } from "./ensureObjects.ts";

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

function bare(
  { apiVersion, kind, name, namespace }: ObjectRef,
  { metadata, ...values }: ReturnType<typeof readReplaced> = {},
): KubernetesObject {
  const place = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...values, apiVersion, kind, metadata: { ...metadata, ...place } };
}
