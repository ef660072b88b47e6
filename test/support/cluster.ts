/** A running cluster for tests (kube-sim/testing), as the catalog names it, and the service's own way to it. */
import { type TestCluster as Cluster, startCluster as start } from "kube-sim/testing";
import { createKubernetes } from "../../src/adapters/kubernetes/index.ts";
import type { ClusterTarget } from "../../src/domain/catalog/catalog.ts";
import type { Kubernetes } from "../../src/ports/kubernetes.ts";

export { eventually, objectOf } from "kube-sim/testing";

export type TestCluster = Cluster & { readonly target: ClusterTarget };

export async function startCluster(...options: Parameters<typeof start>): Promise<TestCluster> {
  const running = await start(...options);
  const { world, cluster, simulator, tls } = running;
  const target: ClusterTarget = {
    kind: "aks",
    alias: "aks-dev",
    apiServer: simulator.url,
    certificateAuthority: tls.certificate,
    subscriptionId: world.subscriptionId,
    identityResourceGroup: cluster.nodeResourceGroup,
    location: cluster.location,
    identityModes: ["workloadIdentity"],
    network: {
      policies: "kubernetes",
      login: { hosts: ["login.microsoftonline.com"], port: 443 },
      tokenProxy: { port: 443 },
    },
  };
  return { ...running, target };
}

/** As the administrator. */
export function kubernetesOf({ token }: Pick<TestCluster, "token">): Kubernetes {
  const getToken = async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
  return createKubernetes({ credential: { getToken } });
}
