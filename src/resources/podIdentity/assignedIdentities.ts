import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { TransientError } from "../../domain/errors.ts";
import { azureIdentityName, type Berth } from "../../domain/naming/names.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";
import { podIdentityApi } from "./podIdentity.ts";

const assignmentPolls = 10;
const assignmentPollMs = 500;

/**
 * Waits until no node has the identity assigned: an Azure identity that is deleted while a node still has it blocks every later
 * assignment there (aad-pod-identity issues 227, 533, 1327).
 */
export async function waitUntilUnassigned(kubernetes: Kubernetes, cluster: ClusterTarget, berth: Berth): Promise<void> {
  for (let poll = 0; poll < assignmentPolls; poll += 1) {
    const assigned = await kubernetes.list(cluster, { apiVersion: podIdentityApi, kind: "AzureAssignedIdentity" });
    if (!assigned.some((each) => assignedIdentityName(each) === azureIdentityName(berth))) return;
    await sleep(assignmentPollMs);
  }
  throw new TransientError(
    "IDENTITY_STILL_ASSIGNED",
    `AzureAssignedIdentity objects of ${azureIdentityName(berth)} are still there; aad-pod-identity has not let the identity go.`,
  );
}

const AssignedSpec = z.object({
  spec: z.object({ azureIdentityRef: z.object({ metadata: z.object({ name: z.string() }) }) }),
});

function assignedIdentityName(object: KubernetesObject): string | undefined {
  return AssignedSpec.safeParse(object).data?.spec.azureIdentityRef.metadata.name;
}
