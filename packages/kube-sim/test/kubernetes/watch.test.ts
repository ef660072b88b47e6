import * as k8s from "@kubernetes/client-node";
import { afterEach, expect, test } from "vitest";
import { testSimulated } from "../../../../test/support/apiServer.ts";
import { eventually, startCluster, type TestCluster } from "./cluster.ts";

const clusters: TestCluster[] = [];
afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.simulator.close();
});

async function start(...options: Parameters<typeof startCluster>): Promise<TestCluster> {
  const cluster = await startCluster(...options);
  clusters.push(cluster);
  return cluster;
}

const path = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", labels },
});

interface Seen {
  readonly type: string;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly code: number | undefined;
}

/** Collects watch events in a list until the cluster is closed. */
async function watch(cluster: TestCluster, query: Record<string, string | number | boolean>) {
  const seen: Seen[] = [];
  let hasEnded = false;
  const controller = await new k8s.Watch(cluster.config).watch(
    path,
    query,
    (type, object) =>
      seen.push({ type, name: object.metadata?.name, version: object.metadata?.resourceVersion, code: object.code }),
    () => {
      hasEnded = true;
    },
  );
  return { seen, events: () => seen.map(({ type, name }) => `${type} ${name}`), hasEnded: () => hasEnded, controller };
}

test("shows existing objects and then every change", async () => {
  const cluster = await start();
  await cluster.create(configMap("a"));

  const { events } = await watch(cluster, {});
  await cluster.create(configMap("b"));
  await cluster.apply(configMap("b", { x: "y" }), "me");
  await cluster.objects.delete(configMap("b"));

  await eventually(() => (events().length === 5 ? true : undefined));
  expect(events()).toEqual(["ADDED a", "ADDED kube-root-ca.crt", "ADDED b", "MODIFIED b", "DELETED b"]);
});

test("continues after a resource version without missing a change", async () => {
  const cluster = await start();
  const { metadata } = await cluster.core.listNamespacedConfigMap({ namespace: "default" });
  await cluster.create(configMap("a"));
  await cluster.objects.delete(configMap("a"));

  const { events } = await watch(cluster, { resourceVersion: metadata?.resourceVersion ?? "" });

  await eventually(() => (events().length === 2 ? true : undefined));
  expect(events()).toEqual(["ADDED a", "DELETED a"]);
});

const keepsMore = "it keeps its changes for five minutes";
testSimulated("answers 410 when it no longer has the changes after the version", keepsMore, async () => {
  const cluster = await start({ simulator: { keptChanges: 2 } });
  for (const name of ["a", "b", "c"]) await cluster.create(configMap(name));

  const { seen, hasEnded } = await watch(cluster, { resourceVersion: "2" });

  await eventually(() => (hasEnded() ? true : undefined));
  expect(seen).toMatchObject([{ type: "ERROR", code: 410 }]);
});

test("sends ADDED for an object that begins to match the selector, and DELETED for one that no longer does", async () => {
  const cluster = await start();
  await cluster.create(configMap("a"));

  const { events } = await watch(cluster, { labelSelector: "app=x" });
  await cluster.apply(configMap("a", { app: "x" }), "me");
  await cluster.apply(configMap("a", { app: "y" }), "me");

  await eventually(() => (events().length === 2 ? true : undefined));
  expect(events()).toEqual(["ADDED a", "DELETED a"]);
});

test("sends bookmarks to clients that allow them", async () => {
  const cluster = await start({ simulator: { bookmarkMs: 20 } });

  const { seen } = await watch(cluster, { allowWatchBookmarks: true });

  const bookmark = await eventually(() => seen.find(({ type }) => type === "BOOKMARK"));
  expect(Number(bookmark.version)).toBeGreaterThan(0);
});

test("ends after timeoutSeconds", async () => {
  const cluster = await start();

  const { hasEnded } = await watch(cluster, { timeoutSeconds: 1 });

  expect(await eventually(() => (hasEnded() ? true : undefined))).toBe(true);
});

test("keeps an informer in sync, even across a dropped connection", async () => {
  const cluster = await start();
  const informer = k8s.makeInformer(cluster.config, path, () =>
    cluster.core.listNamespacedConfigMap({ namespace: "default" }),
  );
  informer.on("error", () => undefined);
  await informer.start();
  await cluster.create(configMap("a"));
  await eventually(() => informer.get("a", "default"));
  await informer.stop();
  await cluster.create(configMap("b"));

  await informer.start();

  await eventually(() => informer.get("b", "default"));
  await informer.stop();
});
