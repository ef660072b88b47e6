/** Plans of Kubernetes objects, by the real client against the simulated API server. */
import { randomUUID } from "node:crypto";
import { testSimulated } from "kube-sim/testing/simulated";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PermanentError } from "../../../src/domain/errors.ts";
import { ownerMetadata } from "../../../src/domain/naming/ownership.ts";
import type { Difference, StepPlan } from "../../../src/domain/operation/plan.ts";
import type { AdoptionPolicy } from "../../../src/domain/request/request.ts";
import type { Kubernetes, KubernetesObject } from "../../../src/ports/kubernetes.ts";
import { bringObjects } from "../../../src/resources/kubernetesObject/ensureObjects.ts";
import { inspectObject } from "../../../src/resources/kubernetesObject/inspectObjects.ts";
import { planObjectRemoval, planObjects } from "../../../src/resources/kubernetesObject/planObjects.ts";
import { removeObjects } from "../../../src/resources/kubernetesObject/removeObjects.ts";
import { restoreObjects } from "../../../src/resources/kubernetesObject/restoreObjects.ts";
import { kubernetesOf, startCluster, type TestCluster } from "../../support/cluster.ts";

let cluster: TestCluster;
let kubernetes: Kubernetes;
beforeAll(async () => {
  cluster = await startCluster();
  kubernetes = kubernetesOf(cluster);
});
afterAll(() => cluster.simulator.close());

let namespace = "";
let name = "";
beforeEach(async () => {
  namespace = `team-${randomUUID().slice(0, 8)}`;
  name = "settings";
  await cluster.createNamespace(namespace);
});
afterEach(async () => {
  await cluster.simulator.webhooks.clear();
  cluster.simulator.restrictions.length = 0;
  cluster.faults.clear();
});

const configMap = (data: Record<string, string>): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data,
});
const account = (): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "app", namespace },
});
const namespaceObject = (): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: namespace },
});
/** For a namespace whose record knows nothing of the objects. */
const recordedMark = async () => undefined;
const step = { name: "applyNamespace", target: "aks-dev/team" } as const;
const input = (adoptionPolicy: AdoptionPolicy = "IfIdentical") => ({
  ...{ cluster: "aks-dev", namespace, operation: "now", adoptionPolicy, recordedMark },
});

const plan = (desired: readonly KubernetesObject[], policy?: AdoptionPolicy): Promise<StepPlan> =>
  planObjects(kubernetes, cluster.target, desired, { ...input(policy), kind: "repair", step });

/** What the step then does and reports. */
async function run(desired: readonly KubernetesObject[], policy?: AdoptionPolicy) {
  const said: { action: string; differences: readonly Difference[] }[] = [];
  const willDo = async (action: string, differences: readonly Difference[] = []) => {
    said.push({ action, differences });
  };
  const { action } = await bringObjects(kubernetes, cluster.target, desired, { ...input(policy), step: { willDo } });
  return { action, differences: said.at(-1)?.differences ?? [] };
}

const codes = ({ blockers }: StepPlan) => blockers.map(({ code }) => code);

it("asks the API server about every planned write, and writes nothing", async () => {
  const before = cluster.faults.journal.length;

  const planned = await plan([account(), configMap({ key: "value" })]);

  expect(planned).toMatchObject({ action: "create", blockers: [] });
  expect(planned.notices).toBeUndefined();
  const asked = cluster.faults.journal.slice(before).map(({ operation }) => operation);
  expect(asked).toEqual(expect.arrayContaining(["DRY-RUN PATCH serviceaccounts", "DRY-RUN PATCH configmaps"]));
  expect(asked.filter((operation) => /^(PATCH|POST|PUT|DELETE) /.test(operation))).toEqual([]);
  expect(await cluster.simulator.objects.get("v1", "ConfigMap", name, namespace)).toBeUndefined();
});

