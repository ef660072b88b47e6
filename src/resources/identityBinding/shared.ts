/**
 * Azure binds an identity to a cluster once, and gives it one credential for all of its bindings. So of the namespaces that share an
 * identity, one in each cluster has a binding, and none is made while another one goes (docs/adr/0029).
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { berthKey, homeOf } from "../../domain/naming/names.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { mayBind, othersUsing } from "../definitions/identityMembers.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { isInCluster } from "./boundBy.ts";

export async function lookAtSharedBinding(
  ports: Pick<Ports, "catalog" | "registry">,
  { cluster, request }: { readonly cluster: ClusterTarget; readonly request: OnboardingRequest },
): Promise<Obstacles> {
  const binding = (await othersUsing(ports.registry, request)).filter(mayBind);
  const there = binding.find((each) => isInCluster(ports, cluster, each));
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
