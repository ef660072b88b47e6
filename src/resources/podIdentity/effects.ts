import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { AdoptionPolicy, selectorOf } from "../../domain/request/request.ts";
import type { IdentityRef, Kubernetes, KubernetesObject, Ports } from "../../ports.ts";
import { withDependants } from "../definitions/dependants.ts";
import type { Look } from "../definitions/look.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import type { ResourceEffects } from "../definitions/resourceEffects.ts";
import { defineStep, RemovalInput, type StepContext, StepInput, StepResult } from "../definitions/step.ts";
import { unknownClientId, withUnknownClientId } from "../definitions/unknownClientId.ts";
import { ensureObjects } from "../kubernetesObject/ensureObjects.ts";
import { inspectObject, inspectSurplus, remainsOf } from "../kubernetesObject/inspectObjects.ts";
import { planObjectRemoval, planObjectRestoration, planObjects } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { waitUntilUnassigned } from "./assignedIdentities.ts";
import { dependantsOfPodIdentity, inspectBindings, selectorConflict } from "./bindings.ts";
import { checkKubeletRoles } from "./kubeletRoles.ts";
import { bindingObject, type podIdentity, podIdentityApi, podIdentityObjects, podIdentityRefs } from "./podIdentity.ts";

const ApplyPodIdentityInput = StepInput.extend({
  selector: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: z.guid() }),
  /** The operation ends with this step. */
  isLast: z.boolean().optional(),
});
type ApplyPodIdentityInput = z.infer<typeof ApplyPodIdentityInput>;

async function apply(input: ApplyPodIdentityInput, ports: Ports, step: StepContext) {
  const cluster = findCluster(ports.catalog, input.cluster);
  const desired = desiredObjects(cluster, input, { ...input, ...input.identity });
  if (input.isLast) await step.commit();
  const ensuring = { ...input, recordedMark: recordedMarks(ports, input), step };
  return { action: await ensureObjects(ports.kubernetes, cluster, desired, ensuring) };
}

export const applyPodIdentity = defineStep({
  name: "applyPodIdentity",
  input: ApplyPodIdentityInput,
  output: StepResult,
  target: berthKey,
  run: apply,
});

/** Puts binding and identity back when a migration fails to retire them, or is canceled at that point. */
export const returnPodIdentity = defineStep({
  name: "returnPodIdentity",
  // `createdBy`, as in every undo, keeps a cancellation from stopping it.
  input: ApplyPodIdentityInput.extend({ createdBy: z.string() }),
  output: StepResult,
  target: berthKey,
  run: apply,
});

/** Removes binding and identity, then waits until no node has the identity assigned. */
export const removePodIdentity = defineStep({
  name: "removePodIdentity",
  input: RemovalInput,
  output: StepResult,
  target: berthKey,
  async run(input, ports, step) {
    const { kubernetes } = ports;
    const action = await takePodIdentityAway(ports, input, step);
    const cluster = findCluster(ports.catalog, input.cluster);
    // An earlier attempt, or an earlier operation, may have removed it without seeing the nodes let it go.
    if (action === "none" && (await isGone(kubernetes, cluster, input))) {
      await waitUntilUnassigned(kubernetes, cluster, input);
    }
    return { action };
  },
});

async function takePodIdentityAway(
  ports: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  input: Berth & { createdBy?: string | undefined },
  step: Pick<StepContext, "willDo">,
): Promise<StepAction> {
  const cluster = findCluster(ports.catalog, input.cluster);
  const removal = { ...input, recordedMark: recordedMarks(ports, input), step };
  const action = await removeObjects(ports.kubernetes, cluster, podIdentityRefs(input), removal);
  if (action === "delete") await waitUntilUnassigned(ports.kubernetes, cluster, input);
  return action;
}

/** False for objects of others: what they assign stays assigned. */
async function isGone(kubernetes: Pick<Kubernetes, "get">, cluster: ClusterTarget, berth: Berth): Promise<boolean> {
  const found = await Promise.all(podIdentityRefs(berth).map((ref) => kubernetes.get(cluster, ref)));
  return found.every((each) => each === undefined);
}

/** Undoes what a change wrote into the binding: its selector. */
export const restorePodIdentity = defineStep({
  name: "restorePodIdentity",
  input: RemovalInput.extend({ written: z.string(), before: z.string() }),
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    return { action: await restoreObjects(kubernetes, cluster, [rewrittenBinding(input)], { ...input, step }) };
  },
});

/** The binding as a change writes it, and as it was before. */
function rewrittenBinding({ written, before, ...berth }: Berth & { written: string; before: string }): Rewritten {
  return { written: bindingObject(berth, written), before: bindingObject(berth, before) };
}

