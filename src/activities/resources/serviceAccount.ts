import { z } from "zod";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { StepPlan } from "../../domain/operation/plan.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { KubernetesObject, Ports } from "../../ports.ts";
import { defineStep, RemovalInput, type StepContext, StepInput, StepResult, stepActivity } from "../operation/step.ts";
import { unknownClientId, withUnknownClientId } from "./identity.ts";
import { ensureObjects } from "./kubernetesObject.ts";
import { type PlanInput, planObjects } from "./objectPlan.ts";
import { removeObjects } from "./objectRemoval.ts";

const ApplyServiceAccountInput = StepInput.extend({
  serviceAccount: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: z.guid() }),
});
type ApplyServiceAccountInput = z.infer<typeof ApplyServiceAccountInput>;

/** Annotations of azure-workload-identity (docs/book/src/topics/service-account-labels-and-annotations.md). */
export function serviceAccountObject(
  { namespace }: Pick<Berth, "namespace">,
  { serviceAccount, clientId, tenantId }: { serviceAccount: string; clientId: string; tenantId: string },
): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: serviceAccount,
      namespace,
      annotations: { "azure.workload.identity/client-id": clientId, "azure.workload.identity/tenant-id": tenantId },
    },
  };
}

export async function planServiceAccount(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { identity, ...input }: PlanInput<ApplyServiceAccountInput>,
): Promise<StepPlan> {
  const cluster = findCluster(catalog, input.cluster);
  const { clientId } = identity ?? { clientId: unknownClientId };
  const desired = serviceAccountObject(input, { ...input, clientId, tenantId: catalog.tenantId });
  const step = { name: "applyServiceAccount", target: berthKey(input) };
  return withUnknownClientId(await planObjects(kubernetes, cluster, [desired], { ...input, step }));
}

/** The service account of the workload, annotated with the identity that its tokens are exchanged for. */
export const serviceAccountAnnotation = defineStep({
  name: "applyServiceAccount",
  input: ApplyServiceAccountInput,
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const desired = serviceAccountObject(input, { ...input, ...input.identity, tenantId: catalog.tenantId });
    const cluster = findCluster(catalog, input.cluster);
    return { action: await ensureObjects(kubernetes, cluster, [desired], { ...input, step }) };
  },
});

/** On its own, for a migration: there the account comes before the credential. */
export const applyServiceAccount = stepActivity(serviceAccountAnnotation);

export function serviceAccountRefs({
  namespace,
  serviceAccount,
}: Pick<Berth, "namespace"> & { serviceAccount: string }) {
  return [{ apiVersion: "v1", kind: "ServiceAccount", name: serviceAccount, namespace }];
}

const RemoveServiceAccountInput = RemovalInput.extend({ serviceAccount: z.string() });

async function remove(
  input: z.infer<typeof RemoveServiceAccountInput>,
  { catalog, kubernetes }: Ports,
  step: StepContext,
) {
  const cluster = findCluster(catalog, input.cluster);
  return { action: await removeObjects(kubernetes, cluster, serviceAccountRefs(input), { ...input, step }) };
}

export const removeServiceAccount = stepActivity({
  name: "removeServiceAccount",
  input: RemoveServiceAccountInput,
  output: StepResult,
  target: berthKey,
  run: remove,
});

/** The same for a service account that a change replaces by another. */
export const retireServiceAccount = stepActivity({
  name: "retireServiceAccount",
  input: RemoveServiceAccountInput,
  output: StepResult,
  target: (input) => `${berthKey(input)}/${input.serviceAccount}`,
  run: remove,
});
