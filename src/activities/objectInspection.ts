import { z } from "zod";
import type { ClusterTarget } from "../domain/catalog.ts";
import { type Finding, finding } from "../domain/finding.ts";
import { berthKey, bindingName, identityName } from "../domain/names.ts";
import { readMetadata } from "../domain/ownership.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import { findCluster, identityRef } from "../domain/targets.ts";
import type { KubernetesObject, ObjectRef, Ports } from "../ports.ts";
import type { Look } from "./inspectionSubject.ts";
import { compare, refOf } from "./kubernetesObject.ts";
import { configMapObject, namespaceObject } from "./namespace.ts";
import { podIdentityApi, podIdentityObjects, podIdentityRefs, selectorOf } from "./podIdentity.ts";
import { isOfUnfinishedRepair } from "./sameNamespace.ts";
import { serviceAccountObject, serviceAccountRefs } from "./serviceAccount.ts";

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

/** What Mooring makes in the namespace. */
export function desiredObjects(
  { catalog }: Pick<Ports, "catalog">,
  request: OnboardingRequest,
  clientId: string,
): readonly KubernetesObject[] {
  const configMap = configMapObject(catalog, request);
  if (request.identityMode === "workloadIdentity") {
    return [configMap, serviceAccountObject(request, { ...request, clientId, tenantId: catalog.tenantId })];
  }
  const ref = identityRef(findCluster(catalog, request.cluster), request);
  return [configMap, ...podIdentityObjects(request, { clientId, selector: selectorOf(request), ref })];
}

/** What Mooring makes in the identity mode that the namespace does not have. */
export function otherModeRefs(request: OnboardingRequest): readonly ObjectRef[] {
  return request.identityMode === "workloadIdentity" ? podIdentityRefs(request) : serviceAccountRefs(request);
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
