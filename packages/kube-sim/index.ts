/** A Kubernetes cluster for tests: its API server, simulated or real, and what runs beside it. */

export { ApiError, createApi, type KubernetesApi } from "./src/cluster/api.ts";
export { type ClusterServer, startCluster, usesRealApiServer } from "./src/cluster/index.ts";
export { startScheduler } from "./src/cluster/scheduler.ts";
export { startServiceAccountLogin, type TokenFile } from "./src/cluster/serviceAccountLogin.ts";
export { freePort } from "./src/freePort.ts";
export { type Kubelet, startKubelet } from "./src/kubelet/index.ts";
export { type AccessAttributes, isAllowedBy, isPathAllowedBy } from "./src/kubernetes/rbac.ts";
export { standard } from "./src/kubernetes/standard.ts";
export { type Kube, type KubeOptions, startKube } from "./start.ts";
