/** What controllers and defaults do that nobody sees when it is missing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtInKinds, kindsServed } from "../../src/kubernetes/builtIn/kinds.ts";
import { servedKinds } from "../../src/kubernetes/builtIn/servedKinds.ts";
import { testSimulated } from "../simulated.ts";
import { eventually, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.createNamespace("orders");
  await eventually(() => cluster.simulator.objects.get("v1", "ServiceAccount", "default", "orders"));
});
afterAll(() => cluster.simulator.close());

async function ask(method: string, path: string, body?: object) {
  const { status, text } = await cluster.request(method, path, body === undefined ? {} : { body });
  return { code: status, ...JSON.parse(text) };
}

test("a cluster role is filled with the rules of those that it chooses, and follows them", async () => {
  const roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
  const rule = (resource: string) => ({ apiGroups: ["ships"], resources: [resource], verbs: ["get"] });
  const kind = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" };
  const labels = { "ships/aggregate": "true" };
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: labels }] };
  await ask("POST", roles, { ...kind, metadata: { name: "all" }, aggregationRule, rules: [] });
  await ask("POST", roles, { ...kind, metadata: { name: "hulls", labels }, rules: [rule("hulls")] });
  await ask("POST", roles, { ...kind, metadata: { name: "masts", labels }, rules: [rule("masts")] });
  const rulesOfAll = async () => (await ask("GET", `${roles}/all`)).rules;
  await expect.poll(rulesOfAll, { timeout: 20_000 }).toEqual([rule("hulls"), rule("masts")]);

  await ask("DELETE", `${roles}/hulls`);
  await expect.poll(rulesOfAll, { timeout: 20_000 }).toEqual([rule("masts")]);

  // Whoever may view may view what an operator adds.
  const view = { "rbac.authorization.k8s.io/aggregate-to-view": "true" };
  await ask("POST", roles, { ...kind, metadata: { name: "sails", labels: view }, rules: [rule("sails")] });
  await expect
    .poll(async () => (await ask("GET", `${roles}/edit`)).rules, { timeout: 20_000 })
    .toContainEqual(rule("sails"));
  expect((await ask("GET", `${roles}/view`)).rules.length).toBeGreaterThan(1);
});

const maps = "/api/v1/namespaces/orders/configmaps";
const owned = (name: string, ownerReferences: readonly object[]) => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, ownerReferences } },
});

test("an object whose owner never was, or is in another namespace, is collected", async () => {
  const uid = "11111111-2222-4333-8444-555555555555";
  const { metadata } = await ask("POST", maps, owned("owner", []));
  const elsewhere = await ask("GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt");
  const owner = (of: { name: string; uid: string }) => [
    { apiVersion: "v1", kind: "ConfigMap", name: of.name, uid: of.uid },
  ];
  await ask("POST", maps, owned("of-nobody", owner({ name: "nobody", uid })));
  await ask("POST", maps, owned("of-another", owner(elsewhere.metadata)));
  await ask("POST", maps, owned("of-somebody", owner(metadata)));
  for (const name of ["of-nobody", "of-another"]) {
    await eventually(async () => ((await ask("GET", `${maps}/${name}`)).code === 404 ? true : undefined));
  }
  expect((await ask("GET", `${maps}/of-somebody`)).code).toBe(200);
});

test("a pod's class of service is reckoned from what a limit range gives it", async () => {
  const pods = "/api/v1/namespaces/orders/pods";
  const pod = (name: string, resources: object = {}) => ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name } },
    spec: { containers: [{ name: "app", image: "none", resources }] },
  });
  const classOf = async (body: object) => (await ask("POST", pods, body)).status.qosClass;
  const whole = { cpu: "1", memory: "1Gi" };
  expect(await classOf(pod("nothing"))).toBe("BestEffort");
  expect(await classOf(pod("whole", { limits: whole }))).toBe("Guaranteed");
  expect(await classOf(pod("part", { requests: whole }))).toBe("Burstable");

  const limits = [{ type: "Container", default: { cpu: "500m" }, defaultRequest: { cpu: "100m" } }];
  await ask("POST", "/api/v1/namespaces/orders/limitranges", {
    ...{ apiVersion: "v1", kind: "LimitRange", metadata: { name: "usual" }, spec: { limits } },
  });
  expect(await classOf(pod("given"))).toBe("Burstable");
});

test("serves the kinds of its table, and no other", () => {
  const apiVersionOf = ({ group, version }: { group: string; version: string }) =>
    group === "" ? version : `${group}/${version}`;
  const served = kindsServed.map((each) => `${apiVersionOf(each)} ${each.kind}`);
  expect(served.toSorted()).toEqual(Object.keys(servedKinds).toSorted());
  expect(builtInKinds.kinds.length).toBeGreaterThan(served.length);
});

testSimulated(
  "refuses every other kind by name, and says where it can be had",
  "a real server has them all",
  async () => {
    const refused = builtInKinds.kinds.filter(({ definition }) => definition === undefined);
    for (const { group, version, plural, namespaced } of refused) {
      const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
      const { code, reason, message } = await ask("GET", `${root}/${namespaced ? "namespaces/orders/" : ""}${plural}`);
      expect({ code, reason }).toEqual({ code: 501, reason: "NotImplemented" });
      expect(message).toContain(group === "" ? plural : `${plural}.${group}`);
      expect(message).toContain("--api-server");
    }
    const { code, message } = await ask("POST", "/apis/apps/v1/namespaces/orders/statefulsets", {});
    expect({ code, message }).toEqual({
      code: 501,
      message:
        "the sandbox's simulated API server does not serve statefulsets.apps: use a real cluster (npm run apiServer, then --api-server)",
    });
    // Whoever asks for everything is not refused.
    const { resources } = await ask("GET", "/apis/apps/v1");
    expect(resources).toContainEqual(expect.objectContaining({ name: "statefulsets", kind: "StatefulSet", verbs: [] }));
  },
);

testSimulated("only reads configurations of webhooks", "a real server calls them", async () => {
  const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
  expect((await ask("GET", path)).items).toHaveLength(1);
  const { code, message } = await ask("POST", path, { metadata: { name: "mine" }, webhooks: [] });
  expect(code).toBe(501);
  expect(message).toContain("does not write mutatingwebhookconfigurations");
});