it.each([true, false])(
  "plans the same for an onboarding, which rehearses ahead; namespace there: %s",
  async (isThere) => {
    if (!isThere) namespace = `new-${namespace}`;
    const desired = [namespaceObject(), configMap({ key: "value" })];
    await run([account()]).catch(() => undefined);

    const early = await planObjects(kubernetes, cluster.target, desired, { ...input("Always"), kind: "onboard", step });

    expect(early).toEqual(await plan(desired, "Always"));
    expect(early.notices?.map(({ code }) => code)).toEqual(isThere ? undefined : ["NAMESPACE_NOT_THERE_YET"]);
  },
);

it("asks again what was refused ahead, for the namespace that was in the way may be gone since", async () => {
  namespace = `new-${namespace}`;
  let asked = 0;
  const going: Kubernetes = {
    ...kubernetes,
    async apply(...args) {
      if (asked++ > 0) return await kubernetes.apply(...args);
      throw new PermanentError("KUBERNETES_ADMISSION_DENIED", "Mooring writes only namespaces with its mark.");
    },
  };

  const early = await planObjects(going, cluster.target, [namespaceObject()], { ...input(), kind: "onboard", step });

  expect(early).toMatchObject({ action: "create", blockers: [] });
  expect(asked).toBe(2);
});

it("asks nothing when there is nothing to write", async () => {
  await run([configMap({ key: "value" })]);
  const before = cluster.faults.journal.length;

  expect(await plan([configMap({ key: "value" })])).toMatchObject({ blockers: [] });

  expect(cluster.faults.journal.slice(before).map(({ operation }) => operation)).not.toContain(
    "DRY-RUN PATCH configmaps",
  );
});

describe("reports as a blocker", () => {
  it("a webhook that denies the object", async () => {
    await cluster.simulator.webhooks.install({
      name: "names.example.com",
      sideEffects: "None",
      deny: ({ resource }) => (resource.kind === "ConfigMap" ? "no settings here" : undefined),
    });

    const planned = await plan([account(), configMap({})]);

    expect(planned).toMatchObject({
      action: "conflict",
      blockers: [{ code: "KUBERNETES_ADMISSION_DENIED", message: expect.stringContaining("no settings here") }],
    });
  });

  it("an exhausted quota", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none", namespace } };
    await cluster.create({ ...quota, spec: { hard: { configmaps: "0" } } } as object);
    // A real server's admission learns of a new quota a moment later.
    await expect.poll(async () => codes(await plan([configMap({})]))).not.toEqual([]);

    const planned = await plan([configMap({})]);

    expect(codes(planned)).toEqual(["KUBERNETES_QUOTA_EXCEEDED"]);
    expect(planned.blockers[0]?.fix).toContain("ResourceQuota");
  });

  it("a missing permission", async () => {
    cluster.simulator.restrictions.push(({ verb, resource }) => verb === "patch" && resource === "configmaps");

    expect(codes(await plan([configMap({})]))).toEqual(["KUBERNETES_FORBIDDEN"]);
  });

  it("an object that the API server calls invalid", async () => {
    expect(codes(await plan([configMap({ "no key": "" })]))).toEqual(["KUBERNETES_REJECTED"]);
  });

  it("a change of an immutable field", async () => {
    const { labels, annotations } = ownerMetadata({ cluster: "aks-dev", namespace }, "before");
    const own = { ...configMap({ key: "one" }), metadata: { name, namespace, labels, annotations }, immutable: true };
    await cluster.apply(own, "mooring");

    expect((await plan([configMap({ key: "two" })])).blockers).toMatchObject([
      { code: "KUBERNETES_REJECTED", message: expect.stringContaining("field is immutable") },
    ]);
  });

  it("a field that is not in the schema", async () => {
    expect(codes(await plan([{ ...configMap({}), dta: {} }]))).toEqual(["KUBERNETES_REJECTED"]);
  });

  it("a namespace that is being deleted", async () => {
    await cluster.apply({ ...configMap({}), metadata: { name: "held", namespace, finalizers: ["a.example/b"] } }, "a");
    await cluster.core.deleteNamespace({ name: namespace });

    expect(codes(await plan([configMap({})]))).toEqual(["NAMESPACE_TERMINATING"]);
    await cluster.apply({ ...configMap({}), metadata: { name: "held", namespace } }, "a");
  });

  it("a webhook that sets other values than Mooring's, and says which", async () => {
    await cluster.simulator.webhooks.install({
      name: "mesh.example.com",
      sideEffects: "None",
      mutate: ({ object }) => ({ ...object, data: { key: "webhook's" } }),
    });

    const planned = await plan([configMap({ key: "value" })]);

    expect(planned.blockers).toMatchObject([
      { code: "KUBERNETES_ALTERED", message: expect.stringContaining("data.key to webhook's, not value") },
    ]);
  });

  it("a webhook that removes the owner's mark, since the object could never be removed again", async () => {
    await cluster.simulator.webhooks.install({
      name: "clean.example.com",
      sideEffects: "None",
      mutate: ({ object }) => ({ ...object, metadata: { ...Object(object["metadata"]), annotations: {} } }),
    });

    expect(codes(await plan([configMap({})]))).toEqual(["KUBERNETES_ALTERED"]);
  });

  it("each of several objects", async () => {
    cluster.simulator.restrictions.push(({ verb }) => verb === "patch");

    expect(codes(await plan([account(), configMap({})]))).toEqual(["KUBERNETES_FORBIDDEN", "KUBERNETES_FORBIDDEN"]);
  });

  it("a webhook that denies a deletion", async () => {
    await run([configMap({})]);
    await cluster.simulator.webhooks.install({
      name: "keep.example.com",
      sideEffects: "None",
      deny: ({ operation }) => (operation === "DELETE" ? "it is to be kept" : undefined),
    });
    const refs = [{ apiVersion: "v1", kind: "ConfigMap", name, namespace }];

    const removal = { cluster: "aks-dev", namespace, recordedMark, step };
    const planned = await planObjectRemoval(kubernetes, cluster.target, refs, removal);

    expect(planned).toMatchObject({ action: "conflict", blockers: [{ code: "KUBERNETES_ADMISSION_DENIED" }] });
    expect(await cluster.simulator.objects.get("v1", "ConfigMap", name, namespace)).toBeDefined();
  });
});

