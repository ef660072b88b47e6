/** A network policy in force: the simulated cluster holds its pods to it (docs/sandbox.md). */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { CoreV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { createMessageList } from "../../sandbox/messageList.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
/** Of the cluster's administrator. */
let core: CoreV1Api;
/** Where no request may lead. */
let elsewhere: Server;
let callers = 0;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog has a verification Job",
    verificationJob: { image: "message-app", timeoutSeconds: 20 },
  });
  service = serviceOf(sandbox);
  await createMessageList(sandbox.cloud);
  const config = kubeConfigOf(sandbox.cloud);
  core = config.makeApiClient(CoreV1Api);
  elsewhere = createServer((socket) => {
    callers += 1;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
});
afterAll(async () => {
  elsewhere?.close();
  await sandbox?.close();
});

async function onboard(namespace: string, changes: object = {}) {
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  const operation = await service.waitFor(
    await service.onboard({ cluster: names.cluster, namespace, databases, ...changes }),
  );
  expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
}

/** Runs the sample once with another server than the ConfigMap's; returns its exit code. */
async function runElsewhere(namespace: string): Promise<number | undefined> {
  const { port } = elsewhere.address() as AddressInfo;
  const container = {
    name: "app",
    image: "message-app",
    env: [
      { name: "SERVER_NAME", value: `localhost,${port}` },
      { name: "DATABASE_NAME", value: "messages" },
    ],
  };
  const labels = { "azure.workload.identity/use": "true" };
  const spec = { restartPolicy: "Never", serviceAccountName: "app", containers: [container] };
  await core.createNamespacedPod({ namespace, body: { metadata: { name: "wanderer", labels }, spec } });
  return await vi.waitFor(
    async () => {
      const { status } = await core.readNamespacedPod({ name: "wanderer", namespace });
      const ended = status?.containerStatuses?.[0]?.state?.terminated;
      expect(ended).toBeDefined();
      return ended?.exitCode;
    },
    { timeout: 60_000, interval: 200 },
  );
}

it("lets the verification Job sign in and reach its database, and nothing reach anything else", async () => {
  await onboard("held", { namespaceProfile: "isolated" });
  const verified = await service.call("POST", `/api/namespaces/${names.cluster}/held/verify`);
  expect(verified.body).toMatchObject({ findings: [] });

  expect(await runElsewhere("held")).toBe(6);
  expect(callers).toBe(0);
});

it("holds no pod of a namespace without a policy", async () => {
  await onboard("free");
  await runElsewhere("free");
  expect(callers).toBeGreaterThan(0);
});
