/** How AzureIdentity and AzureIdentityBinding are made, removed, restored and put back. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { TransientError } from "../../domain/errors.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import { azureIdentityName, type NamespaceRef } from "../../domain/naming/names.ts";
import { AdoptionPolicy, selectorOf } from "../../domain/request/request.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";
import { withDependants } from "../definitions/dependants.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { clientOf, earlierOf, lastOf, type OperationFacts, podSelectorOf } from "../definitions/operationFacts.ts";
import { defineStep, type Given } from "../definitions/step.ts";
import { ensuring, removing } from "../kubernetesObject/objectSteps.ts";
import { planObjectRestoration } from "../kubernetesObject/planObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { dependantsOfPodIdentity, selectorConflict } from "./bindings.ts";
import { bindingObject, desiredObjects, podIdentityApi, podIdentityRefs } from "./podIdentity.ts";

const binding = {
  selector: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: ClientId }),
  /** The operation ends with this step. */
  isLast: z.boolean().optional(),
};
type Bound = Given<typeof binding>;

const bound = {
  given: binding,
  target: "namespace",
  from: (operation: OperationFacts) => ({
    selector: podSelectorOf(operation),
    adoptionPolicy: operation.request.adoptionPolicy,
    identity: clientOf(operation),
  }),
  ...ensuring<Bound>(
    (catalog, input) => desiredObjects(catalog, input, { ...input, ...input.identity }),
    async ({ isLast }, step) => {
      if (isLast) await step.commit();
    },
  ),
} as const;

export const applyPodIdentity = defineStep({
  name: "applyPodIdentity",
  stage: "connect",
  undo: { by: "removePodIdentity", ofChange: "restorePodIdentity" },
  ...bound,
  from: (operation) => ({ ...bound.from(operation), ...lastOf(operation) }),
  async look(ports, input, planning) {
    const [plan, shared] = await Promise.all([
      bound.look(ports, input, planning),
      selectorConflict(ports, findCluster(ports.catalog, input.cluster), input),
    ]);
    return shared ? { ...plan, action: "conflict", blockers: [...plan.blockers, shared] } : plan;
  },
});

/** Puts binding and identity back when a migration fails to retire them, or is canceled at that point. */
export const returnPodIdentity = defineStep({ name: "returnPodIdentity", ...bound });

const removal = removing<object>(podIdentityRefs);

/** Removes binding and identity, then waits until no node has the identity assigned. */
export const removePodIdentity = defineStep({
  name: "removePodIdentity",
  stage: "disconnect",
  duration: { least: 1, most: 60 },
  target: "namespace",
  undo: { by: "returnPodIdentity" },
  given: {},
  from: () => ({}),
  async look(ports, input, planning) {
    const plan = await removal.look(ports, input, planning);
    const { kind, ignoreDependants = false } = planning;
    if (kind !== "offboard" || plan.action !== "delete") return plan;
    return withDependants(plan, [await dependantsOfPodIdentity(ports, input)], ignoreDependants);
  },
  async run(input, ports, step) {
    const { kubernetes } = ports;
    const cluster = findCluster(ports.catalog, input.cluster);
    const { action } = await removal.run(input, ports, step);
    // An earlier attempt, or an earlier operation, may have removed it without seeing the nodes let it go.
    if (action === "delete" || (action === "none" && (await isGone(kubernetes, cluster, input)))) {
      await waitUntilUnassigned(kubernetes, cluster, input);
    }
    return { action };
  },
  whenDropped: leave,
});

/** False for objects of others: what they assign stays assigned. */
async function isGone(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  namespaceRef: NamespaceRef,
): Promise<boolean> {
  const found = await Promise.all(podIdentityRefs(namespaceRef).map((ref) => kubernetes.get(cluster, ref)));
  return found.every((each) => each === undefined);
}

/** Undoes what a change wrote into the binding: its selector. */
export const restorePodIdentity = defineStep({
  name: "restorePodIdentity",
  target: "namespace",
  given: { written: z.string(), before: z.string() },
  from: (operation) => ({ written: selectorOf(operation.request), before: selectorOf(earlierOf(operation)) }),
  async look({ catalog, kubernetes }, input, { step }) {
    const cluster = findCluster(catalog, input.cluster);
    return await planObjectRestoration(kubernetes, cluster, [rewrittenBinding(input)], { ...input, step });
  },
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    return { action: await restoreObjects(kubernetes, cluster, [rewrittenBinding(input)], { ...input, step }) };
  },
});

/** The binding as a change writes it, and as it was before. */
function rewrittenBinding({
  written,
  before,
  ...namespaceRef
}: NamespaceRef & { written: string; before: string }): Rewritten {
  return { written: bindingObject(namespaceRef, written), before: bindingObject(namespaceRef, before) };
}

const assignmentPolls = 10;
const assignmentPollMs = 500;

/**
 * Waits until no node has the identity assigned: an Azure identity that is deleted while a node still has it blocks every later
 * assignment there (aad-pod-identity issues 227, 533, 1327).
 */
async function waitUntilUnassigned(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  namespaceRef: NamespaceRef,
): Promise<void> {
  for (let poll = 0; poll < assignmentPolls; poll += 1) {
    const assigned = await kubernetes.list(cluster, { apiVersion: podIdentityApi, kind: "AzureAssignedIdentity" });
    if (!assigned.some((each) => assignedIdentityName(each) === azureIdentityName(namespaceRef))) return;
    await sleep(assignmentPollMs);
  }
  throw new TransientError(
    "IDENTITY_STILL_ASSIGNED",
    `AzureAssignedIdentity objects of ${azureIdentityName(namespaceRef)} are still there; aad-pod-identity has not let the identity go.`,
  );
}

const AssignedSpec = z.object({
  spec: z.object({ azureIdentityRef: z.object({ metadata: z.object({ name: z.string() }) }) }),
});

function assignedIdentityName(object: KubernetesObject): string | undefined {
  return AssignedSpec.safeParse(object).data?.spec.azureIdentityRef.metadata.name;
}
