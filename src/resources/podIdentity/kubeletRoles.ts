/**
 * The roles that aad-pod-identity's MIC needs the kubelet identity to have, with which it assigns identities to the nodes
 * (aad-pod-identity, "Role assignment"). In managed mode the cluster's operator assigns them, and no roles are needed.
 */

import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { traitsOf } from "../../domain/catalog/clusterKinds.ts";
import { PermanentError } from "../../domain/errors.ts";
import { PrincipalId } from "../../domain/naming/identityPair.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import type { Obstacles } from "../definitions/preflight.ts";

/** Ids of built-in roles, the same in every tenant; the first of each list is the one to recommend. */
const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const needed = {
  assign: { role: "Managed Identity Operator", ids: ["f1a07417-d97a-45cb-824c-7a7467783830", contributor, owner] },
  nodes: { role: "Virtual Machine Contributor", ids: ["9980e02c-c2be-4d73-94e8-173b1dc7cf3c", contributor, owner] },
};
type Need = (typeof needed)[keyof typeof needed];

const nothing: Required<Obstacles> = { blockers: [], notices: [] };

export async function checkKubeletRoles(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  cluster: ClusterTarget,
  identity: Pick<ManagedIdentity, "id"> | undefined,
): Promise<Required<Obstacles>> {
  const { subscriptionId, identityResourceGroup } = cluster;
  const { podIdentity } = traitsOf(cluster);
  if (podIdentity?.mode === "managed") return nothing;
  const { kubeletObjectId, nodeResourceGroup = identityResourceGroup } = podIdentity ?? {};
  if (kubeletObjectId === undefined) {
    return unknown(`The catalog gives no podIdentity.kubeletObjectId for cluster "${cluster.alias}".`);
  }
  const groupId = (name: string) => `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
  const look = async (need: Need, where: { read: string; assign: string }): Promise<Required<Obstacles>> => {
    try {
      const held = await roleAssignments.heldAt(where.read, PrincipalId.parse(kubeletObjectId));
      return judge(need, held, { kubeletObjectId, scope: where.assign, alias: cluster.alias });
    } catch (error) {
      // Missing read access must not block an onboarding; any other error is reported as usual.
      if (!(error instanceof PermanentError) || error.code !== "ARM_FORBIDDEN") throw error;
      return unknown(error.message);
    }
  };
  const group = groupId(identityResourceGroup);
  const found = await Promise.all([
    look(needed.assign, { read: identity?.id ?? group, assign: group }),
    look(needed.nodes, { read: groupId(nodeResourceGroup), assign: groupId(nodeResourceGroup) }),
  ]);
  return {
    blockers: found.flatMap(({ blockers }) => blockers),
    notices: [...new Map(found.flatMap(({ notices }) => notices).map((each) => [each.message, each])).values()],
  };
}

function judge(
  { role, ids }: Need,
  held: readonly RoleAssignment[],
  { kubeletObjectId, scope, alias }: { kubeletObjectId: string; scope: string; alias: string },
): Required<Obstacles> {
  const roles = held.map(({ roleDefinitionId }) => roleDefinitionId.split("/").at(-1)?.toLowerCase() ?? "");
  if (roles.some((id) => ids.includes(id))) return nothing;
  const lack = `The kubelet identity ${kubeletObjectId} of cluster "${alias}" does not have ${role} at ${scope}`;
  const command = `az role assignment create --assignee-object-id ${kubeletObjectId} --assignee-principal-type ServicePrincipal --role "${role}" --scope ${scope}`;
  // A custom role may allow the same; not knowing is no reason to stop.
  const own = [...new Set(roles)].filter((id) => !knownRoles.has(id));
  if (own.length > 0) return unknown(`${lack}; whether the role ${own.join(", ")} allows the same is not known.`);
  return { blockers: [toOperationError("KUBELET_ROLE_MISSING", `${lack}.`, command)], notices: [] };
}

const knownRoles: ReadonlySet<string> = new Set([
  ...needed.assign.ids,
  ...needed.nodes.ids,
  // Reader, AcrPull, Network Contributor: AKS and its add-ons give them to a kubelet, and they do not help here.
  "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  "4d97b98b-1d4f-4787-a291-c67834d212e7",
]);

function unknown(why: string): Required<Obstacles> {
  return { blockers: [], notices: [toNotice("KUBELET_ROLES_UNKNOWN", why)] };
}
