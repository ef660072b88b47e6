/**
 * A cluster of the sandbox: an API server, simulated or real, and what runs beside it as its clients, whichever it is. The
 * kubelet is started by the cloud, since it runs the cloud's images.
 */
import { startPodIdentityController, startTokenProxy, type TokenProxy } from "azure-sim/aks";
import { clusterIdOf } from "azure-sim/arm";
import type { SimulatorContext } from "azure-sim/simulator";
import { startApiServer } from "../apiServer/index.ts";
import { authorityOf, type KubernetesOptions, type KubernetesSimulator, startKubernetes } from "../kubernetes/index.ts";
import { createApi } from "./api.ts";
import { follow } from "./follow.ts";
import { type ClusterObjects, createClusterObjects } from "./objects.ts";

export interface ClusterOptions extends KubernetesOptions {
  /** The real API server instead of the simulated one, which needs no program. */
  readonly isReal?: boolean | undefined;
}

export interface ClusterServer extends KubernetesSimulator {
  readonly objects: ClusterObjects;
  /** Of the only node, where the API server knows nodes: a scheduler binds every pod to it (scheduler.ts). */
  readonly nodeName: string | undefined;
}

const nodeName = "sandbox";

/** MOORING_API_SERVER=real chooses for a whole process, such as a run of the tests. */
export const usesRealApiServer = process.env["MOORING_API_SERVER"] === "real";

export async function startCluster(
  context: SimulatorContext,
  { isReal = usesRealApiServer, ...options }: ClusterOptions,
): Promise<ClusterServer> {
  const { world, tls } = context;
  const inWorld = world.clusters.get(options.cluster);
  let tokenProxy: TokenProxy | undefined;
  const withProxy = { ...options, tokenProxy: () => tokenProxy?.address };
  const server = isReal
    ? await startApiServer(context, { ...withProxy, nodeName })
    : await startKubernetes(context, withProxy);
  const { url, adminToken } = server;
  const api = createApi({ url, ca: tls.certificate, token: adminToken });
  if (inWorld?.hasIdentityBindings) {
    const clusterId = clusterIdOf(inWorld, world.subscriptionId);
    tokenProxy = await startTokenProxy(context, {
      cluster: options.cluster,
      clusterId,
      api,
      authorityHost: authorityOf(options),
    });
  }
  const clients = [
    ...(inWorld?.hasPodIdentity
      ? [startPodIdentityController(api, (path, onChange) => follow(api, path, { onChange }))]
      : []),
    ...(tokenProxy ? [tokenProxy] : []),
  ];
  return {
    ...server,
    objects: createClusterObjects(api),
    nodeName: isReal ? nodeName : undefined,
    async close() {
      const ended = Promise.all(clients.map((client) => client.close()));
      await server.close();
      await ended;
      api.close();
    },
  };
}
