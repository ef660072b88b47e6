/** The safeguards between a request and harm, on the whole system: HTTP, the real SDKs and the simulated services. */

import { CoreV1Api, KubernetesObjectApi } from "@kubernetes/client-node";
import { assignRole } from "azure-sim/world";
import { afterEach, expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
});
afterEach(() => sandbox.cloud.faults.clear());

function request(namespace: string, changes: object = {}) {
  return {
    cluster: names.cluster,
    namespace,
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    ...changes,
  };
}

it("stops before the first write when the kubelet lacks a role, and shows the command that grants it", async () => {
  const { roleAssignments, identities } = sandbox.cloud.world;
  const [first] = roleAssignments.values();
  if (!first) throw new Error("the kubelet of the sandbox has no roles");
  roleAssignments.delete(first.name);
  const wanted = request("kubelet", { identityMode: "podIdentity" });

  const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted);
  const { status, error } = await service.waitFor(await service.onboard(wanted));

  const command = `az role assignment create --assignee-object-id ${first.principalId}`;
  expect(plan.body).toMatchObject({
    blocked: true,
    steps: expect.arrayContaining([
      expect.objectContaining({
        name: "preflight",
        blockers: [expect.objectContaining({ code: "KUBELET_ROLE_MISSING", fix: expect.stringContaining(command) })],
      }),
    ]),
  });
  expect({ status, error }).toMatchObject({ status: "Failed", error: { code: "KUBELET_ROLE_MISSING" } });
  expect(error?.message).toContain(command);
  expect([...identities.keys()].filter((id) => id.includes("kubelet"))).toEqual([]);

  roleAssignments.set(first.name, first);
  const again = await service.waitFor(await service.onboard(wanted));
  expect(again.status, JSON.stringify(again.error)).toBe("Succeeded");
  expect(again.steps[0]).not.toHaveProperty("notices");
});

async function onboard(namespace: string, changes: object = {}): Promise<string> {
  const id = await service.onboard(request(namespace, changes));
  const { status, error } = await service.waitFor(id);
  expect(status, JSON.stringify(error)).toBe("Succeeded");
  return id;
}

function identityOf(namespace: string) {
  const name = identityName({ cluster: names.cluster, namespace });
  const identity = [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
  if (!identity) throw new Error(`no identity of ${namespace}`);
  return identity;
}

it("does not offboard what others depend on, names them, and continues with ignoreDependants", async () => {
  await onboard("shared");
  const { world } = sandbox.cloud;
  const identity = identityOf("shared");
  const [issuer, subject] = ["https://token.actions.example", "repo:theirs/app:ref:refs/heads/main"];
  identity.federatedCredentials.set("github", { name: "github", issuer, subject, audiences: ["api://x"] });
  const role = "4633458b-17de-408a-b874-0445c86b69e6";
  const scope = `/subscriptions/${world.subscriptionId}/resourceGroups/rg-vaults`;
  const given = assignRole(world, { role, principalId: identity.principalId, scope });
  const config = kubeConfigOf(sandbox.cloud);
  await config.makeApiClient(CoreV1Api).createNamespacedPod({
    namespace: "shared",
    body: { metadata: { name: "theirs" }, spec: { containers: [{ name: "app", image: "nothing" }] } },
  });
  const path = `/api/namespaces/${names.cluster}/shared`;

  const plan = await service.call("DELETE", `${path}?dryRun=true`);
  const refused = await service.waitFor(await service.offboard(names.cluster, "shared"));

  const codes = ["IDENTITY_FEDERATED_BY_OTHERS", "IDENTITY_HAS_ROLES"];
  const steps = plan.body["steps"] as { blockers: { code: string; fix: string }[] }[];
  expect(plan.body["steps"]).toContainEqual(
    expect.objectContaining({
      name: "removeNamespace",
      action: "keep",
      notices: [
        expect.objectContaining({ code: "NAMESPACE_KEPT", message: expect.stringContaining("1 Pod (theirs)") }),
      ],
    }),
  );
  expect(steps.flatMap(({ blockers }) => blockers.map(({ code }) => code))).toEqual(codes);
  expect(steps.flatMap(({ blockers }) => blockers.map(({ fix }) => fix))).toContainEqual(
    `az role assignment delete --ids ${scope}/providers/Microsoft.Authorization/roleAssignments/${given.name}`,
  );
  expect(refused).toMatchObject({ status: "Failed", error: { code: codes[0] } });
  for (const what of [subject, scope]) expect(refused.error?.message).toContain(what);
  expect((await service.call("GET", path)).body).toMatchObject({ state: "Onboarded" });
  expect(identityOf("shared").federatedCredentials.size).toBe(2);

  const told = await service.call("DELETE", `${path}?dryRun=true&ignoreDependants=true`);
  expect(told.body).toMatchObject({ blocked: false });
  const accepted = await service.call("DELETE", `${path}?ignoreDependants=true`);
  const { status, error } = await service.waitFor(String(accepted.body["id"]));
  expect(status, JSON.stringify(error)).toBe("Succeeded");
  expect((await service.call("GET", path)).status).toBe(404);
  // Not Mooring's to remove.
  expect(world.roleAssignments.has(given.name)).toBe(true);
});

const widgets = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { kind: "Widget", plural: "widgets" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
};

/** As infra/kubernetes/namespace-deletion.yaml tells an operator. */
function listingWidgets(name: string) {
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const metadata = { name: "lists-widgets" };
  const apiGroup = "rbac.authorization.k8s.io";
  return [
    {
      apiVersion,
      kind: "ClusterRole",
      metadata,
      rules: [{ apiGroups: ["example.com"], resources: ["*"], verbs: ["list"] }],
    },
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup, kind: "ClusterRole", name: metadata.name },
      subjects: [{ apiGroup, kind: "User", name }],
    },
  ];
}