describe("in a namespace that does not exist yet", () => {
  beforeEach(() => {
    namespace = `new-${randomUUID().slice(0, 8)}`;
  });

  it("checks permissions, and says that it could not check more", async () => {
    const planned = await plan([namespaceObject(), configMap({})]);

    expect(planned).toMatchObject({ action: "create", blockers: [] });
    expect(planned.notices).toMatchObject([
      { code: "NAMESPACE_NOT_THERE_YET", message: expect.stringContaining(`ConfigMap ${namespace}/settings`) },
    ]);
  });

  it("reports a missing permission as a blocker", async () => {
    cluster.simulator.restrictions.push(({ verb, resource }) => verb === "create" && resource === "configmaps");

    expect((await plan([namespaceObject(), configMap({})])).blockers).toMatchObject([
      { code: "KUBERNETES_FORBIDDEN", message: expect.stringContaining("does not let Mooring create configmaps") },
    ]);
  });

  it("does not stop when the cluster answers no access reviews", async () => {
    const effect = { kind: "error", code: 403 } as const;
    cluster.faults.add({ wire: "kubernetes", operation: /selfsubjectaccessreviews/, times: 9, effect });

    expect((await plan([namespaceObject(), configMap({})])).blockers).toEqual([]);
  });
});

const noOldWebhooks = "since v1.22, no configuration declares side effects on dry runs";
testSimulated("notes a webhook that supports no dry runs, and does not stop for it", noOldWebhooks, async () => {
  await cluster.simulator.webhooks.install({ name: "audit.example.com", sideEffects: "Some", deny: () => undefined });

  const planned = await plan([configMap({})]);

  expect(planned).toMatchObject({ action: "create", blockers: [] });
  expect(planned.notices).toMatchObject([
    { code: "DRY_RUN_UNSUPPORTED", message: expect.stringMatching(/configmaps.*audit\.example/) },
  ]);
});

