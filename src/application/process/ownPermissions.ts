/** Whether Mooring's own role in Azure allows what an onboarding has to do, or undo, where the cluster has its identities. */

import { findCluster } from "../../domain/catalog/clusters.ts";
import { defined } from "../../domain/defined.ts";
import { homeOf } from "../../domain/naming/names.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import { checkPermissions } from "../../resources/definitions/ownPermissions.ts";
import type { Obstacles } from "../../resources/definitions/preflight.ts";
import type { PreflightInput } from "../../resources/definitions/resource.ts";
import { isWanted, resourcesFor } from "../../resources/index.ts";

export async function checkOwnPermissions(
  ports: Pick<Ports, "catalog" | "roleAssignments">,
  { request, cluster, identity }: Pick<PreflightInput, "request" | "cluster" | "identity">,
): Promise<Obstacles> {
  const home = homeOf(request).cluster;
  const { subscriptionId, identityResourceGroup, alias } =
    home === cluster.alias ? cluster : findCluster(ports.catalog, home);
  const needed = resourcesFor(request)
    .filter((resource) => isWanted(resource, request))
    .flatMap(({ armActions }) => armActions?.({ request, identity }) ?? []);
  const { conflict, notice } = await checkPermissions(ports, {
    needed,
    scope: `/subscriptions/${subscriptionId}/resourceGroups/${identityResourceGroup}`,
    where: `where cluster "${alias}" has its identities`,
  });
  return defined({
    blockers: conflict ? [toOperationError(conflict.code, conflict.message)] : undefined,
    notices: notice ? [toNotice(notice.code, notice.message)] : undefined,
  });
}
