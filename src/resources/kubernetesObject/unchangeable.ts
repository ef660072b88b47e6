import type { Difference } from "../../domain/operation/plan.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";

/**
 * Whether Kubernetes lets nobody change the field: the role of a binding. Such an object is removed and made again (kubernetes.io
 * "Using RBAC Authorization").
 */
export function isUnchangeable(
  { kind }: Pick<KubernetesObject, "kind">,
  { field }: Pick<Difference, "field">,
): boolean {
  return /^(Cluster)?RoleBinding$/.test(kind) && /^roleRef(\.|$)/.test(field);
}
