import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { TransientError } from "../../domain/errors.ts";
import { type Berth, berthKey, bindingName, identityName } from "../../domain/naming/names.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import type { StepPlan } from "../../domain/operation/plan.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { IdentityRef, Kubernetes, KubernetesObject, ObjectRef, Ports } from "../../ports.ts";
import { RemovalInput, type StepContext, StepInput, StepResult, stepActivity } from "../operation/step.ts";
import { unknownClientId, withUnknownClientId } from "./identity.ts";
import { ensureObjects, type Rewritten, restoreObjects } from "./kubernetesObject.ts";
import { type PlanInput, planObjects } from "./objectPlan.ts";
import { removeObjects } from "./objectRemoval.ts";

export const podIdentityApi = "aadpodidentity.k8s.io/v1";

const ApplyPodIdentityInput = StepInput.extend({
  selector: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: z.guid() }),
});
type ApplyPodIdentityInput = z.infer<typeof ApplyPodIdentityInput>;

/**
 * AzureIdentity and AzureIdentityBinding in the namespace itself: aad-pod-identity looks the identity up in the binding's
 * namespace. Without the Behavior annotation a pod of any namespace could label itself into this identity.
 */
export function podIdentityObjects(
  berth: Berth,
  { clientId, selector, ref }: { clientId: string; selector: string; ref: IdentityRef },
): readonly KubernetesObject[] {
  const name = identityName(berth);
  return [
    {
      apiVersion: podIdentityApi,
      kind: "AzureIdentity",
      metadata: {
        name,
        namespace: berth.namespace,
        annotations: { "aadpodidentity.k8s.io/Behavior": "namespaced" },
      },
      spec: { type: 0, resourceID: resourceId(ref), clientID: clientId },
    },
    bindingObject(berth, selector),
  ];
}

function bindingObject(berth: Berth, selector: string): KubernetesObject {
  return {
    apiVersion: podIdentityApi,
    kind: "AzureIdentityBinding",
    metadata: { name: bindingName(berth), namespace: berth.namespace },
    spec: { azureIdentity: identityName(berth), selector },
  };
}

/** The value of the pod label `aadpodidbinding`. */
export function selectorOf({ selector, namespace }: { selector?: string | undefined; namespace: string }): string {
  return selector ?? namespace;
}

/** With `resourcegroups` in lower case, as the project's documents write it: another spelling is another identity to MIC. */
function resourceId({ subscriptionId, resourceGroup, name }: IdentityRef): string {
  const provider = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
  return `/subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/${provider}/${name}`;
}

export async function planPodIdentity(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { identity, ...input }: PlanInput<ApplyPodIdentityInput>,
): Promise<StepPlan> {
  const cluster = findCluster(catalog, input.cluster);
  const { clientId } = identity ?? { clientId: unknownClientId };
  const desired = podIdentityObjects(input, { ...input, clientId, ref: identityRef(cluster, input) });
  const step = { name: "applyPodIdentity", target: berthKey(input) };
  return withUnknownClientId(await planObjects(kubernetes, cluster, desired, { ...input, step }));
}

export const applyPodIdentity = stepActivity({
  name: "applyPodIdentity",
  input: ApplyPodIdentityInput,
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    const desired = podIdentityObjects(input, { ...input, ...input.identity, ref: identityRef(cluster, input) });
    return { action: await ensureObjects(kubernetes, cluster, desired, { ...input, step }) };
  },
});

/** Puts binding and identity back after a migration that could not retire them, or was canceled then. */
export const returnPodIdentity = stepActivity({
  name: "returnPodIdentity",
  // Told as every undo is, so that a cancellation does not stop it.
  input: ApplyPodIdentityInput.extend({ createdBy: z.string() }),
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    const desired = podIdentityObjects(input, { ...input, ...input.identity, ref: identityRef(cluster, input) });
    return { action: await ensureObjects(kubernetes, cluster, desired, { ...input, step }) };
  },
});

/**
 * Removes binding and identity, then waits until the nodes have let go: an Azure identity that is deleted while a node
 * still has it assigned blocks every later assignment there (aad-pod-identity issues 227, 533, 1327).
 */
export const removePodIdentity = stepActivity({
  name: "removePodIdentity",
  input: RemovalInput,
  output: StepResult,
  target: berthKey,
  run: async (input, ports, step) => ({ action: await takePodIdentityAway(ports, input, step) }),
});

export async function takePodIdentityAway(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  input: Berth & { createdBy?: string | undefined },
  step: Pick<StepContext, "willDo">,
): Promise<StepAction> {
  const cluster = findCluster(catalog, input.cluster);
  const action = await removeObjects(kubernetes, cluster, podIdentityRefs(input), { ...input, step });
  if (action === "delete") await waitUntilUnassigned(kubernetes, cluster, input);
  return action;
}

/** In the order in which they are taken away: first what gives pods the identity. */
export function podIdentityRefs(berth: Berth): readonly ObjectRef[] {
  const inNamespace = { apiVersion: podIdentityApi, namespace: berth.namespace };
  return [
    { ...inNamespace, kind: "AzureIdentityBinding", name: bindingName(berth) },
    { ...inNamespace, kind: "AzureIdentity", name: identityName(berth) },
  ];
}

/** The binding as a change writes it, and as it was before. */
export function rewrittenBinding({
  written,
  before,
  ...berth
}: Berth & { written: string; before: string }): Rewritten {
  return { written: bindingObject(berth, written), before: bindingObject(berth, before) };
}

/** Undoes what a change wrote into the binding: its selector. */
export const restorePodIdentity = stepActivity({
  name: "restorePodIdentity",
  input: RemovalInput.extend({ written: z.string(), before: z.string() }),
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    return { action: await restoreObjects(kubernetes, cluster, [rewrittenBinding(input)], { ...input, step }) };
  },
});

const assignmentPolls = 10;
const assignmentPollMs = 500;

async function waitUntilUnassigned(kubernetes: Kubernetes, cluster: ClusterTarget, berth: Berth): Promise<void> {
  for (let poll = 0; poll < assignmentPolls; poll += 1) {
    const assigned = await kubernetes.list(cluster, { apiVersion: podIdentityApi, kind: "AzureAssignedIdentity" });
    if (!assigned.some((each) => assignedIdentityName(each) === identityName(berth))) return;
    await sleep(assignmentPollMs);
  }
  throw new TransientError(
    "IDENTITY_STILL_ASSIGNED",
    `AzureAssignedIdentity objects of ${identityName(berth)} are still there; aad-pod-identity has not let the identity go.`,
  );
}

const AssignedSpec = z.object({
  spec: z.object({ azureIdentityRef: z.object({ metadata: z.object({ name: z.string() }) }) }),
});

function assignedIdentityName(object: KubernetesObject): string | undefined {
  return AssignedSpec.safeParse(object).data?.spec.azureIdentityRef.metadata.name;
}
