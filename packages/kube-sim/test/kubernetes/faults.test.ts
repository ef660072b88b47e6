import * as k8s from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Effect } from "../../../azure-sim/src/faults.ts";
import { failureOf, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.faults.clear());
afterAll(() => cluster.simulator.close());

const configMap = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
});
const stored = async (name: string) => await cluster.simulator.objects.get("v1", "ConfigMap", name, "default");
const script = (effect: Effect, operation = "POST configmaps") =>
  cluster.faults.add({ wire: "kubernetes", operation, effect });
const create = (name: string) =>
  cluster.core.createNamespacedConfigMap({ namespace: "default", body: configMap(name) });

test("names every request by method, resource and location", async () => {
  const before = cluster.faults.journal.length;
  await create("named");
  await cluster.core.readNamespacedConfigMap({ namespace: "default", name: "named" });
  await cluster.core.listNamespacedConfigMap({ namespace: "default" });
  await cluster.core.listNamespace();
  await cluster.core.readNamespace({ name: "default" });
  await cluster.core.createNamespacedServiceAccountToken({
    namespace: "default",
    name: "default",
    body: { spec: { audiences: [] } },
  });
  await cluster.request("GET", "/version");

  expect(cluster.faults.journal.slice(before).map(({ operation, target }) => `${operation} @ ${target}`)).toEqual([
    "POST configmaps @ aks-dev/default/named",
    "GET configmaps @ aks-dev/default/named",
    "GET configmaps @ aks-dev/default",
    "GET namespaces @ aks-dev",
    "GET namespaces @ aks-dev/default",
    "POST serviceaccounts/token @ aks-dev/default/default",
    "GET /version @ aks-dev",
  ]);
});

test("answers 429 with the time to wait in the header and in the details", async () => {
  script({ kind: "error", code: 429, retryAfterSeconds: 7 });

  const failure = await create("slow").catch((error: unknown) => error);

  if (!(failure instanceof k8s.ApiException)) throw new Error("It was expected to fail.");
  expect(failure.code).toBe(429);
  expect(failure.headers["retry-after"]).toBe("7");
  expect(JSON.parse(failure.body)).toMatchObject({ reason: "TooManyRequests", details: { retryAfterSeconds: 7 } });
  expect(await stored("slow")).toBeUndefined();
});

test("answers with the scripted reason or status", async () => {
  script({ kind: "error", code: "ServiceUnavailable", message: "etcd is away" });
  expect(await failureOf(create("x"))).toMatchObject({
    code: 503,
    reason: "ServiceUnavailable",
    message: "etcd is away",
  });
  script({ kind: "error", code: "ServerTimeout", status: 500 });
  expect(await failureOf(create("x"))).toMatchObject({ code: 500, reason: "ServerTimeout" });
});

test("cuts the connection before the request takes effect, or afterwards", async () => {
  script({ kind: "cutBefore" });
  await expect(create("before")).rejects.toThrow("fetch failed");
  script({ kind: "cutAfter" });
  await expect(create("after")).rejects.toThrow("fetch failed");

  expect(await stored("before")).toBeUndefined();
  expect(await stored("after")).toBeDefined();
});

test("answers with broken JSON although the request took effect", async () => {
  script({ kind: "garbage" });

  await expect(create("garbled")).rejects.toThrow(SyntaxError);

  expect(await stored("garbled")).toBeDefined();
});

test("never answers a request that hangs", async () => {
  script({ kind: "hang" });

  const outcome = await Promise.race([create("hung").then(() => "answered"), wait(200)]);

  expect(outcome).toBe("silence");
  expect(await stored("hung")).toBeUndefined();
});

test("applies no faults to the sandbox's own requests, and does not record them", async () => {
  cluster.faults.add({ wire: "kubernetes", times: Number.POSITIVE_INFINITY, effect: { kind: "cutBefore" } });
  const before = cluster.faults.journal.length;

  const own = await cluster.request("GET", "/api/v1/namespaces", { token: cluster.simulator.adminToken });

  expect(own.status).toBe(200);
  expect(cluster.faults.journal).toHaveLength(before);
});

test("drops a watch midstream", async () => {
  script({ kind: "cutAfter" }, "GET configmaps");

  const ended = new Promise((resolve) => {
    const watch = new k8s.Watch(cluster.config);
    void watch.watch(
      "/api/v1/namespaces/default/configmaps",
      {},
      () => undefined,
      () => resolve("dropped"),
    );
  });

  expect(await Promise.race([ended, wait(2_000)])).toBe("dropped");
});

test("closes while a request hangs", async () => {
  const other = await startCluster();
  other.faults.add({ wire: "kubernetes", effect: { kind: "hang" } });
  const hanging = other.core.listNamespace().catch(() => "cut");
  await wait(50);

  await other.simulator.close();

  expect(await hanging).toBe("cut");
});

function wait(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("silence"), ms));
}
