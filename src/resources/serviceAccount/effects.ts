import { z } from "zod";
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { replacedAccount } from "../../domain/request/change.ts";
import { AdoptionPolicy, type OnboardingRequest } from "../../domain/request/request.ts";
import type { Kubernetes, ObjectRef, Ports } from "../../ports.ts";
import type { Reading } from "../definitions/inspection.ts";
import type { Look } from "../definitions/look.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import type { ResourceEffects } from "../definitions/resourceEffects.ts";
import { defineStep, RemovalInput, type StepContext, StepInput, StepResult } from "../definitions/step.ts";
import { unknownClientId, withUnknownClientId } from "../definitions/unknownClientId.ts";
import { ensureObjects, refOf } from "../kubernetesObject/ensureObjects.ts";
import { inspectObject, remainsOf } from "../kubernetesObject/inspectObjects.ts";
import { planObjectRemoval, planObjects } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { accountKey, type serviceAccount, serviceAccountObject, serviceAccountRefs } from "./serviceAccount.ts";
import { findSurplusAccounts, inspectLeftAccount, surplusFinding } from "./surplus.ts";

/** The service account of the workload, annotated with the identity that its tokens are exchanged for. */
const ApplyServiceAccountInput = StepInput.extend({
  serviceAccount: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: z.guid() }),
});

async function apply(input: z.infer<typeof ApplyServiceAccountInput>, ports: Ports, step: StepContext) {
  const { catalog, kubernetes } = ports;
  const desired = desiredAccount(catalog, input, input.identity.clientId);
  const cluster = findCluster(catalog, input.cluster);
  const ensuring = { ...input, recordedMark: recordedMarks(ports, input), step };
  return { action: await ensureObjects(kubernetes, cluster, [desired], ensuring) };
}

export const applyServiceAccount = defineStep({
  name: "applyServiceAccount",
  input: ApplyServiceAccountInput,
  output: StepResult,
  target: berthKey,
  run: apply,
});

/** Puts it back when a migration to pod identity fails to remove it, or is canceled at that point. */
export const returnServiceAccount = defineStep({
  name: "returnServiceAccount",
  // `createdBy`, as in every undo, keeps a cancellation from stopping it.
  input: ApplyServiceAccountInput.extend({ createdBy: z.string() }),
  output: StepResult,
  target: berthKey,
  run: apply,
});

const RemoveServiceAccountInput = RemovalInput.extend({ serviceAccount: z.string() });

async function remove(
  input: z.infer<typeof RemoveServiceAccountInput>,
  ports: Ports,
  step: Pick<StepContext, "willDo">,
) {
  const cluster = findCluster(ports.catalog, input.cluster);
  const removal = { ...input, recordedMark: recordedMarks(ports, input), step };
  return { action: await removeObjects(ports.kubernetes, cluster, serviceAccountRefs(input), removal) };
}

export const removeServiceAccount = defineStep({
  name: "removeServiceAccount",
  input: RemoveServiceAccountInput,
  output: StepResult,
  target: berthKey,
  run: remove,
});

/** The same for a service account that a change replaces. */
export const retireServiceAccount = defineStep({
  name: "retireServiceAccount",
  input: RemoveServiceAccountInput,
  output: StepResult,
  target: (input) => accountKey(input, input.serviceAccount),
  run: remove,
});

function desiredAccount(
  { tenantId }: Pick<Catalog, "tenantId">,
  { namespace, serviceAccount: name }: Pick<Berth, "namespace"> & { serviceAccount: string },
  clientId: string,
) {
  return serviceAccountObject({ namespace }, { serviceAccount: name, clientId, tenantId });
}

/** The account according to the request, or to the migration that removes it. */
const lookAtAccount: Look = async (ports, { kind, request, operation, identity, migrating, step }) => {
  const { clientId } = migrating ?? identity ?? { clientId: unknownClientId };
  const desired = desiredAccount(ports.catalog, request, clientId);
  const cluster = findCluster(ports.catalog, request.cluster);
  const input = { ...request, kind, operation, recordedMark: recordedMarks(ports, request), step };
  return withUnknownClientId(await planObjects(ports.kubernetes, cluster, [desired], input));
};

