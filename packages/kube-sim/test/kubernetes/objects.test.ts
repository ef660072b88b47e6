import * as k8s from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually, failureOf, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let namespace = "";
let count = 0;
beforeAll(async () => {
  cluster = await startCluster();
});
beforeEach(async () => {
  count += 1;
  namespace = `objects-${count}`;
  await cluster.createNamespace(namespace);
});
afterAll(() => cluster.simulator.close());

const configMap = (name: string, rest: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  ...rest,
});
const path = (name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`;
const stored = async (name: string) => await cluster.simulator.objects.get("v1", "ConfigMap", name, namespace);

describe("create", () => {
  test("gives an object its identity", async () => {
    const created = await cluster.create(configMap("a", { data: { k: "v" } }));

    expect(created.metadata).toMatchObject({ name: "a", namespace, uid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(Number(created.metadata?.resourceVersion)).toBeGreaterThan(0);
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
  });

  test("refuses a name that exists", async () => {
    await cluster.create(configMap("a"));

    expect(await failureOf(cluster.create(configMap("a")))).toMatchObject({
      code: 409,
      reason: "AlreadyExists",
      message: 'configmaps "a" already exists',
      details: { name: "a", kind: "configmaps" },
    });
  });

  test("refuses a namespace that does not exist", async () => {
    const lost = { ...configMap("a"), metadata: { name: "a", namespace: "nowhere" } };

    expect(await failureOf(cluster.create(lost))).toMatchObject({
      code: 404,
      message: 'namespaces "nowhere" not found',
    });
  });

  test("makes a name from generateName", async () => {
    const created = await cluster.create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { generateName: "made-", namespace },
    });

    expect(created.metadata?.name).toMatch(/^made-[a-z0-9]{5}$/);
  });

  test.each([
    ["a name with capitals", { metadata: { name: "Nope" } }, "metadata.name"],
    ["a name that is too long", { metadata: { name: "a".repeat(254) } }, "metadata.name"],
    ["no name", { metadata: {} }, "metadata.name"],
    ["a label value with a space", { metadata: { name: "a", labels: { k: "not good" } } }, "metadata.labels"],
    ["a label key with two slashes", { metadata: { name: "a", labels: { "a/b/c": "" } } }, "metadata.labels"],
    ["a data key with a slash", { metadata: { name: "a" }, data: { "a/b": "" } }, "data[a/b]"],
  ])("refuses %s with 422 and names the field", async (_, body, field) => {
    const { status, text } = await cluster.request("POST", `/api/v1/namespaces/${namespace}/configmaps`, { body });

    expect(status).toBe(422);
    expect(JSON.parse(text)).toMatchObject({ reason: "Invalid", details: { causes: [{ field }] } });
  });

  test("refuses a body of another kind, version or namespace with 400", async () => {
    const post = (body: unknown) => cluster.request("POST", `/api/v1/namespaces/${namespace}/configmaps`, { body });

    expect((await post({ kind: "Secret", metadata: { name: "a" } })).status).toBe(400);
    expect((await post({ apiVersion: "v2", metadata: { name: "a" } })).status).toBe(400);
    expect((await post({ metadata: { name: "a", namespace: "other" } })).status).toBe(400);
    expect((await post("{not json")).status).toBe(400);
    expect((await post({ metadata: { name: "a" }, data: { k: 1 } })).status).toBe(400);
  });

  test("answers 415 to a body that it cannot read", async () => {
    const headers = { "content-type": "application/xml" };
    const { status } = await cluster.request("POST", `/api/v1/namespaces/${namespace}/configmaps`, {
      body: "x",
      headers,
    });

    expect(status).toBe(415);
  });

  test("stores nothing in a dry run", async () => {
    await cluster.core.createNamespacedConfigMap({ namespace, body: configMap("a"), dryRun: "All" });

    expect(await stored("a")).toBeUndefined();
  });

  test("turns a Secret's stringData into data", async () => {
    const body = { metadata: { name: "s" }, stringData: { key: "plain" } };

    const secret = await cluster.core.createNamespacedSecret({ namespace, body });

    expect(secret).toMatchObject({ type: "Opaque", data: { key: Buffer.from("plain").toString("base64") } });
    expect(secret.stringData).toBeUndefined();
  });
});

describe("field validation", () => {
  const post = (query: string) =>
    cluster.request("POST", `/api/v1/namespaces/${namespace}/configmaps?${query}`, {
      body: { metadata: { name: "a", lables: {} }, dat: {} },
    });

  test("drops unknown fields and warns about them", async () => {
    const { status, headers } = await post("");

    expect(status).toBe(201);
    expect(headers["warning"]).toBe('299 - "unknown field \\"metadata.lables\\"", 299 - "unknown field \\"dat\\""');
    expect(await stored("a")).not.toHaveProperty("dat");
  });

  test("refuses unknown fields with Strict", async () => {
    const { status, text } = await post("fieldValidation=Strict");

    expect(status).toBe(400);
    expect(JSON.parse(text).message).toContain(
      'strict decoding error: unknown field "metadata.lables", unknown field "dat"',
    );
  });

  test("drops unknown fields silently with Ignore", async () => {
    expect((await post("fieldValidation=Ignore")).headers["warning"]).toBeUndefined();
  });

  test.each([
    ["ServiceAccount", "serviceaccounts"],
    ["Pod", "pods"],
  ])("knows the top-level fields of a %s", async (kind, plural) => {
    const body = { kind, apiVersion: "v1", metadata: { name: "a" }, spek: {} };
    const { text } = await cluster.request("POST", `/api/v1/namespaces/${namespace}/${plural}?fieldValidation=Strict`, {
      body,
    });

    expect(JSON.parse(text)).toMatchObject({ code: 400, message: expect.stringContaining('unknown field "spek"') });
  });
});

describe("update", () => {
  test("replaces with the current resource version or none, and refuses an old one", async () => {
    const created = await cluster.core.createNamespacedConfigMap({ namespace, body: configMap("a") });
    const body = { ...created, data: { k: "1" } };
    await cluster.core.replaceNamespacedConfigMap({ namespace, name: "a", body });

    expect(await failureOf(cluster.core.replaceNamespacedConfigMap({ namespace, name: "a", body }))).toMatchObject({
      code: 409,
      reason: "Conflict",
      message: expect.stringContaining("the object has been modified"),
    });
    await cluster.core.replaceNamespacedConfigMap({ namespace, name: "a", body: configMap("a") });
    expect((await stored("a"))?.["data"]).toBeUndefined();
  });

  test("lets no client set the creation or deletion time", async () => {
    await cluster.create(configMap("a"));
    const before = (await stored("a"))?.metadata;

    await cluster.request("PATCH", path("a"), {
      body: { metadata: { creationTimestamp: "2000-01-01T00:00:00Z", deletionTimestamp: "2000-01-01T00:00:00Z" } },
      headers: { "content-type": "application/merge-patch+json" },
    });

    expect((await stored("a"))?.metadata).toEqual(before);
  });

  test("does not raise the resource version when nothing changes", async () => {
    await cluster.create(configMap("a", { data: { k: "v" } }));
    const before = (await stored("a"))?.metadata.resourceVersion;

    await cluster.objects.patch(
      configMap("a", { data: { k: "v" } }),
      undefined,
      undefined,
      "x",
      undefined,
      k8s.PatchStrategy.MergePatch,
    );

    expect((await stored("a"))?.metadata.resourceVersion).toBe(before);
  });

  test("applies a JSON patch, and refuses one whose test fails", async () => {
    await cluster.create(configMap("a", { data: { k: "v", old: "x" } }));
    const body = [
      { op: "test", path: "/data/k", value: "v" },
      { op: "remove", path: "/data/old" },
      { op: "add", path: "/metadata/annotations", value: { "a/b": "1" } },
      { op: "replace", path: "/metadata/annotations/a~1b", value: "2" },
    ];
    await cluster.core.patchNamespacedConfigMap({ namespace, name: "a", body });

    expect(await stored("a")).toMatchObject({ data: { k: "v" }, metadata: { annotations: { "a/b": "2" } } });
    const failing = [{ op: "test", path: "/data/k", value: "other" }];
    expect(
      await failureOf(cluster.core.patchNamespacedConfigMap({ namespace, name: "a", body: failing })),
    ).toMatchObject({
      code: 422,
    });
  });

  test("merges lists by their key in a strategic merge patch", async () => {
    const pod = (containers: object[]) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace },
      spec: { containers },
    });
    await cluster.create(
      pod([
        { name: "a", image: "a:1" },
        { name: "b", image: "b:1" },
      ]),
    );

    await cluster.objects.patch(pod([{ name: "b", image: "b:2" }]));

    expect(await cluster.simulator.objects.get("v1", "Pod", "p", namespace)).toMatchObject({
      spec: {
        containers: [
          { name: "a", image: "a:1" },
          { name: "b", image: "b:2" },
        ],
      },
    });
  });

  test("raises the generation for a change of the spec, and not of labels or status", async () => {
    const deployment = (replicas: number, labels: Record<string, string>) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d", namespace, labels },
      spec: {
        replicas,
        selector: { matchLabels: { app: "d" } },
        template: { metadata: { labels: { app: "d" } }, spec: { containers: [{ name: "a", image: "a" }] } },
      },
    });
    const generation = async (replicas: number, labels: Record<string, string>) =>
      (await cluster.apply(deployment(replicas, labels), "me")).metadata?.generation;

    expect(await generation(1, {})).toBe(1);
    expect(await generation(1, { a: "b" })).toBe(1);
    expect(await generation(2, { a: "b" })).toBe(2);
  });

  test("writes status only through /status, and besides it only labels and annotations", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace },
      spec: { containers: [{ name: "a", image: "a" }] },
    };
    await cluster.create(pod);
    const merge = { headers: { "content-type": "application/merge-patch+json" } };
    const podPath = `/api/v1/namespaces/${namespace}/pods/p`;
    const body = { metadata: { labels: { a: "b" } }, status: { phase: "Running" } };

    await cluster.request("PATCH", podPath, { body: { status: { phase: "Failed" } }, ...merge });
    expect(await cluster.simulator.objects.get("v1", "Pod", "p", namespace)).toMatchObject({
      status: { phase: "Pending" },
    });

    await cluster.request("PATCH", `${podPath}/status`, { body, ...merge });
    const stored = await cluster.simulator.objects.get("v1", "Pod", "p", namespace);
    expect(stored).toMatchObject({ status: { phase: "Running" } });
    expect(stored?.metadata.labels).toEqual({ a: "b" });
  });

  test("does not let a running pod's containers or a job's template change", async () => {
    const pod = (command: string) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace },
      spec: { containers: [{ name: "a", image: "a", command: [command] }] },
    });
    const job = (command: string) => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "j", namespace },
      spec: {
        template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image: "a", command: [command] }] } },
      },
    });
    await cluster.apply(pod("one"), "me");
    await cluster.apply(job("one"), "me");

    expect(await failureOf(cluster.apply(pod("two"), "me"))).toMatchObject({ code: 422 });
    expect(await failureOf(cluster.apply(job("two"), "me"))).toMatchObject({
      code: 422,
      message: expect.stringContaining("field is immutable"),
    });
  });
});

describe("delete", () => {
  test("removes the object immediately", async () => {
    await cluster.create(configMap("a"));

    const status = await cluster.core.deleteNamespacedConfigMap({ namespace, name: "a" });

    expect(status).toMatchObject({ status: "Success" });
    expect(await failureOf(cluster.core.readNamespacedConfigMap({ namespace, name: "a" }))).toMatchObject({
      code: 404,
      message: 'configmaps "a" not found',
    });
  });

  test("refuses when the uid differs", async () => {
    await cluster.create(configMap("a"));
    const body = { preconditions: { uid: "another" } };

    expect(await failureOf(cluster.core.deleteNamespacedConfigMap({ namespace, name: "a", body }))).toMatchObject({
      code: 409,
      reason: "Conflict",
    });
    expect(await stored("a")).toBeDefined();
  });

  test("waits for finalizers", async () => {
    await cluster.create({
      ...configMap("a"),
      metadata: { name: "a", namespace, finalizers: ["example.com/x"] },
    });

    await cluster.core.deleteNamespacedConfigMap({ namespace, name: "a" });
    expect((await stored("a"))?.metadata.deletionTimestamp).toMatch(/Z$/);

    await cluster.core.patchNamespacedConfigMap({
      namespace,
      name: "a",
      body: [{ op: "remove", path: "/metadata/finalizers" }],
    });
    expect(await stored("a")).toBeUndefined();
  });

  test("of a collection respects the selector", async () => {
    const labelled = (name: string, app: string) => ({
      ...configMap(name),
      metadata: { name, namespace, labels: { app } },
    });
    await cluster.create(labelled("a", "x"));
    await cluster.create(labelled("b", "y"));

    await cluster.core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: "app=x" });

    expect([await stored("a"), (await stored("b"))?.metadata.name]).toEqual([undefined, "b"]);
  });

  test("also deletes dependents, unless they are to be orphaned", async () => {
    const owned = async (owner: string, name: string) => {
      const { metadata } = await cluster.create(configMap(owner));
      const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: owner, uid: metadata?.uid ?? "" }];
      await cluster.create({ ...configMap(name), metadata: { name, namespace, ownerReferences } });
    };
    await owned("owner-1", "follows");
    await owned("owner-2", "stays");

    await cluster.core.deleteNamespacedConfigMap({ namespace, name: "owner-2", propagationPolicy: "Orphan" });
    await cluster.core.deleteNamespacedConfigMap({ namespace, name: "owner-1" });

    await eventually(async () => ((await stored("follows")) === undefined ? true : undefined));
    expect((await stored("stays"))?.metadata.ownerReferences ?? []).toEqual([]);
  });
});

describe("list", () => {
  beforeEach(async () => {
    // A controller makes it, after a moment.
    await eventually(() => stored("kube-root-ca.crt"));
    const labels = [{ app: "web", tier: "1" }, { app: "web" }, { app: "db", tier: "2" }, {}];
    for (const [index, label] of labels.entries()) {
      await cluster.create({
        ...configMap(`c${index}`),
        metadata: { name: `c${index}`, namespace, labels: label },
      });
    }
  });
  const names = async (query: { labelSelector?: string; fieldSelector?: string }) =>
    (await cluster.core.listNamespacedConfigMap({ namespace, ...query })).items.map((item) => item.metadata?.name);

  test.each([
    ["app=web", ["c0", "c1"]],
    ["app==web,tier", ["c0"]],
    ["app!=web", ["c2", "c3", "kube-root-ca.crt"]],
    ["app in (web, db),tier", ["c0", "c2"]],
    ["app notin (web)", ["c2", "c3", "kube-root-ca.crt"]],
    ["!tier", ["c1", "c3", "kube-root-ca.crt"]],
  ])("selects by the labels %s", async (labelSelector, expected) => {
    expect(await names({ labelSelector })).toEqual(expected);
  });

  test("selects by field, and refuses a field that cannot be selected by", async () => {
    expect(await names({ fieldSelector: "metadata.name=c2" })).toEqual(["c2"]);
    expect(await failureOf(names({ fieldSelector: "data.x=1" }))).toMatchObject({
      code: 400,
      message: '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
    expect(await failureOf(names({ labelSelector: "a=b=c" }))).toMatchObject({ code: 400 });
  });

  test("returns pages that all show the state at the first", async () => {
    const first = await cluster.core.listNamespacedConfigMap({ namespace, limit: 3 });
    expect(first.metadata).toMatchObject({ remainingItemCount: 2 });
    await cluster.core.deleteNamespacedConfigMap({ namespace, name: "c3" });

    const second = await cluster.core.listNamespacedConfigMap({
      namespace,
      limit: 3,
      _continue: first.metadata?._continue ?? "",
    });

    expect(second.items.map((item) => item.metadata?.name)).toEqual(["c3", "kube-root-ca.crt"]);
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    expect(await failureOf(cluster.core.listNamespacedConfigMap({ namespace, _continue: "unknown" }))).toMatchObject({
      code: 400,
      message: expect.stringContaining("continue key is not valid"),
    });
  });
});

test("answers 404 for what it does not serve: as text for a group, as a Status for a resource", async () => {
  const group = await cluster.request("GET", "/apis/nothing.example/v1/things");
  expect([group.status, group.text]).toEqual([404, "404 page not found\n"]);
  const resource = await cluster.request("GET", "/api/v1/things");
  expect(JSON.parse(resource.text)).toMatchObject({ code: 404, reason: "NotFound" });
});
