import { findCluster } from "../../domain/catalog/clusters.ts";
import { checkSameNamespace, checkTeam } from "../../domain/policy/recheckRequest.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { findDenied, throwDenied, withoutTargets } from "../../resources/definitions/permit.ts";
import { isOfUnfinishedRepair } from "../../resources/namespace/unfinishedRepair.ts";

/**
 * Fails when the namespace is not the one that was onboarded, or when its team may not have such a namespace any more. `givesWayIn`: the
 * operation lets pods become the identity, so everything that the identity may do counts; otherwise each step that gives asks for
 * itself (resources/definitions/permit.ts).
 */
export async function expectSameNamespace(
  { catalog, kubernetes, registry }: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  request: OnboardingRequest,
  { givesWayIn }: { readonly givesWayIn: boolean },
): Promise<void> {
  const cluster = findCluster(catalog, request.cluster);
  const [record, namespace] = await Promise.all([
    registry.getNamespace(request),
    kubernetes.get(cluster, { apiVersion: "v1", kind: "Namespace", name: request.namespace }),
  ]);
  if (!record) return;
  checkTeam(catalog, record, withoutTargets(request));
  // What the identity may do was approved when it was given.
  if (givesWayIn) throwDenied(await findDenied({ catalog, registry }, record, { request, ignoresApproval: true }));
  if (namespace && (await isOfUnfinishedRepair(registry, request, namespace))) return;
  checkSameNamespace(request, { onboarded: record.namespaceUid, current: namespace?.metadata.uid });
}