it("names what Mooring no longer sets and what a webhook adds, just as the step reports it", async () => {
  const { labels, annotations } = ownerMetadata({ cluster: "aks-dev", namespace }, "before");
  const data = { key: "one", old: "of an earlier version" };
  const old = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels, annotations }, data };
  await cluster.apply(old, "mooring");
  await cluster.simulator.webhooks.install({
    name: "cost.example.com",
    sideEffects: "None",
    mutate: ({ object }) => ({
      ...object,
      metadata: { ...Object(object["metadata"]), labels: { ...labels, costCenter: "42" } },
    }),
  });

  const planned = await plan([configMap({ key: "two" })]);
  const done = await run([configMap({ key: "two" })]);

  const byField = (differences: readonly Difference[]) => differences.toSorted((a, b) => (a.field < b.field ? -1 : 1));
  expect(byField(planned.differences)).toEqual([
    { field: "data.key", current: "one", desired: "two" },
    { field: "data.old", current: "of an earlier version", desired: null },
    { field: "metadata.labels.costCenter", current: null, desired: "42" },
  ]);
  expect(done).toEqual({ action: "update", differences: planned.differences });
});

it("stops when the cluster has altered the object, although the plan could not foresee it", async () => {
  await cluster.simulator.webhooks.install({
    name: "late.example.com",
    sideEffects: "None",
    mutate: ({ object, dryRun }) => (dryRun ? object : { ...object, data: { key: "webhook's" } }),
  });

  expect((await plan([configMap({ key: "value" })])).blockers).toEqual([]);
  await expect(run([configMap({ key: "value" })])).rejects.toMatchObject({ code: "KUBERNETES_ALTERED" });
});

describe("restores", () => {
  const namespaceRef = () => ({ cluster: "aks-dev", namespace });
  const refs = () => [{ apiVersion: "v1", kind: "ConfigMap", name, namespace }];
  const current = async () => await cluster.simulator.objects.get("v1", "ConfigMap", name, namespace);
  const applyAs = (object: object, manager: string, options: { force?: boolean } = {}) =>
    cluster.apply(object, manager, options);
  const withStep = { step: { willDo: async () => undefined } };

  it("the values from before an adoption, but leaves those that somebody has set since, also when the adoption is undone", async () => {
    await applyAs(configMap({ one: "before", two: "before" }), "team");
    await run([configMap({ one: "ours", two: "ours" })], "Always");
    await applyAs(configMap({ two: "since" }), "team", { force: true });

    const undo = { ...namespaceRef(), createdBy: "now", recordedMark };
    const planned = await planObjectRemoval(kubernetes, cluster.target, refs(), { ...undo, step });
    const action = await removeObjects(kubernetes, cluster.target, refs(), { ...undo, ...withStep });

    expect([planned.action, action]).toEqual(["update", "update"]);
    expect(planned.differences).toContainEqual({ field: "data.one", current: "ours", desired: "before" });
    expect(planned.differences.map(({ field }) => field)).not.toContain("data.two");
    expect(await current()).toMatchObject({ data: { one: "before", two: "since" } });
  });

  it("what a change has overwritten, but not where somebody sets the same", async () => {
    await run([configMap({ one: "before", two: "before" })]);
    await run([configMap({ one: "changed", two: "changed" })]);
    await applyAs(configMap({ two: "changed" }), "team");
    const rewritten = {
      written: configMap({ one: "changed", two: "changed" }),
      before: configMap({ one: "before", two: "before" }),
    };

    await restoreObjects(kubernetes, cluster.target, [rewritten], { ...namespaceRef(), ...withStep });

    expect(await current()).toMatchObject({ data: { one: "before", two: "changed" } });
  });

  it("nothing in an object that somebody recreates between the look and the write", async () => {
    await applyAs(configMap({ one: "before" }), "team");
    await run([configMap({ one: "ours" })], "Always");
    const between = async () => {
      await cluster.core.deleteNamespacedConfigMap({ name, namespace });
      await applyAs(configMap({ one: "ours" }), "team");
    };

    const input = { ...namespaceRef(), recordedMark, step: { willDo: between } };
    const removal = removeObjects(kubernetes, cluster.target, refs(), input);

    await expect(removal).rejects.toMatchObject({ code: "KUBERNETES_THROTTLED" });
    expect(await current()).toMatchObject({ data: { one: "ours" } });
  });
});

