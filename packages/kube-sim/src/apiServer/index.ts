/**
 * A real API server for one cluster of the world: etcd, kube-apiserver and kube-controller-manager as processes of this
 * machine, and in front of them the simulated cluster's listener, so that faults and the journal are the same.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SimulatorContext } from "azure-sim/simulator";
import { ApiError, createApi, type KubernetesApi } from "../cluster/api.ts";
import { createClusterObjects } from "../cluster/objects.ts";
import { freePort } from "../freePort.ts";
import { printKubeconfig } from "../kubeconfig.ts";
import type { KubernetesOptions, KubernetesSimulator, Restriction } from "../kubernetes/index.ts";
import { createListener } from "../kubernetes/server.ts";
import { startCallbacks } from "./callbacks.ts";
import { writeFiles } from "./files.ts";
import { createForward } from "./forward.ts";
import { type RunningProgram, startProgram } from "./program.ts";
import { type ProgramName, requirePrograms } from "./programs.ts";
import { seedCluster } from "./seed.ts";
import { createWebhooks } from "./webhooks.ts";

/** What the sandbox and its tests need; any other would only take time. */
const controllers = [
  "namespace-controller",
  "serviceaccount-controller",
  "serviceaccount-token-controller",
  "root-ca-certificate-publisher-controller",
  "garbage-collector-controller",
  "job-controller",
  "deployment-controller",
  "replicaset-controller",
  "resourcequota-controller",
  "ttl-after-finished-controller",
  "clusterrole-aggregation-controller",
];

/** Two busy cores need some 10 s. */
const patienceMs = 90_000;

