/** One cluster with a node, alone on this machine. */
import { createFaults, type Faults } from "azure-sim/faults";
import type { SimulatorContext } from "azure-sim/simulator";
import { createCertificate } from "azure-sim/tls";
import { createSigningKey, createWorld } from "azure-sim/world";
import { type ClusterServer, startCluster } from "./src/cluster/index.ts";
import { startScheduler } from "./src/cluster/scheduler.ts";
import type { Image } from "./src/kubelet/containerProcess.ts";
import { type Kubelet, startKubelet } from "./src/kubelet/index.ts";

export interface KubeOptions {
  /** 0, the default, takes any free port; a real API server always does. */
  readonly port?: number;
  /** Programs of this machine, by the image that a pod names. */
  readonly images?: Readonly<Record<string, Image>>;
  /** A real API server, built before, instead of the simulated one. */
  readonly isReal?: boolean;
}

export interface Kube {
  readonly url: string;
  /** Of an administrator, for kubectl and client libraries. */
  readonly kubeconfig: string;
  readonly faults: Faults;
  readonly server: ClusterServer;
  readonly kubelet: Kubelet;
  close(): Promise<void>;
}

export const name = "kube-sim";

/** A world that has one cluster, outside of Azure, and nothing else. */
export async function createContext(): Promise<SimulatorContext> {
  const [world, tls, serviceAccountKey] = await Promise.all([createWorld(), createCertificate(), createSigningKey()]);
  world.clusters.set(name, {
    ...{ name, serviceAccountKey, oidcIssuer: `https://${name}.example/`, isOutsideAzure: true },
    ...{ nodeResourceGroup: "", location: "", administrators: new Set<string>() },
    ...{ hasPodIdentity: false, hasWorkloadIdentityWebhook: false },
  });
  return { world, tls, faults: createFaults() };
}

export async function startKube({ port = 0, images = {}, isReal = false }: KubeOptions = {}): Promise<Kube> {
  const context = await createContext();
  const { faults, tls } = context;
  let kubelet: Kubelet | undefined;
  const server = await startCluster(context, { cluster: name, port, isReal, podLog: (pod) => kubelet?.log(pod) });
  const { url, adminToken } = server;
  const running = startKubelet({ cluster: name, url, ca: tls.certificate, adminToken, images });
  kubelet = running;
  const scheduler = server.nodeName === undefined ? undefined : startScheduler(server, tls.certificate);
  return {
    ...{ url, faults, server, kubelet: running, kubeconfig: server.kubeconfig() },
    async close() {
      await running.close();
      await scheduler?.close();
      await server.close();
    },
  };
}