it("keeps a namespace with what others have in it, of whatever kind, and deletes an empty one as it was seen", async () => {
  await onboard("inhabited");
  await onboard("empty");
  const config = kubeConfigOf(sandbox.cloud);
  const client = KubernetesObjectApi.makeApiClient(config);
  await client.create(widgets);
  for (const each of listingWidgets(sandbox.cloud.principals.mooring.principalId)) await client.create(each);
  const inside = { name: "theirs", namespace: "inhabited" };
  // A real API server serves a new kind after a moment.
  const widget = { apiVersion: "example.com/v1", kind: "Widget", metadata: inside };
  await expect.poll(() => client.create(widget), { timeout: 10_000 }).toMatchObject({ kind: "Widget" });
  await onboard("secret");
  await client.create({ apiVersion: "v1", kind: "Secret", metadata: { name: "theirs", namespace: "secret" } });

  const counted = await service.waitFor(await service.offboard(names.cluster, "secret"));
  const kept = await service.waitFor(await service.offboard(names.cluster, "inhabited"));
  const gone = await service.waitFor(await service.offboard(names.cluster, "empty"));

  expect([kept.status, gone.status]).toEqual(["Succeeded", "Succeeded"]);
  const { objects } = sandbox.cloud.kubernetes;
  expect(await objects.list("example.com/v1", "Widget", "inhabited")).toHaveLength(1);
  expect(await objects.list("v1", "Secret", "secret")).toHaveLength(1);
  expect(await objects.list("v1", "ResourceQuota", "secret")).toEqual([]);
  expect((await objects.list("v1", "ServiceAccount", "inhabited")).map(({ metadata }) => metadata.name)).toEqual([
    "default",
  ]);
  expect((await objects.get("v1", "Namespace", "inhabited"))?.metadata.annotations).toBeUndefined();
  for (const [operation, seen] of [
    [kept, "1 Widget.example.com (theirs)"],
    [counted, "1 Secret"],
  ] as const) {
    expect(operation.steps.find(({ name }) => name === "removeNamespace")).toMatchObject({
      action: "keep",
      notices: [{ code: "NAMESPACE_KEPT", message: expect.stringContaining(`others have in it ${seen}.`) }],
    });
  }
  await expect.poll(async () => await objects.get("v1", "Namespace", "empty")).toBeUndefined();
});

it("does not report a namespace as unchanged if it was deleted or recreated in the meantime", async () => {
  const first = await onboard("again");
  const same = await service.call("POST", "/api/onboardings", request("again"));
  expect(same.body).toMatchObject({ id: first, isNew: false });
  const config = kubeConfigOf(sandbox.cloud);
  const core = config.makeApiClient(CoreV1Api);
  await core.deleteNamespace({ name: "again" });
  const isGone = async () => (await sandbox.cloud.kubernetes.objects.get("v1", "Namespace", "again")) === undefined;
  await expect.poll(isGone).toBe(true);

  const missing = await service.call("POST", "/api/onboardings", request("again"));
  await core.createNamespace({ body: { metadata: { name: "again" } } });
  const other = await service.call("POST", "/api/onboardings", request("again"));

  expect(missing).toMatchObject({ status: 409, body: { code: "NAMESPACE_MISSING" } });
  expect(String(missing.body["fix"])).toContain("/repair");
  expect(other).toMatchObject({ status: 409, body: { code: "NAMESPACE_RECREATED" } });
  expect(String(other.body["fix"])).toContain("takeOver=true");
});

it("repeats its earlier answer when the cluster is unreachable", async () => {
  const first = await onboard("away");
  sandbox.cloud.faults.add({ wire: "kubernetes", times: 50, effect: { kind: "error", code: 503 } });

  const same = await service.call("POST", "/api/onboardings", request("away"));

  expect(same).toMatchObject({ status: 202, body: { id: first, isNew: false } });
});

it("changes the ETag when the namespace changes, but a verification does not invalidate an If-Match", async () => {
  await onboard("tagged");
  const path = `/api/namespaces/${names.cluster}/tagged`;
  const tag = async () => (await service.call("GET", path)).headers.get("etag") ?? "";
  const before = await tag();
  expect((await service.call("POST", `${path}/verify`)).body).toMatchObject({ findings: [] });
  expect(await tag()).toBe(before);

  identityOf("tagged").tags["cost-centre"] = "42";
  expect((await service.call("POST", `${path}/verify`)).body).toMatchObject({ findings: [{ severity: "Info" }] });
  const looked = await tag();
  expect(looked).not.toBe(before);
  expect((await service.call("GET", path, undefined, { "if-none-match": before })).status).toBe(200);
  expect((await service.call("GET", path, undefined, { "if-none-match": looked })).status).toBe(304);

  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader", "writer"] }];
  const { status } = await service.waitFor(await service.onboard(request("tagged", { databases })));
  expect(status).toBe("Succeeded");
  expect((await service.call("DELETE", path, undefined, { "if-match": before })).status).toBe(412);
  const changed = await tag();
  identityOf("tagged").tags["owner"] = "ann";
  await service.call("POST", `${path}/verify`);
  expect((await service.call("DELETE", path, undefined, { "if-match": changed })).status).toBe(202);
});