/** Somebody deletes it, and a finalizer keeps it. */
async function deleteHeld(): Promise<void> {
  const metadata = { name, namespace, finalizers: ["example.com/nobody-serves-it"] };
  await cluster.apply({ apiVersion: "v1", kind: "ConfigMap", metadata }, "somebody");
  await cluster.core.deleteNamespacedConfigMap({ namespace, name });
}

describe("an object that is being deleted", () => {
  it("is not taken for one that is there: it goes when its finalizer does", async () => {
    await run([configMap({ key: "value" })]);
    await deleteHeld();

    const planned = await plan([configMap({ key: "value" })]);
    const running = run([configMap({ key: "value" })]);

    expect(planned.blockers).toMatchObject([
      { code: "KUBERNETES_OBJECT_GOING", message: expect.stringContaining("example.com/nobody-serves-it") },
    ]);
    await expect(running).rejects.toMatchObject({ name: "TransientError", code: "KUBERNETES_OBJECT_GOING" });
  });

  it("is made again once it is gone", async () => {
    await run([configMap({ key: "value" })]);
    await deleteHeld();
    await cluster.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } }, "somebody");

    expect(await run([configMap({ key: "value" })])).toMatchObject({ action: "create" });
  });

  it("is a finding of a verification", async () => {
    await run([configMap({ key: "value" })]);
    await deleteHeld();

    const findings = await inspectObject(kubernetes, cluster.target, configMap({ key: "value" }), () => undefined);

    expect(findings).toMatchObject([{ code: "OBJECT_CHANGED", field: "metadata.deletionTimestamp", expected: null }]);
  });
});

describe("a binding of Mooring's that somebody has made again for another role", () => {
  const rbac = "rbac.authorization.k8s.io";
  const binding = (role: string): KubernetesObject => ({
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: namespace },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", name: "app", namespace }],
  });
  const refOfBinding = () => ({ apiVersion: `${rbac}/v1`, kind: "ClusterRoleBinding", name: namespace });
  const roleNow = async () => (await kubernetes.get(cluster.target, refOfBinding()))?.["roleRef"];
  const makeOther = async () => {
    const made = await kubernetes.get(cluster.target, refOfBinding());
    const { labels = {}, annotations = {} } = made?.metadata ?? {};
    await kubernetes.remove(cluster.target, refOfBinding(), { uid: made?.metadata.uid ?? "" });
    const other = binding("edit");
    await kubernetes.apply(cluster.target, { ...other, metadata: { ...other.metadata, ...{ labels, annotations } } });
  };

  it("is a difference, and made anew: nobody can change the role of one", async () => {
    await run([binding("view")]);
    await makeOther();
    const differences = [{ field: "roleRef.name", current: "edit", desired: "view" }];

    const planned = await plan([binding("view")]);
    expect(planned).toMatchObject({ action: "update", differences, blockers: [] });
    expect(await roleNow()).toMatchObject({ name: "edit" });

    expect(await run([binding("view")])).toEqual({ action: "update", differences });
    expect(await roleNow()).toMatchObject({ name: "view" });
    expect(await plan([binding("view")])).toMatchObject({ differences: [], blockers: [] });
  });

  it("of somebody else is a conflict", async () => {
    const other = binding("edit");
    await kubernetes.apply(cluster.target, other);
    expect(codes(await plan([binding("view")], "Always"))).toEqual(["KUBERNETES_CONFLICT"]);
    await expect(run([binding("view")], "Always")).rejects.toMatchObject({ code: "KUBERNETES_CONFLICT" });
    expect(await roleNow()).toMatchObject({ name: "edit" });
  });

  it("stays where Mooring may not remove it, and the plan says so", async () => {
    await run([binding("view")]);
    await makeOther();
    cluster.faults.add({
      wire: "kubernetes",
      operation: /^(DRY-RUN )?DELETE clusterrolebindings/,
      times: Number.POSITIVE_INFINITY,
      effect: { kind: "error", code: 403, message: "not that one" },
    });
    expect(codes(await plan([binding("view")]))).toEqual(["KUBERNETES_FORBIDDEN"]);
    await expect(run([binding("view")])).rejects.toMatchObject({ code: "KUBERNETES_FORBIDDEN" });
    expect(await roleNow()).toMatchObject({ name: "edit" });
  });
});

