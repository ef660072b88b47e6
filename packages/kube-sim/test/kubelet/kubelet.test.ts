import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type NodeIdentity, startNodeIdentity } from "../../../azure-sim/src/nodeIdentity/index.ts";
import type { SimulatorContext } from "../../../azure-sim/src/simulator.ts";
import { addCluster, addIdentity, createContext } from "../../../azure-sim/test/entra/fixture.ts";
import { type ClusterServer, startCluster } from "../../src/cluster/index.ts";
import { type Kubelet, startKubelet } from "../../src/kubelet/index.ts";

let context: SimulatorContext;
let cluster: ClusterServer;
let nodeIdentity: NodeIdentity;
let kubelet: Kubelet;

beforeAll(async () => {
  // A separate folder, so that leftovers can be counted while other tests run pods too.
  vi.stubEnv("TMPDIR", await mkdtemp(join(tmpdir(), "mooring-test-")));
  context = await createContext();
  await addCluster(context.world, "aks-dev");
  cluster = await startCluster(context, { cluster: "aks-dev", authorityHost: "https://authority.example/" });
  nodeIdentity = startNodeIdentity(context, {
    assignedIdentities: async () => await cluster.objects.list("aadpodidentity.k8s.io/v1", "AzureAssignedIdentity"),
  });
  kubelet = startKubelet({
    cluster: "aks-dev",
    url: cluster.url,
    ca: context.tls.certificate,
    adminToken: cluster.adminToken,
    nodeIdentity,
    restartDelayMs: 50,
    images: {
      environment: script("console.log(JSON.stringify(process.env))"),
      token: script("console.log(require('node:fs').readFileSync(process.env.AZURE_FEDERATED_TOKEN_FILE, 'utf8'))"),
      greeter: script("console.log('hello'); console.error('and goodbye'); process.exit(3)"),
      reporter:
        script(`require('node:fs').writeFileSync(process.env.TERMINATION_MESSAGE_PATH, 'x'.repeat(5000) + 'end');
        console.log('log'); process.exit(7)`),
      sleeper: script("console.log('up'); setInterval(() => {}, 1000)"),
      stubborn: script("process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)"),
      curious: script(`fetch(process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST
        + '/metadata/identity/oauth2/token?resource=https://database.windows.net/', { headers: { Metadata: 'true' } })
        .then(async (answer) => console.log(answer.status, await answer.text()))`),
    },
    graceMs: 200,
  });
  await call("POST", "/api/v1/namespaces", { metadata: { name: "team-a" } });
  await call("POST", "/api/v1/namespaces/team-a/serviceaccounts", {
    metadata: { name: "app", annotations: { "azure.workload.identity/client-id": "my-client" } },
  });
  await call("POST", "/api/v1/namespaces/team-a/configmaps", {
    metadata: { name: "mooring-databases" },
    data: { SERVER_NAME: "localhost,1433", DATABASE_NAME: "orders" },
  });
});

afterEach(async () => {
  for (const { metadata } of await cluster.objects.list("v1", "Pod")) {
    await call("DELETE", `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`);
  }
});

afterAll(async () => {
  await kubelet.close();
  await nodeIdentity.close();
  await cluster.close();
  expect(await readdir(tmpdir())).toEqual([]);
  await rm(tmpdir(), { recursive: true });
  vi.unstubAllEnvs();
});

function script(source: string) {
  return { command: process.execPath, args: ["-e", source] };
}

function call(method: string, path: string, body?: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" };
    request(new URL(path, cluster.url), { method, headers }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => ((answer.statusCode ?? 500) < 300 ? resolve(text) : reject(new Error(text))));
    })
      .on("error", reject)
      .end(body && JSON.stringify(body));
  });
}

interface PodSettings {
  labels?: Record<string, string>;
  restartPolicy?: string;
  container?: object;
}

async function runPod(
  name: string,
  image: string,
  { labels = {}, restartPolicy = "Never", container }: PodSettings = {},
) {
  await call("POST", "/api/v1/namespaces/team-a/pods", {
    metadata: { name, labels },
    spec: {
      serviceAccountName: "app",
      restartPolicy,
      containers: [{ name: "main", image, env: [{ name: "OWN", value: "yes" }], ...container }],
    },
  });
}

async function podStatus(name: string): Promise<Record<string, unknown>> {
  const status: unknown = (await cluster.objects.get("v1", "Pod", name, "team-a"))?.["status"];
  return typeof status === "object" && status !== null ? { ...status } : {};
}

async function phase(name: string, expected: string): Promise<Record<string, unknown>> {
  await expect.poll(async () => (await podStatus(name))["phase"], { interval: 20 }).toBe(expected);
  return podStatus(name);
}

function log(name: string): string {
  return kubelet.log({ namespace: "team-a", name }) ?? "";
}

test("runs a pod with the environment of its spec and nothing else of this machine's", async () => {
  process.env["MOORING_TEST_LEAK"] = "secret";
  await runPod("environment", "environment", {
    container: { envFrom: [{ configMapRef: { name: "mooring-databases" } }] },
  });

  await phase("environment", "Succeeded");

  const environment: Record<string, string> = JSON.parse(log("environment"));
  expect(environment).toMatchObject({ OWN: "yes", SERVER_NAME: "localhost,1433", DATABASE_NAME: "orders" });
  expect(Object.keys(environment).toSorted()).toEqual([
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "DATABASE_NAME",
    "HOSTNAME",
    "NODE_EXTRA_CA_CERTS",
    "OWN",
    "PATH",
    "SERVER_NAME",
    "TERMINATION_MESSAGE_PATH",
  ]);
  delete process.env["MOORING_TEST_LEAK"];
});

