/**
 * The kinds that this API server serves, and why each is there. It grows only by what the service, the demo, the samples or a user's
 * everyday command needs. What a real one serves besides, discovery names without a verb, and each request for it is refused by name.
 */
export const servedKinds: Readonly<Record<string, string>> = {
  "v1 Binding": "the scheduler puts a pod on the node",
  "v1 ConfigMap": "the service writes one into each namespace",
  "v1 Endpoints": "the API server's own address, which older clients look for",
  "v1 Event": "`kubectl describe`, and what controllers of client-go report",
  "v1 LimitRange": "the service's profiles of namespaces",
  "v1 Namespace": "the service makes and removes them",
  "v1 Node": "kubectl describe pod, drain and cordon",
  "v1 PersistentVolumeClaim": "the service counts them for a profile's quota",
  "v1 Pod": "the service's checks, the samples and the demo",
  "v1 ResourceQuota": "the service's profiles of namespaces",
  "v1 Secret": "a namespace's own, and where Helm keeps its releases",
  "v1 Service": "the service asks whom a policy cuts off; helm create",
  "v1 ServiceAccount": "the service annotates them; tokens are theirs",
  "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration": "the service looks for that of workload identity",
  "apiextensions.k8s.io/v1 CustomResourceDefinition": "pod identity, identity bindings, Cilium's policies, operators",
  "apps/v1 Deployment": "the samples and helm create; the service reads the webhook's",
  "apps/v1 ReplicaSet": "kubectl rollout",
  "authentication.k8s.io/v1 SelfSubjectReview": "kubectl auth whoami",
  "authentication.k8s.io/v1 TokenReview": "whoever verifies a pod's token, such as the token proxy",
  "authorization.k8s.io/v1 LocalSubjectAccessReview": "proxies in front of an application ask in its namespace",
  "authorization.k8s.io/v1 SelfSubjectAccessReview": "the service's preflight; kubectl auth can-i",
  "authorization.k8s.io/v1 SelfSubjectRulesReview": "the service's preflight; kubectl auth can-i --list",
  "authorization.k8s.io/v1 SubjectAccessReview": "the service asks what another may; the token proxy",
  "autoscaling/v2 HorizontalPodAutoscaler": "helm create and kubectl autoscale",
  "batch/v1 CronJob": "kubectl makes them by its own command",
  "batch/v1 Job": "the service's verification",
  "coordination.k8s.io/v1 Lease": "client-go's and controller-runtime's election of a leader",
  "discovery.k8s.io/v1 EndpointSlice": "the service asks whom a policy cuts off; kubectl describe service",
  "events.k8s.io/v1 Event": "client-go's recorder of events",
  "networking.k8s.io/v1 Ingress": "the service asks whom a policy cuts off; helm create",
  "networking.k8s.io/v1 NetworkPolicy": "the service's profiles of namespaces",
  "policy/v1 PodDisruptionBudget": "the worked example of docs/extending.md; kubectl makes them by its own command",
  "rbac.authorization.k8s.io/v1 ClusterRole": "the service's rights; identity bindings",
  "rbac.authorization.k8s.io/v1 ClusterRoleBinding": "the service's rights; identity bindings",
  "rbac.authorization.k8s.io/v1 Role": "kubectl makes them; rights of an application",
  "rbac.authorization.k8s.io/v1 RoleBinding": "kubectl makes them; rights of an application",
  "scheduling.k8s.io/v1 PriorityClass": "the system's own; kubectl makes them",
};

/** How whoever asks for another kind can have it. */
export const realOne = "use a real cluster (npm run apiServer, then --api-server)";
