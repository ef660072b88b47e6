/** The cases of kubernetes.io "Server-Side Apply", section by section. */
import * as k8s from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { failureOf, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let namespace = "";
let count = 0;
beforeAll(async () => {
  cluster = await startCluster();
});
beforeEach(async () => {
  count += 1;
  namespace = `apply-${count}`;
  await cluster.createNamespace(namespace);
});
afterAll(() => cluster.simulator.close());

const configMap = (data: Record<string, string>, labels?: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "cmap", namespace, ...(labels === undefined ? {} : { labels }) },
  data,
});

const stored = async () => {
  const found = await cluster.simulator.objects.get("v1", "ConfigMap", "cmap", namespace);
  if (found === undefined) throw new Error("The ConfigMap is gone.");
  return found;
};

const owners = async () =>
  Object.fromEntries(
    ((await stored()).metadata.managedFields ?? []).map((entry) => [
      `${entry.manager} ${entry.operation}`,
      entry.fieldsV1,
    ]),
  );

describe("field management", () => {
  test("creates the object and records the applier as the owner of the fields it set", async () => {
    await cluster.apply(configMap({ key: "some value" }, { "test-label": "test" }), "kubectl");

    expect((await stored())["data"]).toEqual({ key: "some value" });
    expect((await stored()).metadata.managedFields).toEqual([
      {
        manager: "kubectl",
        operation: "Apply",
        apiVersion: "v1",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        fieldsType: "FieldsV1",
        fieldsV1: { "f:metadata": { "f:labels": { "f:test-label": {} } }, "f:data": { "f:key": {} } },
      },
    ]);
  });

  test("answers 201 for a new object and 200 for an existing one", async () => {
    const path = `/api/v1/namespaces/${namespace}/configmaps/cmap?fieldManager=a`;
    const headers = { "content-type": "application/apply-patch+yaml" };
    const body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cmap}\ndata: {a: '1'}\n";

    expect((await cluster.request("PATCH", path, { body, headers })).status).toBe(201);
    expect((await cluster.request("PATCH", path, { body, headers })).status).toBe(200);
  });

  test("changes nothing, not even the resource version, when the same object is applied again", async () => {
    await cluster.apply(configMap({ key: "value" }), "a");
    const before = await stored();

    await cluster.apply(configMap({ key: "value" }), "a");

    expect(await stored()).toEqual(before);
  });

  test("records other writes as Update, including the containers that they add", async () => {
    await cluster.core.createNamespacedConfigMap({
      namespace,
      body: configMap({ key: "value" }),
      fieldManager: "maker",
    });

    expect(await owners()).toEqual({ "maker Update": { "f:data": { ".": {}, "f:key": {} } } });
  });
});

describe("conflicts", () => {
  test("refuses to change a value that another manager owns, and names the manager and the field", async () => {
    await cluster.apply(configMap({ key: "one", other: "x" }), "first");

    const failure = await failureOf(cluster.apply(configMap({ key: "two" }), "second"));

    expect(failure).toMatchObject({
      code: 409,
      reason: "Conflict",
      message: 'Apply failed with 1 conflict: conflict with "first": .data.key',
      details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "first"', field: ".data.key" }] },
    });
    expect((await stored())["data"]).toEqual({ key: "one", other: "x" });
  });

  test("says through which version a writer that did not apply owns the field", async () => {
    await cluster.core.createNamespacedConfigMap({
      namespace,
      body: configMap({ key: "one" }),
      fieldManager: "editor",
    });

    const { message } = await failureOf(cluster.apply(configMap({ key: "two" }), "second"));

    expect(message).toMatch(/^Apply failed with 1 conflict: conflict with "editor" using v1: \.data\.key$/);
  });

  test("groups several conflicts by manager", async () => {
    await cluster.apply(configMap({ a: "1" }), "first");
    await cluster.apply(configMap({ b: "1", c: "1" }), "third");

    const { message, details } = await failureOf(cluster.apply(configMap({ a: "2", b: "2", c: "2" }), "second"));

    expect(message).toBe(
      'Apply failed with 3 conflicts: conflicts with "first":\n- .data.a\nconflicts with "third":\n- .data.b\n- .data.c',
    );
    expect(details?.causes).toHaveLength(3);
  });

  test("force changes the value and takes the ownership", async () => {
    await cluster.apply(configMap({ key: "one", mine: "x" }), "first");

    await cluster.apply(configMap({ key: "two" }), "second", { force: true });

    expect((await stored())["data"]).toEqual({ key: "two", mine: "x" });
    expect(await owners()).toEqual({
      "first Apply": { "f:data": { "f:mine": {} } },
      "second Apply": { "f:data": { "f:key": {} } },
    });
  });

  test("lets two managers share a field to which both give the same value", async () => {
    await cluster.apply(configMap({ key: "one" }), "first");
    await cluster.apply(configMap({ key: "one" }), "second");

    expect(await owners()).toEqual({
      "first Apply": { "f:data": { "f:key": {} } },
      "second Apply": { "f:data": { "f:key": {} } },
    });
    const { message } = await failureOf(cluster.apply(configMap({ key: "two" }), "first"));
    expect(message).toContain('conflict with "second": .data.key');
  });

  test("never refuses another kind of write, which takes over the field", async () => {
    await cluster.apply(configMap({ key: "one" }), "first");

    const patch = { namespace, name: "cmap", body: { data: { key: "two" } }, fieldManager: "patcher" };
    await cluster.core.patchNamespacedConfigMap(
      patch,
      k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
    );

    expect(await owners()).toEqual({ "patcher Update": { "f:data": { "f:key": {} } } });
  });
});