export async function startApiServer(
  { world, faults, tls }: SimulatorContext,
  options: KubernetesOptions & { readonly nodeName: string },
): Promise<KubernetesSimulator> {
  const { port = 0, authorityHost = "https://login.microsoftonline.com/", nodeName, policies = [] } = options;
  const cluster = world.clusters.get(options.cluster);
  if (cluster === undefined)
    throw new Error(`The world has no cluster "${options.cluster}"; add it to world.clusters.`);
  const programs = requirePrograms();
  const adminToken = randomBytes(32).toString("base64url");
  const restrictions: Restriction[] = [];
  const unseenAccounts = new Set<string>();
  const folder = await mkdtemp(join(tmpdir(), "mooring-api-server-"));
  const [etcdPort, peerPort, securePort] = await Promise.all([freePort(), freePort(), freePort()]);
  const own = `https://127.0.0.1:${securePort}`;
  const api = createApi({ url: own, ca: tls.certificate, token: adminToken });
  const objects = createClusterObjects(api);
  const callbacks = await startCallbacks({
    world,
    tls,
    restrictions,
    authorityHost: () => (typeof authorityHost === "string" ? authorityHost : authorityHost()),
    tokenProxy: options.tokenProxy ?? (() => undefined),
    podLog: options.podLog ?? (() => undefined),
    serviceAccount: async (namespace, name) =>
      unseenAccounts.has(`${namespace}/${name}`)
        ? undefined
        : await objects.get("v1", "ServiceAccount", name, namespace),
  });
  const forward = createForward({ url: own, ca: tls.certificate });
  const running = new Map<ProgramName, RunningProgram>();
  const flags = new Map<ProgramName, Readonly<Record<string, string>>>();
  const start = (name: ProgramName) => void running.set(name, startProgram(programs[name], flags.get(name) ?? {}));
  const kill = async (name: ProgramName) => {
    await running.get(name)?.kill();
    running.delete(name);
  };
  const close = async () => {
    for (const name of [...running.keys()].toReversed()) await kill(name);
    api.close();
    forward.close();
    await callbacks.close();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const files = await writeFiles(folder, { world, cluster, tls, adminToken, callbacks: callbacks.url });
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    flags
      .set("etcd", {
        "data-dir": join(folder, "etcd"),
        "listen-client-urls": etcdUrl,
        "advertise-client-urls": etcdUrl,
        "listen-peer-urls": peerUrl,
        "initial-advertise-peer-urls": peerUrl,
        "initial-cluster": `default=${peerUrl}`,
        "log-level": "error",
        // Nothing is kept.
        "unsafe-no-fsync": "true",
      })
      .set("kube-apiserver", {
        "etcd-servers": etcdUrl,
        "bind-address": "127.0.0.1",
        "secure-port": String(securePort),
        "tls-cert-file": files.certificate,
        "tls-private-key-file": files.privateKey,
        "cert-dir": folder,
        "token-auth-file": files.tokens,
        "authentication-config": files.authentication,
        "authorization-config": files.authorization,
        "service-account-issuer": cluster.oidcIssuer,
        "service-account-signing-key-file": files.serviceAccountKey,
        "service-account-key-file": files.serviceAccountPublicKey,
        // Otherwise the server announces its own address.
        "service-account-jwks-uri": `${cluster.oidcIssuer.replace(/\/$/, "")}/openid/v1/jwks`,
        "service-cluster-ip-range": "10.0.0.0/16",
        "kubelet-certificate-authority": files.certificate,
        "kubelet-preferred-address-types": "InternalIP",
        "endpoint-reconciler-type": "none",
        // As in AKS: what refuses a privileged container is then admission.
        "allow-privileged": "true",
        profiling: "false",
      });
    start("etcd");
    start("kube-apiserver");
    await untilReady(api, running);
    const kubeconfig = join(folder, "admin.kubeconfig");
    const admin = { name: options.cluster, ca: tls.certificate, token: adminToken };
    await writeFile(kubeconfig, printKubeconfig({ ...admin, server: own }), { mode: 0o600 });
    flags.set("kube-controller-manager", {
      kubeconfig,
      controllers: controllers.join(","),
      "root-ca-file": files.certificate,
      "service-account-private-key-file": files.serviceAccountKey,
      "use-service-account-credentials": "false",
      "leader-elect": "false",
      "secure-port": "0",
      "kube-api-qps": "500",
      "kube-api-burst": "500",
      // Otherwise five minutes pass until it looks whether a quota's status says what its spec does.
      "resource-quota-sync-period": "5s",
      profiling: "false",
    });
    start("kube-controller-manager");
    await seedCluster(api, { world, cluster, nodeName, callbacks, authority: tls.certificate, policies });
    await untilSettled(objects, running);

    const { server, close: closeListener } = createListener({
      cluster: options.cluster,
      tls,
      faults,
      adminToken,
      settle: forward.settle,
      upgrade: forward.upgrade,
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The API server's listener has no TCP port.");
    const url = `https://127.0.0.1:${address.port}`;
    return {
      cluster: options.cluster,
      url,
      port: address.port,
      adminToken,
      restrictions,
      unseenAccounts,
      controllers: {
        stop: () => kill("kube-controller-manager"),
        async start() {
          start("kube-controller-manager");
        },
      },
      programs: {
        kill,
        async start(name) {
          start(name);
          await untilAnswers(api);
        },
      },
      webhooks: createWebhooks({ api, callbacks, authority: tls.certificate }),
      kubeconfig: () => printKubeconfig({ ...admin, server: url }),
      async close() {
        await Promise.all([closeListener(), close()]);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whatever it answers. */
async function untilAnswers(api: KubernetesApi): Promise<void> {
  const isUp = () =>
    api.getText("/livez").then(
      () => true,
      (error: unknown) => error instanceof ApiError,
    );
  while (!(await isUp())) await sleep(50);
}

type Running = ReadonlyMap<ProgramName, RunningProgram>;

async function untilReady(api: KubernetesApi, running: Running): Promise<void> {
  await until("it is not ready", running, async () => (await api.getText("/readyz")) === "ok");
}

/** The controllers work: what they make in every namespace is in the first one. */
async function untilSettled(objects: ReturnType<typeof createClusterObjects>, running: Running): Promise<void> {
  await until("its controllers do not work", running, async () => {
    const account = await objects.get("v1", "ServiceAccount", "default", "default");
    const authority = await objects.get("v1", "ConfigMap", "kube-root-ca.crt", "default");
    return account !== undefined && authority !== undefined;
  });
}

async function until(what: string, all: Running, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  const running = [...all.values()];
  let last = "";
  for (;;) {
    const isDone = await isSo().catch((error: unknown) => {
      last = String(error);
      return false;
    });
    if (isDone) return;
    const ended = running.find((program) => program.hasEnded);
    if (ended !== undefined || performance.now() > deadline) {
      const said = running.map((program) => program.tail()).filter((text) => text !== "");
      throw new Error(
        `The real API server does not start: ${ended ? "a program has ended" : what}. ${last}\n${said.join("\n")}`,
      );
    }
    await sleep(50);
  }
}
