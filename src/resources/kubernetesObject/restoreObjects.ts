/** How Kubernetes objects are restored to what they were before a change. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
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
import type { Difference } from "../../domain/operation/plan.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";
import { compare } from "./differences.ts";
import { type ObjectDecision, refOf, type WithStep, withMetadata } from "./ensureObjects.ts";
import { replaceable, surplusFields, versionOf } from "./fieldOwners.ts";
import { isManagedByArm } from "./managedByArm.ts";

export interface Rewritten {
  readonly written: KubernetesObject;
  readonly before: KubernetesObject;
}

/**
 * Restores what a change overwrote, unless somebody else has set it since. An object that differs from what the change writes was
 * not written by it.
 */
export async function restoreObjects(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  rewritten: readonly Rewritten[],
  { step, ...namespaceRef }: NamespaceRef & WithStep,
): Promise<StepAction> {
  const actions: StepAction[] = [];
  const said: Difference[] = [];
  for (const each of rewritten) {
    const { action, differences, object } = await planRestoration(kubernetes, cluster, each, namespaceRef);
    if (!object) continue;
    // Each announcement replaces the one before.
    actions.push(action);
    said.push(...differences);
    await step.willDo(strongest(actions), said);
    await kubernetes.apply(cluster, object);
  }
  return strongest(actions);
}

export async function planRestoration(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  { written, before }: Rewritten,
  namespaceRef: NamespaceRef,
): Promise<ObjectDecision> {
  const current = await kubernetes.get(cluster, refOf(written));
  const mark = current && markOf(current, namespaceRef);
  const none = { action: "none", differences: [], conflict: undefined, object: undefined, current } as const;
  if (!mark || isManagedByArm(current) || compare(written, current).length > 0) return none;
  const { apiVersion, kind, metadata, ...values } = before;
  const restored = {
    ...replaceable(values, current, written),
    apiVersion,
    kind,
    metadata: { ...metadata, ...versionOf(current) },
  };
  const differences = [...compare(restored, current), ...surplusFields(restored, current)];
  if (differences.length === 0) return none;
  return { action: "update", differences, conflict: undefined, object: withMetadata(restored, mark), current };
}

/** The object's mark, if Mooring created or adopted it for the namespace. */
function markOf(
  { metadata }: KubernetesObject,
  namespaceRef: NamespaceRef,
): ReturnType<typeof ownerMetadata> | undefined {
  const ownership = readMetadata(metadata);
  if (ownership?.berth === namespaceKey(namespaceRef))
    return ownerMetadata(namespaceRef, ownership.operation, ownership.installation);
  const adopter = adoptedBy(metadata);
  return adopter?.berth === namespaceKey(namespaceRef)
    ? adopterMetadata(namespaceRef, adopter.operation, { uid: metadata.uid, replaced: readReplaced(metadata) })
    : undefined;
}
