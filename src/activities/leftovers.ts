import type { ClusterTarget } from "../domain/catalog.ts";
import { berthKey, federatedCredentialName } from "../domain/names.ts";
import type { StepAction } from "../domain/operation.ts";
import { readMetadata } from "../domain/ownership.ts";
import { type Difference, type StepPlan, toStepPlan } from "../domain/plan.ts";
import { OnboardingRequest } from "../domain/request.ts";
import { findCluster, identityRef } from "../domain/targets.ts";
import type { Ports } from "../ports.ts";
import { removeCredential } from "./federatedCredential.ts";
import { removeObjects, strongest } from "./kubernetesObject.ts";
import { podIdentityRefs, takePodIdentityAway } from "./podIdentity.ts";
import { serviceAccountRef } from "./serviceAccount.ts";
import { StepInput, StepResult, stepActivity } from "./step.ts";

/** Takes away what Mooring once made for the identity mode that the namespace does not have. */
export const removeLeftovers = stepActivity({
  name: "removeLeftovers",
  input: StepInput.extend({ request: OnboardingRequest }),
  output: StepResult,
  target: berthKey,
  async run({ request }, ports) {
    const cluster = findCluster(ports.catalog, request.cluster);
    if (request.identityMode === "workloadIdentity") {
      const { cluster: alias, namespace } = request;
      return { action: await takePodIdentityAway(ports.kubernetes, cluster, { cluster: alias, namespace }) };
    }
    return { action: await removeWorkloadIdentity(ports, cluster, request) };
  },
});

async function removeWorkloadIdentity(
  { kubernetes, identities }: Ports,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<StepAction> {
  const { namespace, serviceAccount } = request;
  const berth = { cluster: request.cluster, namespace };
  const object = await removeObjects(kubernetes, cluster, [serviceAccountRef({ namespace, serviceAccount })], berth);
  const name = federatedCredentialName(berth, serviceAccount);
  return strongest([object, await removeCredential(identities, identityRef(cluster, berth), name)]);
}

export async function planLeftovers(ports: Ports, request: OnboardingRequest): Promise<StepPlan> {
  const cluster = findCluster(ports.catalog, request.cluster);
  const isWorkload = request.identityMode === "workloadIdentity";
  const refs = isWorkload ? podIdentityRefs(request) : [serviceAccountRef(request)];
  const objects = await Promise.all(
    refs.map(async (ref) => {
      const current = await ports.kubernetes.get(cluster, ref);
      const isOurs = current && readMetadata(current.metadata)?.berth === berthKey(request);
      return isOurs ? [gone(`${ref.kind} ${ref.name}`)] : [];
    }),
  );
  const own = federatedCredentialName(request, request.serviceAccount);
  const credentials = isWorkload ? [] : await ports.identities.federatedCredentials(identityRef(cluster, request));
  const differences = [
    ...objects.flat(),
    ...credentials.filter(({ name }) => name === own).map(({ name }) => gone(`credential ${name}`)),
  ];
  const action = differences.length > 0 ? "delete" : "none";
  return toStepPlan({ name: "removeLeftovers", target: berthKey(request) }, { action, differences });
}

function gone(field: string): Difference {
  return { field, current: "made by Mooring", desired: null };
}