test("projects the service account's token where the workload looks for it", async () => {
  await runPod("token", "token", { labels: { "azure.workload.identity/use": "true" } });

  await phase("token", "Succeeded");

  const [, payload = ""] = log("token").split(".");
  expect(JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))).toMatchObject({
    iss: context.world.clusters.get("aks-dev")?.oidcIssuer,
    sub: "system:serviceaccount:team-a:app",
    aud: ["api://AzureADTokenExchange"],
    "kubernetes.io": { pod: { name: "token" } },
  });
});

test("reports a failure's exit code, log and termination message", async () => {
  await runPod("greeter", "greeter", { container: { terminationMessagePolicy: "FallbackToLogsOnError" } });

  const status = await phase("greeter", "Failed");

  expect(log("greeter").split("\n").toSorted()).toEqual(["", "and goodbye", "hello"]);
  expect(status).toMatchObject({
    containerStatuses: [
      {
        name: "main",
        ready: false,
        state: { terminated: { exitCode: 3, reason: "Error", message: expect.stringContaining("goodbye") } },
      },
    ],
  });
});

test("reports what a container leaves in its termination log, before its log, and the end of what is too long", async () => {
  await runPod("reporter", "reporter", { container: { terminationMessagePolicy: "FallbackToLogsOnError" } });

  const status = await phase("reporter", "Failed");

  const message = `${"x".repeat(4_093)}end`;
  expect(status).toMatchObject({ containerStatuses: [{ state: { terminated: { exitCode: 7, message } } }] });
});

test("reports that a pod is running, and kills it when it is deleted", async () => {
  await runPod("sleeper", "sleeper");
  const status = await phase("sleeper", "Running");
  await expect.poll(() => log("sleeper")).toBe("up\n");

  await call("DELETE", "/api/v1/namespaces/team-a/pods/sleeper");

  expect(status).toMatchObject({ containerStatuses: [{ ready: true, restartCount: 0, state: { running: {} } }] });
  await expect.poll(() => kubelet.log({ namespace: "team-a", name: "sleeper" })).toBeUndefined();
});

test("kills a process that ignores SIGTERM", async () => {
  await runPod("stubborn", "stubborn");
  await expect.poll(() => log("stubborn")).toBe("up\n");
  const before = await folders();

  await call("DELETE", "/api/v1/namespaces/team-a/pods/stubborn");

  await expect.poll(folders).toBe(before - 1);
});

async function folders(): Promise<number> {
  return (await readdir(tmpdir())).length;
}

test("restarts a pod according to its restart policy", async () => {
  await runPod("restarting", "greeter", { restartPolicy: "OnFailure" });

  await expect
    .poll(() => podStatus("restarting"), { interval: 20 })
    .toMatchObject({ containerStatuses: [{ restartCount: 2 }] });
});

test("waits for a ConfigMap that does not exist yet", async () => {
  await runPod("early", "environment", { container: { envFrom: [{ configMapRef: { name: "late" } }] } });
  await expect
    .poll(() => podStatus("early"), { interval: 20 })
    .toMatchObject({
      containerStatuses: [{ state: { waiting: { message: expect.stringContaining('configmap "late" not found') } } }],
    });

  await call("POST", "/api/v1/namespaces/team-a/configmaps", { metadata: { name: "late" }, data: { LATE: "1" } });

  await phase("early", "Succeeded");
  expect(JSON.parse(log("early"))).toMatchObject({ LATE: "1" });
});

test("does not run an unknown image", async () => {
  await runPod("unknown", "nginx");

  await expect
    .poll(() => podStatus("unknown"), { interval: 20 })
    .toMatchObject({ phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ErrImagePull" } } }] });
});

test("gives a pod the node's identity endpoint, which knows its binding", async () => {
  const identity = addIdentity(context.world, "bound");
  const group = "/apis/aadpodidentity.k8s.io/v1/namespaces/team-a";
  const annotations = { "aadpodidentity.k8s.io/Behavior": "namespaced" };
  await call("POST", `${group}/azureidentities`, {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentity",
    metadata: { name: "bound", annotations },
    spec: { type: 0, resourceID: identity.id, clientID: identity.clientId },
  });
  await call("POST", `${group}/azureidentitybindings`, {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentityBinding",
    metadata: { name: "bound-binding" },
    spec: { azureIdentity: "bound", selector: "team-a" },
  });
  await runPod("curious", "curious", { labels: { aadpodidbinding: "team-a" } });
  await runPod("stranger", "curious");

  await phase("curious", "Succeeded");
  await phase("stranger", "Succeeded");

  expect(log("curious")).toMatch(/^200 .*"access_token"/);
  expect(log("stranger")).toMatch(/^403 /);
});

test("continues after its watch was cut off, and notices what was deleted in the meantime", async () => {
  const proxy = await startProxy(cluster.port);
  const second = startKubelet({
    cluster: "aks-dev",
    url: `https://127.0.0.1:${proxy.port}`,
    ca: context.tls.certificate,
    adminToken: cluster.adminToken,
    images: { known: script("console.log('up'); setInterval(() => {}, 1000)") },
  });
  const logOf = (name: string) => second.log({ namespace: "team-a", name });
  await runPod("before", "known");
  await expect.poll(() => logOf("before")).toBe("up\n");

  proxy.cut();
  await call("DELETE", "/api/v1/namespaces/team-a/pods/before");
  await runPod("after", "known");

  await expect.poll(() => logOf("after")).toBe("up\n");
  expect(logOf("before")).toBeUndefined();
  await second.close();
  proxy.close();
});

async function startProxy(target: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(target, "127.0.0.1");
    for (const each of [socket, upstream]) {
      sockets.add(each);
      each.on("close", () => sockets.delete(each)).on("error", () => undefined);
    }
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    cut,
    close() {
      cut();
      server.close();
    },
  };
}
