/** What AKS adds to a cluster of Kubernetes, whoever plays the cluster. */
export { managedNamespaceWebhook, serveManagedNamespaces } from "./namespaces.ts";
export type { ClusterApi, Item } from "./object.ts";
export { startPodIdentityController } from "./podIdentity.ts";
export { startTokenProxy, type TokenProxy } from "./tokenProxy.ts";
export {
  injectWorkloadIdentity,
  isLabelledForWorkloadIdentity,
  type TokenProxyAddress,
  WebhookDenial,
  type WorkloadIdentity,
} from "./workloadIdentity.ts";
