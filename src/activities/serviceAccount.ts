import { z } from "zod";
import { type Berth, berthKey } from "../domain/names.ts";
import { type StepPlan, toStepPlan } from "../domain/plan.ts";
import { AdoptionPolicy } from "../domain/request.ts";
import { findCluster } from "../domain/targets.ts";
import type { KubernetesObject, Ports } from "../ports.ts";
import { ensureObjects, planObject, removeObjects } from "./kubernetesObject.ts";
import { RemovalInput, StepInput, StepResult, stepActivity } from "./step.ts";

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
  input: Omit<ApplyServiceAccountInput, "retry">,
): Promise<StepPlan> {
  const cluster = findCluster(catalog, input.cluster);
  const desired = serviceAccountObject(input, { ...input, ...input.identity, tenantId: catalog.tenantId });
  const decision = await planObject(kubernetes, cluster, desired, input);
  return toStepPlan({ name: "applyServiceAccount", target: berthKey(input) }, decision);
}

/** The service account of the workload, annotated with the identity that its tokens are exchanged for. */
export const applyServiceAccount = stepActivity({
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

export const removeServiceAccount = stepActivity({
  name: "removeServiceAccount",
  input: RemovalInput.extend({ serviceAccount: z.string() }),
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const ref = { apiVersion: "v1", kind: "ServiceAccount", name: input.serviceAccount, namespace: input.namespace };
    const cluster = findCluster(catalog, input.cluster);
    return { action: await removeObjects(kubernetes, cluster, [ref], { ...input, step }) };
  },
});
