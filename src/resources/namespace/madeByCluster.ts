/** What a cluster puts into every namespace by itself: nobody loses it, and it says nothing about whether somebody is there. */
import type { NamespacedKind, ObjectMetadata } from "../../ports/kubernetes.ts";

/** Kinds that only controllers write, and that they write again. A Service and a Deployment count themselves. */
const kinds: readonly { readonly group: string; readonly kind: string }[] = [
  { group: "", kind: "Event" },
  { group: "events.k8s.io", kind: "Event" },
  { group: "", kind: "Endpoints" },
  // Whoever held one is a pod, and counts itself; what is left of it afterwards is of no use.
  { group: "coordination.k8s.io", kind: "Lease" },
  // Pods' identities, by aad-pod-identity.
  { group: "aadpodidentity.k8s.io", kind: "AzureAssignedIdentity" },
  // Pods, as Cilium's agent sees them.
  { group: "cilium.io", kind: "CiliumEndpoint" },
];

/** Groups of reports: what Kyverno and others that share its formats, and Trivy, find in objects. */
const reportGroups: ReadonlySet<string> = new Set([
  "wgpolicyk8s.io",
  "openreports.io",
  "reports.kyverno.io",
  "aquasecurity.github.io",
]);

export function isMadeByClusterOnly({ apiVersion, kind }: NamespacedKind): boolean {
  const group = groupOf(apiVersion);
  const isReport = reportGroups.has(group) && kind.endsWith("Report");
  return isReport || kinds.some((each) => each.kind === kind && each.group === group);
}

/** The certificate authorities of the cluster and of the Istio add-on, and the account of pods that name none. */
const objects: ReadonlySet<string> = new Set([
  "ConfigMap kube-root-ca.crt",
  "ConfigMap istio-ca-root-cert",
  "ServiceAccount default",
]);

export function isMadeByCluster({ apiVersion, kind, metadata: { name } }: ObjectMetadata): boolean {
  return groupOf(apiVersion) === "" && objects.has(`${kind} ${name}`);
}

/** What Kubernetes' own controllers make of an object: it counts itself or, like Mooring's Job, takes them with it. */
const makers: Readonly<Record<string, readonly string[]>> = {
  "/Pod": ["apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/Job", "/ReplicationController"],
  "apps/ReplicaSet": ["apps/Deployment"],
  "apps/ControllerRevision": ["apps/StatefulSet", "apps/DaemonSet"],
  "batch/Job": ["batch/CronJob"],
  "discovery.k8s.io/EndpointSlice": ["/Service", "/Endpoints"],
};

export function isMadeByController({ apiVersion, kind, metadata: { ownerReferences = [] } }: ObjectMetadata): boolean {
  const madeBy = makers[`${groupOf(apiVersion)}/${kind}`] ?? [];
  return ownerReferences.some((owner) => madeBy.includes(`${groupOf(owner.apiVersion)}/${owner.kind}`));
}

export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}
