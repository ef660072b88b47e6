import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually, startCluster, type TestCluster } from "./cluster.ts";

const apiVersion = "aadpodidentity.k8s.io/v1";
let cluster: TestCluster;
let namespace = "";
let count = 0;
beforeAll(async () => {
  cluster = await startCluster();
});
beforeEach(async () => {
  count += 1;
  namespace = `team-${count}`;
  await cluster.createNamespace(namespace);
});
afterAll(() => cluster.simulator.close());

const resourceID =
  "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mooring-x";
const namespaced = { "aadpodidentity.k8s.io/Behavior": "namespaced" };

const identity = (
  annotations: Record<string, string> = namespaced,
  spec: object = { type: 0, resourceID, clientID: "c" },
) => ({
  apiVersion,
  kind: "AzureIdentity",
  metadata: { name: `id-${namespace}`, namespace, annotations },
  spec,
});
const binding = () => ({
  apiVersion,
  kind: "AzureIdentityBinding",
  metadata: { name: "binding", namespace },
  spec: { azureIdentity: `id-${namespace}`, selector: `app-${namespace}` },
});
const pod = (where = namespace, label = `app-${namespace}`) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "pod", namespace: where, labels: { aadpodidbinding: label } },
  spec: { containers: [{ name: "main", image: "app" }] },
});

const assigned = async (where = namespace) =>
  await cluster.simulator.objects.list(apiVersion, "AzureAssignedIdentity", where);
const isAssigned = () => eventually(async () => (await assigned())[0]);
const isUnassigned = () => eventually(async () => ((await assigned()).length === 0 ? true : undefined));
/** Long enough for the controller to have looked. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

test("assigns an identity to a pod that a binding selects", async () => {
  await cluster.apply(identity(), "me");
  await cluster.apply(binding(), "me");
  await cluster.create(pod());

  expect(await isAssigned()).toMatchObject({
    metadata: { name: `pod-${namespace}-id-${namespace}`, namespace },
    spec: { pod: "pod", podNamespace: namespace, azureIdentityRef: { spec: { clientID: "c" } } },
    status: { status: "Assigned" },
  });
});

test.each([
  ["the pod", () => cluster.core.deleteNamespacedPod({ namespace, name: "pod" })],
  ["the binding", () => cluster.objects.delete(binding())],
  ["the identity", () => cluster.objects.delete(identity())],
  ["the pod's work", () => finish()],
])("revokes the assignment at the end of %s", async (_, end) => {
  await cluster.apply(identity(), "me");
  await cluster.apply(binding(), "me");
  await cluster.create(pod());
  await isAssigned();

  await end();

  expect(await isUnassigned()).toBe(true);
});

async function finish() {
  await cluster.request("PATCH", `/api/v1/namespaces/${namespace}/pods/pod/status`, {
    body: { status: { phase: "Succeeded" } },
    headers: { "content-type": "application/merge-patch+json" },
  });
}

test("restricts only a namespaced identity to pods of its own namespace", async () => {
  await cluster.createNamespace(`${namespace}-other`);
  await cluster.apply(identity(), "me");
  await cluster.apply(binding(), "me");
  await cluster.create(pod(`${namespace}-other`));
  await settle();
  expect(await assigned()).toEqual([]);

  await cluster.apply(identity({}), "me");

  const found = await eventually(async () =>
    (await assigned("default")).find(({ metadata }) => metadata.name.includes(namespace)),
  );
  expect(found).toMatchObject({ spec: { podNamespace: `${namespace}-other` } });
});

test("compares the whole label, and ignores an identity whose resource id is malformed", async () => {
  await cluster.apply(identity(), "me");
  await cluster.apply(binding(), "me");
  await cluster.create(pod(namespace, `app-${namespace}-more`));
  await settle();
  expect(await assigned()).toEqual([]);

  await cluster.objects.delete(pod());
  await cluster.apply(identity(namespaced, { type: 0, resourceID: "nonsense", clientID: "c" }), "me");
  await cluster.create(pod());
  await settle();
  expect(await assigned()).toEqual([]);
});

test("does not delay the deletion of a namespace", async () => {
  await cluster.apply(identity(), "me");
  await cluster.apply(binding(), "me");
  await cluster.create(pod());
  await isAssigned();

  await cluster.core.deleteNamespace({ name: namespace });

  await eventually(async () =>
    (await cluster.simulator.objects.get("v1", "Namespace", namespace)) === undefined ? true : undefined,
  );
  expect(await assigned()).toEqual([]);
});