describe("fields that an applier gives up", () => {
  test("are removed when nobody else owns them, together with a map that becomes empty", async () => {
    await cluster.apply(configMap({ a: "1", b: "2" }, { one: "1" }), "first");

    await cluster.apply(configMap({ a: "1" }), "first");

    expect((await stored())["data"]).toEqual({ a: "1" });
    expect((await stored()).metadata.labels).toBeUndefined();
  });

  test("stay when another manager also owns them", async () => {
    await cluster.apply(configMap({ a: "1", b: "2" }), "first");
    await cluster.apply(configMap({ b: "2" }), "second");

    await cluster.apply(configMap({ a: "1" }), "first");

    expect((await stored())["data"]).toEqual({ a: "1", b: "2" });
    expect(await owners()).toEqual({
      "first Apply": { "f:data": { "f:a": {} } },
      "second Apply": { "f:data": { "f:b": {} } },
    });
  });

  test("do not affect what another writer put next to them", async () => {
    await cluster.apply(configMap({ a: "1" }), "first");
    const body = { metadata: { labels: { team: "blue" } }, data: { theirs: "x" } };
    await cluster.core.patchNamespacedConfigMap(
      { namespace, name: "cmap", body, fieldManager: "other" },
      k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
    );

    await cluster.apply(configMap({}), "first");

    expect((await stored())["data"]).toEqual({ theirs: "x" });
    expect((await stored()).metadata.labels).toEqual({ team: "blue" });
  });
});

describe("merge strategies", () => {
  const pod = (containers: k8s.V1Container[]) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "pod", namespace },
    spec: { containers },
  });
  const storedPod = async () => await cluster.simulator.objects.get("v1", "Pod", "pod", namespace);

  test("merges containers by name, and tracks their ownership by key", async () => {
    await cluster.apply(pod([{ name: "app", image: "app:1", env: [{ name: "A", value: "1" }] }]), "first");

    const conflict = await failureOf(cluster.apply(pod([{ name: "app", image: "app:2" }]), "second"));

    expect(conflict.message).toContain('.spec.containers[name="app"].image');
    expect((await storedPod())?.metadata.managedFields?.[0]?.fieldsV1).toEqual({
      "f:spec": {
        "f:containers": {
          'k:{"name":"app"}': {
            ".": {},
            "f:name": {},
            "f:image": {},
            "f:env": { 'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} } },
          },
        },
      },
    });
  });

  test("uses the default of a missing key", async () => {
    await cluster.apply(pod([{ name: "app", image: "a", ports: [{ containerPort: 80 }] }]), "first");
    const before = await storedPod();

    await cluster.apply(pod([{ name: "app", image: "a", ports: [{ containerPort: 80 }] }]), "first");

    expect(await storedPod()).toEqual(before);
    expect(JSON.stringify(before?.metadata.managedFields)).toContain(
      'k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}',
    );
  });

  test("merges finalizers as a set", async () => {
    const withFinalizers = (...finalizers: string[]) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cmap", namespace, finalizers },
    });
    await cluster.apply(withFinalizers("example.com/a"), "first");
    await cluster.apply(withFinalizers("example.com/b"), "second");
    expect((await stored()).metadata.finalizers).toEqual(["example.com/a", "example.com/b"]);

    await cluster.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cmap", namespace } }, "first");

    expect((await stored()).metadata.finalizers).toEqual(["example.com/b"]);
    expect(await owners()).toEqual({
      "second Apply": { "f:metadata": { "f:finalizers": { 'v:"example.com/b"': {} } } },
    });
  });

  test("replaces an atomic list as a whole", async () => {
    const account = (...names: string[]) => ({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "app", namespace },
      imagePullSecrets: names.map((name) => ({ name })),
    });
    await cluster.apply(account("one", "two"), "first");

    const { message } = await failureOf(cluster.apply(account("three"), "second"));

    expect(message).toContain('conflict with "first": .imagePullSecrets');
    await cluster.apply(account("three"), "second", { force: true });
    expect(
      (await cluster.simulator.objects.get("v1", "ServiceAccount", "app", namespace))?.["imagePullSecrets"],
    ).toEqual([{ name: "three" }]);
  });
});