describe("a namespace that Azure manages", () => {
  const labelled = (labels: Record<string, string>): KubernetesObject => {
    const { metadata, ...rest } = namespaceObject();
    return { ...rest, metadata: { ...metadata, labels } };
  };
  const takeOver = () => {
    const { world } = cluster;
    world.managedNamespaces.managerOf("aks-dev")?.bring(
      {
        ...{ id: namespace, name: namespace, cluster: "aks-dev", location: "westeurope", tags: {}, eTag: "1" },
        ...{ properties: { adoptionPolicy: "Always", deletePolicy: "Keep" }, state: "Updating" },
      },
      undefined,
    );
  };
  const noAks = "a real API server has no AKS around it";

  testSimulated("is used, never written and never deleted, even if Mooring had made it", noAks, async () => {
    namespace = `made-${namespace}`;
    await run([labelled({ mine: "yes" })]);
    takeOver();
    const before = cluster.faults.journal.length;

    expect(await plan([labelled({ mine: "no" })])).toMatchObject({ action: "create", differences: [], blockers: [] });
    expect(await run([labelled({ mine: "no" })])).toEqual({ action: "create", differences: [] });
    const leaving = { ...input(), createdBy: "now", step };
    const refs = [{ apiVersion: "v1", kind: "Namespace", name: namespace }];
    expect(await planObjectRemoval(kubernetes, cluster.target, refs, leaving)).toMatchObject({
      differences: [{ current: "managed by Azure Resource Manager", desired: "stays" }],
      blockers: [],
    });
    const quiet = { step: { willDo: async () => undefined } };
    await removeObjects(kubernetes, cluster.target, refs, { ...leaving, ...quiet });
    const rewritten = [{ written: labelled({ mine: "yes" }), before: labelled({ mine: "before" }) }];
    expect(await restoreObjects(kubernetes, cluster.target, rewritten, { ...input(), ...quiet })).toBe("none");

    const asked = cluster.faults.journal.slice(before).map(({ operation }) => operation);
    expect(asked.filter((operation) => !operation.startsWith("GET "))).toEqual([]);
  });

  testSimulated(
    "is a blocker that says so, where Azure takes it over between the look and the write",
    noAks,
    async () => {
      namespace = `made-${namespace}`;
      await run([labelled({ mine: "yes" })]);
      const stale = await kubernetes.get(cluster.target, { apiVersion: "v1", kind: "Namespace", name: namespace });
      takeOver();
      const late: Kubernetes = { ...kubernetes, get: async () => stale };

      const planned = await planObjects(late, cluster.target, [labelled({ mine: "no" })], {
        ...input(),
        kind: "repair",
        step,
      });
      expect(planned.blockers).toEqual([
        expect.objectContaining({
          code: "MANAGED_NAMESPACE_REFUSED",
          message: expect.stringContaining("Please update this namespace through ARM api."),
          fix: expect.stringContaining("az aks namespace update"),
        }),
      ]);
    },
  );
});
