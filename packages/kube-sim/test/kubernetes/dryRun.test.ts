import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { testSimulated } from "../../../../test/support/apiServer.ts";
import { usesRealApiServer } from "../../src/cluster/index.ts";
import { eventually, failureOf, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  await cluster.simulator.webhooks.clear();
  cluster.simulator.restrictions.length = 0;
});
afterAll(() => cluster.simulator.close());

const namespace = "team";
let count = 0;
let name = "";
let version = "";
beforeAll(async () => {
  await cluster.createNamespace(namespace);
  for (const [kind, made] of [
    ["ConfigMap", "kube-root-ca.crt"],
    ["ServiceAccount", "default"],
  ] as const)
    await eventually(() => cluster.simulator.objects.get("v1", kind, made, namespace));
});
beforeEach(async () => {
  count += 1;
  name = `settings-${count}`;
  version = await storedVersion();
});

const configMap = (data: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data,
});
const stored = async () => await cluster.simulator.objects.get("v1", "ConfigMap", name, namespace);
const dryly = { dryRun: true };

/** What is in the namespace, each object with its version. A real server writes elsewhere at any time. */
async function storedVersion(): Promise<string> {
  const lists = ["ConfigMap", "Secret", "ServiceAccount"].map((kind) =>
    cluster.simulator.objects.list("v1", kind, namespace),
  );
  const versions = (await Promise.all(lists))
    .flat()
    .map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
  return versions.join();
}

async function expectNothingStored() {
  expect(await storedVersion()).toBe(version);
}

test("a dry run returns what it would store, including generated fields, and stores nothing", async () => {
  const planned = await cluster.apply(configMap({ key: "value" }), "a", dryly);

  expect(planned).toMatchObject({ data: { key: "value" }, metadata: { uid: expect.any(String) } });
  expect(planned.metadata?.creationTimestamp).toBeDefined();
  expect(planned.metadata?.resourceVersion).toBeUndefined();
  expect(planned.metadata?.managedFields).toMatchObject([{ manager: "a", operation: "Apply" }]);
  await expectNothingStored();
});

test("a dry run of a change returns the merged object, and leaves the stored one at its version", async () => {
  await cluster.create({ ...configMap({ key: "one", theirs: "kept" }) });
  const before = await stored();

  const planned = await cluster.apply(configMap({ key: "two" }), "a", { ...dryly, force: true });

  expect(planned).toMatchObject({
    data: { key: "two", theirs: "kept" },
    metadata: { uid: before?.metadata.uid, resourceVersion: before?.metadata.resourceVersion },
  });
  expect(await stored()).toEqual(before);
});

test("a dry run of a namespace creates no service account in it", async () => {
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "planned" } }, "a", dryly);

  expect(await cluster.simulator.objects.list("v1", "ServiceAccount", "planned")).toEqual([]);
  await expectNothingStored();
});

test("a dry run in a namespace that does not exist yet is refused", async () => {
  const elsewhere = { ...configMap({}), metadata: { name, namespace: "missing" } };

  expect(await failureOf(cluster.apply(elsewhere, "a", dryly))).toMatchObject({
    code: 404,
    message: 'namespaces "missing" not found',
  });
});

test("a dry run is refused by validation and for an immutable field", async () => {
  expect((await failureOf(cluster.apply({ ...configMap({ "a b": "" }) }, "a", dryly))).code).toBe(422);
  await cluster.create({ ...configMap({ key: "one" }), immutable: true } as object);

  expect(await failureOf(cluster.apply(configMap({ key: "two" }), "a", { ...dryly, force: true }))).toMatchObject({
    code: 422,
    message: expect.stringContaining("field is immutable"),
  });
});

test("a webhook sees a dry run, and may deny it or change its result", async () => {
  const seen: string[] = [];
  await cluster.simulator.webhooks.install({
    name: "policy.example.com",
    sideEffects: "NoneOnDryRun",
    mutate: ({ object, operation, dryRun }) => {
      seen.push(`${operation} ${dryRun}`);
      return { ...object, data: { key: "webhook's" } };
    },
    deny: ({ name: asked }) => (asked === "forbidden" ? "that name is not ours" : undefined),
  });

  expect(await cluster.apply(configMap({ key: "value" }), "a", dryly)).toMatchObject({ data: { key: "webhook's" } });
  const forbidden = { ...configMap({}), metadata: { name: "forbidden", namespace } };

  expect(await failureOf(cluster.apply(forbidden, "a", dryly))).toMatchObject({
    code: 403,
    message: 'admission webhook "policy.example.com" denied the request: that name is not ours',
  });
  expect(seen[0]).toBe("CREATE true");
  expect(await stored()).toBeUndefined();
});

