import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { readMetadata } from "../../domain/naming/ownership.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import type { Registry } from "../../ports/registry.ts";

/**
 * Whether a repair recreated the namespace and did not finish: the record then has the UID of the previous one. The mark alone
 * proves nothing, since anyone who may create namespaces can write it, so the operation that it names is looked up.
 */
export async function isOfUnfinishedRepair(
  registry: Pick<Registry, "getOperation">,
  namespaceRef: NamespaceRef,
  { metadata }: KubernetesObject,
): Promise<boolean> {
  const mark = readMetadata(metadata);
  if (mark?.berth !== namespaceKey(namespaceRef)) return false;
  const maker = await registry.getOperation(mark.operation);
  return maker?.kind === "repair" && maker.status !== "Succeeded" && namespaceKey(maker) === mark.berth;
}
