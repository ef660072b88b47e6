/** What the adapter writes to a cluster, and what it makes of a refusal. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Effect } from "../../../packages/azure-sim/src/faults.ts";
import { eventually, type TestCluster } from "../../../packages/kube-sim/test/kubernetes/cluster.ts";
import { createKubernetes } from "../../../src/adapters/kubernetes/index.ts";
import type { Kubernetes, KubernetesObject } from "../../../src/ports/kubernetes.ts";
import { configMap, credentialFor, documents, problemOf, ref, startAdapter, startServer } from "./fixture.ts";

let cluster: TestCluster;
let kubernetes: Kubernetes;
beforeAll(async () => {
  ({ cluster, kubernetes } = await startAdapter());
});
afterEach(() => cluster.faults.clear());
afterAll(() => cluster.simulator.close());

const stored = async (name = "settings") => await cluster.simulator.objects.get("v1", "ConfigMap", name, "team");
const script = (operation: string, effect: Effect, times = 1) =>
  cluster.faults.add({ wire: "kubernetes", operation, effect, times });

describe("apply", () => {
  test("creates as field manager mooring, and changes nothing the second time", async () => {
    const created = await kubernetes.apply(cluster.target, configMap({ a: "1" }));

    expect(created.metadata.uid).toBe((await stored())?.metadata.uid);
    expect((await stored())?.metadata.managedFields).toMatchObject([{ manager: "mooring", operation: "Apply" }]);
    const again = await kubernetes.apply(cluster.target, configMap({ a: "1" }));
    expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
  });

  test("shows the result in a dry run, and stores nothing", async () => {
    const planned = await kubernetes.apply(cluster.target, configMap({ a: "1" }, "planned"), { dryRun: true });

    expect(planned).toMatchObject({ data: { a: "1" } });
    expect(await stored("planned")).toBeUndefined();
  });

  test("names manager and field of a conflict, and takes over both with force", async () => {
    await cluster.apply({ ...configMap({ a: "theirs" }, "shared") } as object, "kubectl");

    expect(await problemOf(kubernetes.apply(cluster.target, configMap({ a: "ours" }, "shared")))).toMatchObject({
      code: "KUBERNETES_CONFLICT",
      message: expect.stringContaining('.data.a belongs to "kubectl"'),
    });
    await kubernetes.apply(cluster.target, configMap({ a: "ours" }, "shared"), { force: true });
    expect((await stored("shared"))?.["data"]).toEqual({ a: "ours" });
  });

  test("fails permanently where the schema has no such field", async () => {
    const misspelt = { ...configMap({}, "misspelt"), dat: {} };

    expect(await problemOf(kubernetes.apply(cluster.target, misspelt))).toMatchObject({
      code: "KUBERNETES_REJECTED",
      message: expect.stringContaining(".dat: field not declared in schema"),
    });
  });

  test("fails permanently where the object is invalid or its namespace is missing", async () => {
    expect(await problemOf(kubernetes.apply(cluster.target, configMap({ "a/b": "" }, "bad-key")))).toMatchObject({
      code: "KUBERNETES_REJECTED",
      message: expect.stringContaining("answered 422"),
    });
    expect(await problemOf(kubernetes.apply(cluster.target, configMap({}, "a", "nowhere")))).toMatchObject({
      code: "KUBERNETES_REJECTED",
      message: expect.stringContaining('is there a namespace "nowhere"?'),
    });
  });

  test("does not ask what the cluster serves if only the namespace is missing", async () => {
    await kubernetes.apply(cluster.target, configMap({}, "asked"));
    const before = cluster.faults.journal.length;

    await problemOf(kubernetes.apply(cluster.target, configMap({}, "a", "nowhere")));

    expect(cluster.faults.journal.slice(before).map(({ operation }) => operation)).toEqual(["PATCH configmaps"]);
  });

  test("distinguishes a namespace that is being deleted from a missing right", async () => {
    await cluster.createNamespace("ending");
    await cluster.core.deleteNamespace({ name: "ending" });

    expect(await problemOf(kubernetes.apply(cluster.target, configMap({}, "late", "ending")))).toMatchObject({
      code: "NAMESPACE_TERMINATING",
    });
  });

  test("tries again where a new quota has not been counted yet", async () => {
    // k8s.io/apiserver, plugin/resourcequota/controller.go: until the controller has filled in the quota's status.
    const message = 'configmaps "new" is forbidden: status unknown for quota: new, resources: count/configmaps';
    script("PATCH configmaps", { kind: "error", code: "Forbidden", status: 403, message }, 2);

    expect(await problemOf(kubernetes.apply(cluster.target, configMap({}, "new")))).toMatchObject({
      code: "KUBERNETES_THROTTLED",
    });
  });

  test("says that aad-pod-identity is not installed, even when it is removed later", async () => {
    const identity: KubernetesObject = {
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentity",
      metadata: { name: "id", namespace: "team" },
      spec: { type: 0, resourceID: "/subscriptions/s", clientID: "c" },
    };
    await kubernetes.apply(cluster.target, identity);
    const definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/azureidentities.aadpodidentity.k8s.io";

    await cluster.request("DELETE", definition);
    // A real API server serves the kind until the objects are gone, and a moment longer.
    const objects = "/apis/aadpodidentity.k8s.io/v1/namespaces/team/azureidentities";
    await eventually(async () => ((await cluster.request("GET", objects)).status === 404 ? true : undefined));

    expect(await problemOf(kubernetes.apply(cluster.target, identity))).toMatchObject({
      code: "POD_IDENTITY_NOT_INSTALLED",
    });
    expect(
      await problemOf(createKubernetes({ credential: credentialFor(cluster.token) }).apply(cluster.target, identity)),
    ).toMatchObject({
      code: "POD_IDENTITY_NOT_INSTALLED",
    });
  });
});

describe("remove", () => {
  test("removes the object with that UID", async () => {
    const { metadata } = await kubernetes.apply(cluster.target, configMap({}, "removed"));

    await kubernetes.remove(cluster.target, ref("removed"), { uid: metadata.uid ?? "" });

    expect(await stored("removed")).toBeUndefined();
  });

  test("succeeds when the object is gone or another one has its name", async () => {
    await kubernetes.remove(cluster.target, ref("never-there"), { uid: "x" });
    await kubernetes.remove(cluster.target, { ...ref(), apiVersion: "none.example/v1", kind: "None" }, { uid: "x" });
    await kubernetes.apply(cluster.target, configMap({}, "another"));

    await kubernetes.remove(cluster.target, ref("another"), { uid: "of the one before" });

    expect(await stored("another")).toBeDefined();
  });

  test("removes an object only as it was seen", async () => {
    const { metadata } = await kubernetes.apply(cluster.target, configMap({ a: "1" }, "changed"));
    await kubernetes.apply(cluster.target, configMap({ a: "2" }, "changed"));
    const { uid = "", resourceVersion = "" } = metadata;

    const problem = await problemOf(kubernetes.remove(cluster.target, ref("changed"), { uid, resourceVersion }));

    expect(problem.code).toBe("KUBERNETES_THROTTLED");
    expect(stored("changed")).toBeDefined();
  });

  test("sends its preconditions with their length, without which an API server does not read them", async () => {
    const server = await startServer(
      cluster,
      documents({ "/api/v1": { resources: [{ name: "configmaps", kind: "ConfigMap", namespaced: true }] } }),
    );

    await kubernetes.remove(server.target, ref("away"), { uid: "u", resourceVersion: "7" });

    const sent = server.requests.find(({ method }) => method === "DELETE");
    expect(JSON.parse(sent?.body ?? "")).toMatchObject({ preconditions: { uid: "u", resourceVersion: "7" } });
    expect(sent?.headers["content-length"]).toBe(String(sent?.body.length));
    server.close();
  });

  test("does not take another conflict for success", async () => {
    const { metadata } = await kubernetes.apply(cluster.target, configMap({}, "raced"));
    script("DELETE configmaps", { kind: "error", code: 409 });

    expect(await problemOf(kubernetes.remove(cluster.target, ref("raced"), { uid: metadata.uid ?? "" }))).toMatchObject(
      {
        code: "KUBERNETES_THROTTLED",
      },
    );
  });

  test("removes a job's pods with it", async () => {
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "a" }] } };
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "check", namespace: "team" },
      spec: { template },
    };
    const { metadata } = await kubernetes.apply(cluster.target, job);
    const pods = async () => await cluster.simulator.objects.list("v1", "Pod", "team");
    await eventually(async () => (await pods())[0]);

    const target = { apiVersion: "batch/v1", kind: "Job", name: "check", namespace: "team" };
    await kubernetes.remove(cluster.target, target, { uid: metadata.uid ?? "" });

    await eventually(async () => ((await pods()).length === 0 ? true : undefined));
  });
});
