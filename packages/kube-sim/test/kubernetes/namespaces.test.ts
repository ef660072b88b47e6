import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, failureOf, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ simulator: { terminationMs: 100 } });
});
afterAll(() => cluster.simulator.close());

const namespace = async (name: string) => await cluster.simulator.objects.get("v1", "Namespace", name);
const configMap = (namespace: string, finalizers: string[] = []) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "c", namespace, finalizers },
});

test("a new namespace is active, has its name as a label, and has a default service account", async () => {
  await cluster.createNamespace("fresh");

  expect(await namespace("fresh")).toMatchObject({
    metadata: { labels: { "kubernetes.io/metadata.name": "fresh" } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  });
  await eventually(async () => {
    const { items } = await cluster.core.listNamespacedServiceAccount({ namespace: "fresh" });
    return items.length === 1 ? true : undefined;
  });
});

test("a new namespace has the cluster's certificate authority for its pods", async () => {
  await cluster.createNamespace("trusting");

  const { data } = await eventually(() =>
    cluster.core.readNamespacedConfigMap({ name: "kube-root-ca.crt", namespace: "trusting" }).catch(() => undefined),
  );
  const inDefault = await cluster.core.readNamespacedConfigMap({ name: "kube-root-ca.crt", namespace: "default" });

  expect(data).toEqual({ "ca.crt": expect.stringMatching(/^-----BEGIN CERTIFICATE-----/) });
  expect(inDefault.data).toEqual(data);
});

test("a namespace keeps the label with its name when it is replaced without that label", async () => {
  await cluster.createNamespace("labelled");

  await cluster.core.replaceNamespace({ name: "labelled", body: { metadata: { name: "labelled" } } });

  expect((await namespace("labelled"))?.metadata.labels).toEqual({ "kubernetes.io/metadata.name": "labelled" });
});

test("a namespace that is being deleted refuses new content, and is then gone with everything in it", async () => {
  await cluster.createNamespace("ending");
  await cluster.create(configMap("ending", ["example.com/hold"]));

  await cluster.core.deleteNamespace({ name: "ending" });

  expect(await namespace("ending")).toMatchObject({ status: { phase: "Terminating" } });
  const refused = { ...configMap("ending"), metadata: { name: "late", namespace: "ending" } };
  expect(await failureOf(cluster.apply(refused, "me"))).toMatchObject({
    code: 403,
    reason: "Forbidden",
    message:
      'configmaps "late" is forbidden: unable to create new content in namespace ending because it is being terminated',
    details: { causes: [{ reason: "NamespaceTerminating" }] },
  });
  const body = [{ op: "remove", path: "/metadata/finalizers" }];
  await cluster.core.patchNamespacedConfigMap({ namespace: "ending", name: "c", body });
  await eventually(async () => ((await namespace("ending")) === undefined ? true : undefined));
  expect(await cluster.simulator.objects.list("v1", "ConfigMap", "ending")).toEqual([]);
  await cluster.createNamespace("ending");
  expect(await namespace("ending")).toMatchObject({ status: { phase: "Active" } });
});

test("a namespace waits for the finalizers of its contents", async () => {
  await cluster.createNamespace("held");
  await cluster.create(configMap("held", ["example.com/hold"]));
  await cluster.core.deleteNamespace({ name: "held" });
  const held = await eventually(async () =>
    (await cluster.simulator.objects.list("v1", "ConfigMap", "held")).find(
      ({ metadata }) => metadata.deletionTimestamp,
    ),
  );
  expect(await namespace("held")).toMatchObject({ status: { phase: "Terminating" } });

  const body = [{ op: "remove", path: "/metadata/finalizers" }];
  await cluster.core.patchNamespacedConfigMap({ namespace: "held", name: held.metadata.name, body });

  await eventually(async () => ((await namespace("held")) === undefined ? true : undefined));
});

test("a namespace with its own finalizer stays, empty, until that is removed", async () => {
  const metadata = { name: "kept", finalizers: ["example.com/keep"] };
  await cluster.create({ apiVersion: "v1", kind: "Namespace", metadata });
  await cluster.core.deleteNamespace({ name: "kept" });
  await eventually(async () =>
    (await cluster.simulator.objects.list("v1", "ServiceAccount", "kept")).length === 0 ? true : undefined,
  );
  await eventually(async () =>
    (await namespace("kept"))?.["spec"] === undefined ? undefined : await namespace("kept"),
  );

  await eventually(async () => {
    const body = [{ op: "remove", path: "/metadata/finalizers" }];
    await cluster.core.patchNamespace({ name: "kept", body }).catch(() => undefined);
    return (await namespace("kept")) === undefined ? true : undefined;
  });
});

test("system namespaces cannot be deleted", async () => {
  expect(await failureOf(cluster.core.deleteNamespace({ name: "kube-system" }))).toMatchObject({ code: 403 });
});
