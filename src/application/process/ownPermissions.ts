/** Whether Mooring's own role in Azure allows what an onboarding has to do, or undo, where the cluster has its identities. */
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import { checkPermissions } from "../../resources/definitions/ownPermissions.ts";
import type { Obstacles } from "../../resources/definitions/preflight.ts";
import type { PreflightInput } from "../../resources/definitions/resource.ts";
import { everyResource, isWanted } from "../../resources/index.ts";

export async function checkOwnPermissions(
  ports: Pick<Ports, "roleAssignments">,
  { request, cluster, identity }: Pick<PreflightInput, "request" | "cluster" | "identity">,
): Promise<Obstacles> {
  const { subscriptionId, identityResourceGroup, alias } = cluster;
  const needed = everyResource
    .filter((resource) => isWanted(resource, request))
    .flatMap(({ armActions }) => armActions?.({ identity }) ?? []);
  const { conflict, notice } = await checkPermissions(ports, {
    needed,
    scope: `/subscriptions/${subscriptionId}/resourceGroups/${identityResourceGroup}`,
    where: `where cluster "${alias}" has its identities`,
  });
  return {
    ...(conflict ? { blockers: [toOperationError(conflict.code, conflict.message)] } : {}),
    ...(notice ? { notices: [toNotice(notice.code, notice.message)] } : {}),
  };
}
