import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { readMetadata } from "../../domain/naming/ownership.ts";
import { type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import { checkSameNamespace, checkTeam } from "../../domain/policy/berthOwner.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { KubernetesObject, Ports, Registry } from "../../ports.ts";

/** Stops when the namespace is another than the one that was onboarded, or its team may no longer have what it has. */
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
  checkTeam(catalog, record, request);
  if (namespace && (await isOfUnfinishedRepair(registry, request, namespace))) return;
  checkSameNamespace(request, { onboarded: record.namespaceUid, current: namespace?.metadata.uid });
}

/**
 * Whether a repair made the namespace anew and did not come to its end: then the record has the UID of the one before. The
 * mark alone proves nothing, since whoever may make namespaces may write it; the operation that it names is looked up.
 */
export async function isOfUnfinishedRepair(
  registry: Pick<Registry, "getOperation">,
  berth: Berth,
  { metadata }: KubernetesObject,
): Promise<boolean> {
  const mark = readMetadata(metadata);
  if (mark?.berth !== berthKey(berth)) return false;
  const maker = await registry.getOperation(mark.operation);
  return maker?.kind === "repair" && maker.status !== "Succeeded" && berthKey(maker) === mark.berth;
}

export async function planCheck(ports: Ports, request: OnboardingRequest): Promise<StepPlan> {
  await expectSameNamespace(ports, request);
  return toStepPlan({ name: "checkNamespace", target: berthKey(request) }, { action: "none" });
}
