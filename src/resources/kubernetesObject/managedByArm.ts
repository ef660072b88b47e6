import type { KubernetesObject } from "../../ports/kubernetes.ts";

const label = "kubernetes.azure.com/managedByArm";

/**
 * Whether Azure Resource Manager manages the object: a managed namespace of AKS, its default quota and network policy. A webhook of AKS
 * refuses whatever anybody else would change or delete there (learn.microsoft.com "Use managed namespaces in AKS"; Azure/AKS#5410).
 */
export function isManagedByArm({ metadata: { labels } }: Pick<KubernetesObject, "metadata">): boolean {
  return labels?.[label] === "true";
}