describe("an apply request", () => {
  const apply = (body: unknown, query: string) =>
    cluster.request("PATCH", `/api/v1/namespaces/${namespace}/configmaps/cmap?${query}`, {
      body,
      headers: { "content-type": "application/apply-patch+yaml" },
    });

  test("needs a field manager", async () => {
    const { status, text } = await apply(configMap({}), "");

    expect(status).toBe(422);
    expect(JSON.parse(text).message).toContain("fieldManager: Required value: is required for apply patch");
  });

  test("recreates nothing when it names a UID", async () => {
    const uid = "11111111-2222-4333-8444-555555555555";
    const { status, text } = await apply({ ...configMap({}), metadata: { name: "cmap", uid } }, "fieldManager=a");

    expect(status).toBe(409);
    expect(JSON.parse(text).message).toContain(
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
    expect(await cluster.simulator.objects.get("v1", "ConfigMap", "cmap", namespace)).toBeUndefined();
  });

  test("must not contain managed fields", async () => {
    const { status, text } = await apply(
      { ...configMap({}), metadata: { name: "cmap", managedFields: [] } },
      "fieldManager=a",
    );

    expect(status).toBe(400);
    expect(JSON.parse(text).message).toBe("metadata.managedFields must be nil");
  });

  test("gets 500 for a field that the schema does not declare, as from real API servers", async () => {
    const { status, text } = await apply({ ...configMap({}), dat: {} }, "fieldManager=a&fieldValidation=Strict");

    expect(status).toBe(500);
    expect(JSON.parse(text).message).toBe(
      `failed to create typed patch object (${namespace}/cmap; /v1, Kind=ConfigMap): .dat: field not declared in schema`,
    );
  });

  test("returns the result but stores nothing with dryRun", async () => {
    const planned = await cluster.apply(configMap({ key: "value" }), "a", { dryRun: true });

    expect(planned).toMatchObject({ data: { key: "value" } });
    expect(await cluster.simulator.objects.get("v1", "ConfigMap", "cmap", namespace)).toBeUndefined();
  });

  test("is refused in a dry run if the write would be", async () => {
    await cluster.apply(configMap({ key: "one" }), "first");

    expect(await failureOf(cluster.apply(configMap({ key: "two" }), "second", { dryRun: true }))).toMatchObject({
      code: 409,
    });
  });

  test("resets managed fields when an update empties them, and then assigns the existing fields an owner", async () => {
    await cluster.apply(configMap({ key: "one" }), "first");
    await cluster.core.patchNamespacedConfigMap(
      { namespace, name: "cmap", body: { metadata: { managedFields: [{}] } }, fieldManager: "x" },
      k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
    );
    expect((await stored()).metadata.managedFields).toBeUndefined();

    const { message } = await failureOf(cluster.apply(configMap({ key: "two" }), "second"));

    expect(message).toContain('conflict with "before-first-apply" using v1');
  });

  test("through /status owns and changes the status, and labels with it", async () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "pod", namespace } };
    await cluster.create({ ...pod, spec: { containers: [{ name: "app", image: "a" }] } } as object);
    const config = { ...pod, metadata: { ...pod.metadata, labels: { a: "b" } }, status: { phase: "Running" } };

    await cluster.request("PATCH", `/api/v1/namespaces/${namespace}/pods/pod/status?fieldManager=kubelet&force=true`, {
      body: config,
      headers: { "content-type": "application/apply-patch+yaml" },
    });

    const stored = await cluster.simulator.objects.get("v1", "Pod", "pod", namespace);
    expect(stored).toMatchObject({ status: { phase: "Running" } });
    expect(stored?.metadata.labels).toEqual({ a: "b" });
    expect(stored?.metadata.managedFields).toContainEqual(
      expect.objectContaining({
        manager: "kubelet",
        subresource: "status",
        fieldsV1: { "f:metadata": { "f:labels": { "f:a": {} } }, "f:status": { "f:phase": {} } },
      }),
    );
  });
});