const noOldWebhooks = "since v1.22, no configuration declares side effects on dry runs";
testSimulated("a webhook with side effects fails a dry run but not the write itself", noOldWebhooks, async () => {
  await cluster.simulator.webhooks.install({ name: "audit.example.com", sideEffects: "Some", deny: () => undefined });

  expect(await failureOf(cluster.apply(configMap({}), "a", dryly))).toMatchObject({
    code: 400,
    message: 'admission webhook "audit.example.com" does not support dry run',
  });
  await cluster.apply(configMap({}), "a");
  expect(await stored()).toBeDefined();
});

test("a quota counts existing objects, and a dry run checks it without using it up", async () => {
  await cluster.createNamespace("small");
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "few", namespace: "small" } };
  // One of the two is used already: every namespace has kube-root-ca.crt.
  await cluster.create({ ...quota, spec: { hard: { configmaps: "2", "count/serviceaccounts": "1" } } } as object);
  // A real server admits nothing else until it has counted.
  await eventually(async () => {
    const counted = await cluster.simulator.objects.get("v1", "ResourceQuota", "few", "small");
    const used = JSON.stringify(counted?.["status"] ?? {});
    return !usesRealApiServer || used.includes('"used":{"configmaps":"1","count/serviceaccounts":"1"}')
      ? true
      : undefined;
  });
  const inSmall = (called: string) => ({ ...configMap({}), metadata: { name: called, namespace: "small" } });

  await cluster.apply(inSmall("a"), "a", dryly);
  await cluster.apply(inSmall("b"), "a", dryly);
  await cluster.apply(inSmall("a"), "a");

  expect(await failureOf(cluster.apply(inSmall("b"), "a", dryly))).toMatchObject({
    code: 403,
    message:
      'configmaps "b" is forbidden: exceeded quota: few, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
  });
  // The default account uses up the quota.
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: "small" } };
  expect((await failureOf(cluster.apply(account, "a", dryly))).message).toContain("requested: count/serviceaccounts=1");
  // Changes to existing objects do not count.
  await cluster.apply({ ...inSmall("a"), data: { key: "value" } } as object, "a");
});

test("a quota counts pods that have ended as objects, and as pods no longer", async () => {
  await cluster.createNamespace("ended");
  await eventually(() => cluster.simulator.objects.get("v1", "ServiceAccount", "default", "ended"));
  for (const each of ["done", "running"]) {
    const spec = { containers: [{ name: "app", image: "registry.example/app:1" }] };
    await cluster.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: each, namespace: "ended" },
      spec,
    } as object);
  }
  const { status } = await cluster.request("PATCH", "/api/v1/namespaces/ended/pods/done/status", {
    body: { status: { phase: "Succeeded" } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  expect(status).toBe(200);
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "pods", namespace: "ended" } };
  await cluster.create({ ...quota, spec: { hard: { pods: "5", "count/pods": "5" } } } as object);

  const used = await eventually(async () => {
    const counted = await cluster.simulator.objects.get("v1", "ResourceQuota", "pods", "ended");
    return (counted?.["status"] as { used?: object } | undefined)?.used;
  });
  expect(used).toEqual({ "count/pods": "2", pods: "1" });
});

test("a dry run needs the same rights as the write: patch, and create if the object does not exist", async () => {
  cluster.simulator.restrictions.push(({ verb, resource }) => verb === "create" && resource === "configmaps");

  expect(await failureOf(cluster.apply(configMap({}), "a", dryly))).toMatchObject({
    code: 403,
    message: expect.stringContaining('cannot create resource "configmaps" in API group "" in the namespace "team"'),
  });
});

test("an access review says what the caller may do, even in a namespace that does not exist", async () => {
  cluster.simulator.restrictions.push(({ verb, resource }) => verb === "patch" && resource === "secrets");
  const review = async (verb: string, resource: string) => {
    const resourceAttributes = { verb, group: "", resource, namespace: "missing" };
    const { status, text } = await cluster.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes },
      },
    });
    return { status, allowed: JSON.parse(text).status.allowed };
  };

  expect(await review("patch", "configmaps")).toEqual({ status: 201, allowed: true });
  expect(await review("patch", "secrets")).toEqual({ status: 201, allowed: false });
});

test("a dry run of a deletion checks webhooks and preconditions, and deletes nothing", async () => {
  await cluster.apply(configMap({}), "a");
  const remove = (uid: string | undefined) =>
    cluster.core.deleteNamespacedConfigMap({
      ...{ namespace, name },
      body: { dryRun: ["All"], ...(uid === undefined ? {} : { preconditions: { uid } }) },
    });

  expect(await remove((await stored())?.metadata.uid)).toMatchObject({ status: "Success" });
  expect((await failureOf(remove("another"))).code).toBe(409);
  await cluster.simulator.webhooks.install({
    name: "keep.example.com",
    sideEffects: "None",
    deny: ({ operation }) => (operation === "DELETE" ? "it is to be kept" : undefined),
  });
  expect((await failureOf(remove((await stored())?.metadata.uid))).code).toBe(403);
  expect(await stored()).toBeDefined();
});
