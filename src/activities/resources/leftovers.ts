import { findCluster } from "../../domain/catalog/clusters.ts";
import { berthKey } from "../../domain/naming/names.ts";
import { type Difference, type StepPlan, stays } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { type StepContext, StepInput, StepResult, stepActivity } from "../operation/step.ts";
import { planUnfederation, unfederate } from "./federatedCredential.ts";
import { strongest } from "./kubernetesObject.ts";
import { otherModeRefs } from "./namespaceObjects.ts";
import { planObjectRemoval } from "./objectPlan.ts";
import { removeObjects } from "./objectRemoval.ts";
import { takePodIdentityAway } from "./podIdentity.ts";
import { serviceAccountRefs } from "./serviceAccount.ts";

const LeftoversInput = StepInput.extend({ request: OnboardingRequest });

/** Takes away what Mooring once made for the identity mode that the namespace does not have. */
export const removeLeftovers = stepActivity({
  name: "removeLeftovers",
  input: LeftoversInput,
  output: StepResult,
  target: berthKey,
  async run({ request, ...input }, ports, step) {
    if (request.identityMode === "workloadIdentity") return { action: await takePodIdentityAway(ports, input, step) };
    const both = collecting(step);
    const { serviceAccount } = request;
    const cluster = findCluster(ports.catalog, request.cluster);
    const refs = serviceAccountRefs(request);
    const object = await removeObjects(ports.kubernetes, cluster, refs, { ...input, step: both });
    const credential = await unfederate({ ...input, serviceAccount }, ports, both);
    return { action: strongest([object, credential.action]) };
  },
});

/** A step that says what it will do in two parts has said both in the end. */
function collecting(step: Pick<StepContext, "willDo">): Pick<StepContext, "willDo"> {
  const said: Difference[] = [];
  return {
    willDo(action, differences = []) {
      said.push(...differences);
      return step.willDo(action, said);
    },
  };
}

export async function planLeftovers(ports: Ports, request: OnboardingRequest): Promise<StepPlan> {
  const { cluster, namespace, serviceAccount } = request;
  const target = findCluster(ports.catalog, cluster);
  const step = { name: "removeLeftovers", target: berthKey(request) };
  const [objects, credential] = await Promise.all([
    planObjectRemoval(ports.kubernetes, target, otherModeRefs(request), { cluster, namespace, step }),
    request.identityMode === "podIdentity"
      ? planUnfederation(ports, "unfederateIdentity", { cluster, namespace, serviceAccount })
      : undefined,
  ]);
  const plans = [objects, ...(credential ? [credential.plan] : [])];
  return {
    ...objects,
    action: strongest(plans.map(({ action }) => action)),
    differences: plans.flatMap(({ differences }) => differences.filter(({ desired }) => desired !== stays)),
  };
}