function desiredObjects(
  cluster: ClusterTarget,
  { cluster: alias, namespace }: Berth,
  { clientId, selector }: { clientId: string; selector: string },
): readonly KubernetesObject[] {
  const berth = { cluster: alias, namespace };
  return podIdentityObjects(berth, { clientId, selector, resourceId: resourceId(identityRef(cluster, berth)) });
}

/** With `resourcegroups` in lower case, as in aad-pod-identity's documentation: MIC takes another spelling for another identity. */
function resourceId({ subscriptionId, resourceGroup, name }: IdentityRef): string {
  const provider = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
  return `/subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/${provider}/${name}`;
}

/** The objects according to the request, or to the migration that removes them. */
const lookAtObjects: Look = async (ports, { kind, request, operation, identity, migrating, step }) => {
  const cluster = findCluster(ports.catalog, request.cluster);
  const { clientId } = migrating ?? identity ?? { clientId: unknownClientId };
  const selector = migrating?.migration.selector ?? selectorOf(request);
  const desired = desiredObjects(cluster, request, { clientId, selector });
  const input = { ...request, kind, operation, recordedMark: recordedMarks(ports, request), step };
  return withUnknownClientId(await planObjects(ports.kubernetes, cluster, desired, input));
};

export const podIdentityEffects: ResourceEffects<keyof typeof podIdentity.steps> = {
  looks: {
    async applyPodIdentity(ports, input) {
      const { request } = input;
      const [plan, shared] = await Promise.all([
        lookAtObjects(ports, input),
        selectorConflict(ports, findCluster(ports.catalog, request.cluster), request),
      ]);
      return shared ? { ...plan, action: "conflict", blockers: [...plan.blockers, shared] } : plan;
    },
    returnPodIdentity: lookAtObjects,
    async removePodIdentity(ports, { kind, request, createdBy, step, ignoreDependants = false }) {
      const { cluster, namespace } = request;
      const input = { cluster, namespace, createdBy, recordedMark: recordedMarks(ports, request), step };
      const target = findCluster(ports.catalog, cluster);
      const plan = await planObjectRemoval(ports.kubernetes, target, podIdentityRefs(request), input);
      if (kind !== "offboard" || plan.action !== "delete") return plan;
      return withDependants(plan, [await dependantsOfPodIdentity(ports, request)], ignoreDependants);
    },
    async restorePodIdentity({ catalog, kubernetes }, { request, earlier = request, step }) {
      const { cluster, namespace } = request;
      const [written, before] = [selectorOf(request), selectorOf(earlier)];
      const rewritten = [rewrittenBinding({ cluster, namespace, written, before })];
      const input = { cluster, namespace, step };
      return await planObjectRestoration(kubernetes, findCluster(catalog, cluster), rewritten, input);
    },
  },

  preflight: (ports, { cluster, identity }) => [
    { about: "cluster", look: async () => void (await expectInstalled(ports.kubernetes, cluster)) },
    { about: "cluster", look: () => checkKubeletRoles(ports, cluster, identity) },
  ],

  inspect(ports, { request, clientId, isMigrating = false, note }) {
    const cluster = findCluster(ports.catalog, request.cluster);
    const target = `Namespace ${request.namespace}`;
    if (request.identityMode === "podIdentity") {
      const desired = desiredObjects(cluster, request, { clientId, selector: selectorOf(request) });
      return [
        ...desired.map((object) => ({ target, read: () => inspectObject(ports.kubernetes, cluster, object, note) })),
        { target, read: () => inspectBindings(ports, cluster, request) },
      ];
    }
    if (isMigrating) return [];
    return podIdentityRefs(request).map((ref) => ({
      target,
      read: () => inspectSurplus(ports.kubernetes, cluster, { ref, berth: request, code: "POD_IDENTITY_SURPLUS" }),
    }));
  },

  takeAway: (ports, { cluster, namespace }, step) => takePodIdentityAway(ports, { cluster, namespace }, step),

  remains(ports, request) {
    const cluster = findCluster(ports.catalog, request.cluster);
    const input = { berth: request, recordedMark: recordedMarks(ports, request) };
    return podIdentityRefs(request).map((ref) => remainsOf(ports.kubernetes, cluster, { ref, ...input }));
  },

  exported(catalog, { request, clientId }) {
    const cluster = findCluster(catalog, request.cluster);
    return { objects: desiredObjects(cluster, request, { clientId, selector: selectorOf(request) }) };
  },
};

async function expectInstalled(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const kinds = await kubernetes.kinds(cluster, podIdentityApi);
  if (kinds.includes("AzureIdentity") && kinds.includes("AzureIdentityBinding")) return;
  throw new PermanentError("POD_IDENTITY_NOT_INSTALLED", `Cluster "${cluster.alias}" has no ${podIdentityApi} kinds.`);
}
