/**
 * Azure binds an identity to a cluster once, and gives it one credential for all of its bindings. So of the namespaces that share an
 * identity, one in each cluster has a binding, and none is made while another one goes (docs/adr/0029).
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster } from "../../domain/catalog/clusters.ts";
import { berthKey, homeOf } from "../../domain/naming/names.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { mayBind, othersUsing } from "../definitions/identityMembers.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { isSameId } from "./boundBy.ts";

export async function lookAtSharedBinding(
  ports: Pick<Ports, "catalog" | "registry">,
  { cluster, request }: { readonly cluster: ClusterTarget; readonly request: OnboardingRequest },
): Promise<Obstacles> {
  const binding = (await othersUsing(ports.registry, request)).filter(mayBind);
  const there = binding.find((each) => isThere(ports, cluster, each));
  const identity = `the identity of ${berthKey(homeOf(request))}`;
  if (there) {
    const message = `${berthKey(there)} binds ${identity} to the same cluster.`;
    return { blockers: [toOperationError("SHARED_IDENTITY_BOUND", message)] };
  }
  const busy = binding.find(isHeld);
  if (!busy) return {};
  const message = `Operation ${busy.operation} is running for ${berthKey(busy)}, which binds ${identity}.`;
  return { blockers: [toOperationError("SHARED_IDENTITY_BUSY", message)] };
}

/** A cluster may be in the catalog under several aliases. */
function isThere(
  { catalog }: Pick<Ports, "catalog">,
  cluster: ClusterTarget,
  { cluster: alias }: NamespaceRecord,
): boolean {
  if (alias === cluster.alias) return true;
  const id = clusterIdOf(cluster);
  const other = unlessDropped(
    () => clusterIdOf(findCluster(catalog, alias)),
    () => undefined,
  );
  return id !== undefined && other !== undefined && isSameId(id, other);
}
