/**
 * A real API server for one cluster of the world: etcd, kube-apiserver and kube-controller-manager as processes of this
 * machine, and in front of them the simulated cluster's listener, so that faults and the journal are the same.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SimulatorContext } from "azure-sim/simulator";
import { createApi } from "../cluster/api.ts";
import { createClusterObjects } from "../cluster/objects.ts";
import { freePort } from "../freePort.ts";
import { printKubeconfig } from "../kubeconfig.ts";
import {
  authorityOf,
  clusterIn,
  type KubernetesOptions,
  type KubernetesSimulator,
  type Restriction,
} from "../kubernetes/index.ts";
import { createListener } from "../kubernetes/server.ts";
import { startCallbacks } from "./callbacks.ts";
import { writeFiles } from "./files.ts";
import { apiServerFlags, controllerManagerFlags, etcdFlags } from "./flags.ts";
import { createForward } from "./forward.ts";
import { Processes, untilAnswers } from "./processes.ts";
import { seedCluster } from "./seed.ts";
import { createWebhooks } from "./webhooks.ts";

export async function startApiServer(
  { world, faults, tls }: SimulatorContext,
  options: KubernetesOptions & { readonly nodeName: string },
): Promise<KubernetesSimulator> {
  const { nodeName, policies = [] } = options;
  const cluster = clusterIn(world, options.cluster);
  const adminToken = randomBytes(32).toString("base64url");
  const restrictions: Restriction[] = [];
  const unseenAccounts = new Set<string>();
  const processes = new Processes();
  const folder = await mkdtemp(join(tmpdir(), "mooring-api-server-"));
  const [etcdPort, peerPort, securePort] = await Promise.all([freePort(), freePort(), freePort()]);
  const own = `https://127.0.0.1:${securePort}`;
  const api = createApi({ url: own, ca: tls.certificate, token: adminToken });
  const objects = createClusterObjects(api);
  const callbacks = await startCallbacks({
    world,
    tls,
    restrictions,
    authorityHost: authorityOf(options),
    tokenProxy: options.tokenProxy ?? (() => undefined),
    podLog: options.podLog ?? (() => undefined),
    serviceAccount: async (namespace, name) =>
      unseenAccounts.has(`${namespace}/${name}`)
        ? undefined
        : await objects.get("v1", "ServiceAccount", name, namespace),
  });
  const forward = createForward({ url: own, ca: tls.certificate });
  const close = async () => {
    await processes.close();
    api.close();
    forward.close();
    await callbacks.close();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const files = await writeFiles(folder, { world, cluster, tls, adminToken, callbacks: callbacks.url });
    const [etcdUrl, peerUrl] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${peerPort}`];
    const { oidcIssuer: issuer } = cluster;
    processes.start("etcd", etcdFlags(folder, { url: etcdUrl, peerUrl }));
    processes.start("kube-apiserver", apiServerFlags(files, { folder, etcdUrl, port: securePort, issuer }));
    await processes.untilReady(api);
    const kubeconfig = join(folder, "admin.kubeconfig");
    const admin = { name: options.cluster, ca: tls.certificate, token: adminToken };
    await writeFile(kubeconfig, printKubeconfig({ ...admin, server: own }), { mode: 0o600 });
    processes.start("kube-controller-manager", controllerManagerFlags(files, kubeconfig));
    await seedCluster(api, { world, cluster, nodeName, callbacks, authority: tls.certificate, policies });
    await processes.untilSettled(objects);

    const { settle, upgrade } = forward;
    const listener = createListener({ cluster: options.cluster, tls, faults, adminToken, settle, upgrade });
    const port = await listener.listen(options.port ?? 0);
    const url = `https://127.0.0.1:${port}`;
    return {
      cluster: options.cluster,
      url,
      port,
      adminToken,
      restrictions,
      unseenAccounts,
      controllers: {
        stop: () => processes.kill("kube-controller-manager"),
        async start() {
          processes.start("kube-controller-manager");
        },
      },
      programs: {
        kill: (name) => processes.kill(name),
        async start(name) {
          processes.start(name);
          await untilAnswers(api);
        },
      },
      webhooks: createWebhooks({ api, callbacks, authority: tls.certificate }),
      kubeconfig: () => printKubeconfig({ ...admin, server: url }),
      async close() {
        await Promise.all([listener.close(), close()]);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
