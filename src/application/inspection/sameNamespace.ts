import { findCluster } from "../../domain/catalog/clusters.ts";
import { checkSameNamespace, checkTeam } from "../../domain/policy/recheckRequest.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { withListedTargets } from "../../domain/targets/index.ts";
import type { Ports } from "../../ports/index.ts";
import { isOfUnfinishedRepair } from "../../resources/namespace/unfinishedRepair.ts";

/** Fails when the namespace is not the one that was onboarded, or when its team may no longer have what it has. */
export async function expectSameNamespace(
  { catalog, kubernetes, registry }: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  request: OnboardingRequest,
): Promise<void> {
  const cluster = findCluster(catalog, request.cluster);
  const [record, namespace] = await Promise.all([
    registry.getNamespace(request),
    kubernetes.get(cluster, { apiVersion: "v1", kind: "Namespace", name: request.namespace }),
  ]);
  if (!record) return;
  // No team can have a right to what the catalog has dropped, and nothing is given there.
  checkTeam(catalog, record, withListedTargets(catalog, request));
  if (namespace && (await isOfUnfinishedRepair(registry, request, namespace))) return;
  checkSameNamespace(request, { onboarded: record.namespaceUid, current: namespace?.metadata.uid });
}
