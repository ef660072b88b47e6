/** Kinds that a real API server reads in a version that it does not serve (k8s.io/api 0.36, register.go of each). */
const kinds: Readonly<Record<string, string>> = {
  "extensions/v1beta1": "DaemonSet Deployment DeploymentRollback Ingress NetworkPolicy ReplicaSet Scale",
  "apps/v1beta1": "ControllerRevision Deployment DeploymentRollback Scale StatefulSet",
  "apps/v1beta2": "ControllerRevision DaemonSet Deployment ReplicaSet Scale StatefulSet",
  "batch/v1beta1": "CronJob",
  "policy/v1beta1": "Eviction PodDisruptionBudget",
  "networking.k8s.io/v1beta1": "IPAddress Ingress IngressClass ServiceCIDR",
  "rbac.authorization.k8s.io/v1beta1": "ClusterRole ClusterRoleBinding Role RoleBinding",
  "rbac.authorization.k8s.io/v1alpha1": "ClusterRole ClusterRoleBinding Role RoleBinding",
  "admissionregistration.k8s.io/v1beta1":
    "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
  "admissionregistration.k8s.io/v1alpha1":
    "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
  "authentication.k8s.io/v1beta1": "SelfSubjectReview TokenReview",
  "authentication.k8s.io/v1alpha1": "SelfSubjectReview",
  "authorization.k8s.io/v1beta1":
    "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
  "certificates.k8s.io/v1beta1": "CertificateSigningRequest ClusterTrustBundle PodCertificateRequest",
  "certificates.k8s.io/v1alpha1": "ClusterTrustBundle",
  "coordination.k8s.io/v1beta1": "Lease LeaseCandidate",
  "coordination.k8s.io/v1alpha2": "LeaseCandidate",
  "discovery.k8s.io/v1beta1": "EndpointSlice",
  "events.k8s.io/v1beta1": "Event",
  "flowcontrol.apiserver.k8s.io/v1beta1": "FlowSchema PriorityLevelConfiguration",
  "flowcontrol.apiserver.k8s.io/v1beta2": "FlowSchema PriorityLevelConfiguration",
  "flowcontrol.apiserver.k8s.io/v1beta3": "FlowSchema PriorityLevelConfiguration",
  "node.k8s.io/v1alpha1": "RuntimeClass",
  "node.k8s.io/v1beta1": "RuntimeClass",
  "resource.k8s.io/v1alpha3": "DeviceTaintRule ResourcePoolStatusRequest",
  "resource.k8s.io/v1beta1": "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice",
  "resource.k8s.io/v1beta2": "DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate ResourceSlice",
  "scheduling.k8s.io/v1beta1": "PriorityClass",
  "scheduling.k8s.io/v1alpha2": "PodGroup Workload",
  "storage.k8s.io/v1alpha1": "CSIStorageCapacity VolumeAttachment VolumeAttributesClass",
  "storage.k8s.io/v1beta1": "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass",
  "internal.apiserver.k8s.io/v1alpha1": "StorageVersion",
  "storagemigration.k8s.io/v1beta1": "StorageVersionMigration",
};

const known = new Map(Object.entries(kinds).map(([apiVersion, names]) => [apiVersion, new Set(names.split(" "))]));

export function isOldKind(apiVersion: string, kind: string): boolean {
  return known.get(apiVersion)?.has(kind) ?? false;
}