export const serviceAccountEffects: ResourceEffects<keyof typeof serviceAccount.steps> = {
  looks: {
    applyServiceAccount: lookAtAccount,
    returnServiceAccount: lookAtAccount,
    removeServiceAccount: (ports, { request, createdBy, step }) =>
      planAway(
        ports,
        { cluster: request.cluster, namespace: request.namespace, createdBy, step },
        serviceAccountRefs(request),
      ),
    retireServiceAccount: (ports, { request, earlier = request, step }) =>
      planAway(ports, { cluster: request.cluster, namespace: request.namespace, step }, serviceAccountRefs(earlier)),
  },

  preflight: ({ kubernetes }, { cluster }) => [
    { about: "cluster", look: async () => void (await expectWebhook(kubernetes, cluster)) },
  ],

  inspect({ catalog, kubernetes }, { request, earlier, clientId, isMigrating = false, note }) {
    const cluster = findCluster(catalog, request.cluster);
    const target = `Namespace ${request.namespace}`;
    const isOwn = request.identityMode === "workloadIdentity";
    const desired = desiredAccount(catalog, request, clientId);
    const own: Reading = { target, read: () => inspectObject(kubernetes, cluster, desired, note) };
    // The migration may have made another account than the request names.
    if (isMigrating) return isOwn ? [own] : [];
    // A change takes the earlier account away at its end.
    const replaced = earlier && replacedAccount(request, earlier);
    const others: Reading = {
      target,
      async read() {
        const surplus = await findSurplusAccounts(kubernetes, cluster, request);
        return surplus
          .filter(({ metadata }) => metadata.name !== replaced)
          .map((account) => surplusFinding(account, clientId));
      },
    };
    if (isOwn) return [own, others];
    const left = serviceAccountRefs(request).map((ref) => ({
      target,
      read: () => inspectLeftAccount(kubernetes, cluster, { ref, berth: request, clientId }),
    }));
    return [...left, others];
  },

  async takeAway(ports, { request: { serviceAccount: account }, ...input }, step) {
    return (await remove({ ...input, serviceAccount: account }, ports, step)).action;
  },

  surplus: {
    async look(ports, { request, step }) {
      const { cluster, namespace } = request;
      return await planAway(ports, { cluster, namespace, step }, await surplusRefs(ports, request));
    },
    async takeAway(ports, { request, ...input }, step) {
      const refs = await surplusRefs(ports, request);
      const removal = { ...input, recordedMark: recordedMarks(ports, input), step };
      return await removeObjects(ports.kubernetes, findCluster(ports.catalog, input.cluster), refs, removal);
    },
  },

  remains(ports, request) {
    const cluster = findCluster(ports.catalog, request.cluster);
    const input = { berth: request, recordedMark: recordedMarks(ports, request) };
    return serviceAccountRefs(request).map((ref) => remainsOf(ports.kubernetes, cluster, { ref, ...input }));
  },

  exported: (catalog, { request, clientId }) => ({ objects: [desiredAccount(catalog, request, clientId)] }),
};

async function surplusRefs(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  request: OnboardingRequest,
): Promise<readonly ObjectRef[]> {
  const accounts = await findSurplusAccounts(kubernetes, findCluster(catalog, request.cluster), request);
  return accounts.map(refOf);
}

async function planAway(
  ports: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  input: Berth & { readonly createdBy?: string | undefined; readonly step: StepKey },
  refs: readonly ObjectRef[],
) {
  const removal = { ...input, recordedMark: recordedMarks(ports, input) };
  return await planObjectRemoval(ports.kubernetes, findCluster(ports.catalog, input.cluster), refs, removal);
}

async function expectWebhook(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const webhook = await kubernetes.get(cluster, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    name: "azure-wi-webhook-mutating-webhook-configuration",
  });
  if (webhook) return;
  throw new PermanentError(
    "WORKLOAD_IDENTITY_NOT_INSTALLED",
    `Cluster "${cluster.alias}" has no workload identity webhook.`,
  );
}
