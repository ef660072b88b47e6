import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { berthKey, bindingName, identityName } from "../../domain/naming/names.ts";
import { readMetadata } from "../../domain/naming/ownership.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { KubernetesObject, ObjectRef, Ports } from "../../ports.ts";
import { isOfUnfinishedRepair } from "../operation/sameNamespace.ts";
import { refOf } from "../resources/kubernetesObject.ts";
import { namespaceObject } from "../resources/namespace.ts";
import { desiredObjects, otherModeRefs } from "../resources/namespaceObjects.ts";
import { compare } from "../resources/objectDifferences.ts";
import { podIdentityApi } from "../resources/podIdentity.ts";
import type { Look } from "./inspectionSubject.ts";

export async function inspectObjects(ports: Ports, look: Look): Promise<readonly Finding[]> {
  const { request, isMigrating = false } = look;
  const cluster = findCluster(ports.catalog, request.cluster);
  const findings = await Promise.all([
    inspectBerth(ports, cluster, look),
    ...desiredObjects(ports, request, look.clientId).map((object) => inspectObject(ports, cluster, object)),
    ...(isMigrating ? [] : otherModeRefs(request).map((ref) => inspectSurplus(ports, cluster, { ref, request }))),
    request.identityMode === "podIdentity" ? inspectBindings(ports, cluster, request) : [],
  ]);
  return findings.flat();
}

async function inspectBerth(
  ports: Pick<Ports, "kubernetes" | "registry">,
  cluster: ClusterTarget,
  { request, namespaceUid }: Look,
): Promise<readonly Finding[]> {
  const ref = refOf(namespaceObject(request));
  const current = await ports.kubernetes.get(cluster, ref);
  const target = nameOf(ref);
  if (!current) return [finding("OBJECT_MISSING", target, { field: "object", expected: "there", found: null })];
  const { uid = null, deletionTimestamp } = current.metadata;
  if (deletionTimestamp !== undefined) {
    const what = { field: "metadata.deletionTimestamp", expected: null, found: deletionTimestamp };
    return [finding("NAMESPACE_TERMINATING", target, what)];
  }
  if (namespaceUid === undefined || uid === namespaceUid) return [];
  if (await isOfUnfinishedRepair(ports.registry, request, current)) return [];
  return [finding("NAMESPACE_RECREATED", target, { field: "metadata.uid", expected: namespaceUid, found: uid })];
}

async function inspectObject(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  desired: KubernetesObject,
): Promise<readonly Finding[]> {
  const current = await kubernetes.get(cluster, refOf(desired));
  const target = nameOf(refOf(desired));
  if (!current) return [finding("OBJECT_MISSING", target, { field: "object", expected: "there", found: null })];
  return compare(desired, current).map((difference) =>
    finding("OBJECT_CHANGED", target, {
      field: difference.field,
      expected: difference.desired,
      found: difference.current,
    }),
  );
}

async function inspectSurplus(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  { ref, request }: { ref: ObjectRef; request: OnboardingRequest },
): Promise<readonly Finding[]> {
  const current = await kubernetes.get(cluster, ref);
  const isOurs = current && readMetadata(current.metadata)?.berth === berthKey(request);
  return isOurs
    ? [finding("OBJECT_SURPLUS", nameOf(ref), { field: "object", expected: null, found: "made by Mooring" })]
    : [];
}

const Binding = z.object({ spec: z.object({ azureIdentity: z.string(), selector: z.string().default("") }) });

async function inspectBindings(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<readonly Finding[]> {
  const { namespace } = request;
  const bindings = await kubernetes.list(cluster, {
    apiVersion: podIdentityApi,
    kind: "AzureIdentityBinding",
    namespace,
  });
  return bindings.flatMap((binding) => {
    const spec = Binding.safeParse(binding).data?.spec;
    const isOther = binding.metadata.namespace === namespace && binding.metadata.name !== bindingName(request);
    if (!isOther || spec?.azureIdentity !== identityName(request)) return [];
    const what = { field: "spec.selector", expected: null, found: spec.selector };
    return [finding("BINDING_ADDED", `AzureIdentityBinding ${binding.metadata.name}`, what)];
  });
}

function nameOf({ kind, name }: ObjectRef): string {
  return `${kind} ${name}`;
}
