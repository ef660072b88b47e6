/** Verification, repair and migration on the whole system: drift is made by hand, and the sample workload checks the access. */
import { CoreV1Api } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type ClusterObject, createTeamCluster, readManifest, type TeamCluster } from "../../sandbox/demo/cluster.ts";
import { withBinding } from "../../sandbox/demo/pods.ts";
import { createMessageList } from "../../sandbox/messageList.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
let cluster: TeamCluster;
let core: CoreV1Api;

beforeAll(async () => {
  const verificationJob = { image: "message-app", timeoutSeconds: 60 };
  sandbox = await startSandbox({
    because: "its catalog has a verification Job",
    verificationJob,
  });
  service = serviceOf(sandbox);
  const kubeconfig = sandbox.cloud.kubernetes.kubeconfig();
  cluster = createTeamCluster(kubeconfig);
  const config = kubeConfigOf(sandbox.cloud);
  core = config.makeApiClient(CoreV1Api);
  await createMessageList(sandbox.cloud);
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

function request(namespace: string, changes: object = {}) {
  return {
    cluster: names.cluster,
    namespace,
    databases: [
      { server: names.sqlServer, database: "messages", roles: ["reader"] },
      { server: names.sqlServer, database: "orders", roles: ["writer"] },
    ],
    ...changes,
  };
}

async function onboard(namespace: string, changes: object = {}): Promise<void> {
  const { status, error } = await service.waitFor(await service.onboard(request(namespace, changes)));
  expect(status, JSON.stringify(error)).toBe("Succeeded");
}

function post(namespace: string, what: string, body?: object) {
  return service.call("POST", `/api/namespaces/${names.cluster}/${namespace}/${what}`, body);
}

async function run(namespace: string, what: string, body?: object): Promise<Operation> {
  const answer = await post(namespace, what, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 202 });
  return await service.waitFor(String(answer.body["id"]));
}

async function look(namespace: string): Promise<Record<string, unknown>> {
  const { status, body } = await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`);
  expect(status).toBe(200);
  return body;
}

function identityOf(namespace: string) {
  const name = identityName({ cluster: names.cluster, namespace });
  const identity = [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
  if (!identity) throw new Error(`no identity of ${namespace}`);
  return identity;
}

function sql(text: string) {
  return sandbox.cloud.sql.database("messages").runScript(text);
}

it("verifies a namespace by logging in as the workload does, and leaves no Job", async () => {
  await onboard("broken");

  const { status, body } = await post("broken", "verify");

  expect({ status, body }).toMatchObject({ status: 200, body: { namespace: "broken", findings: [] } });
  const applied = sandbox.cloud.faults.journal.filter(({ operation }) => operation === "PATCH jobs");
  // One at the end of the onboarding, one now.
  expect(applied.length).toBeGreaterThanOrEqual(2);
  await expect.poll(() => sandbox.cloud.kubernetes.objects.list("batch/v1", "Job", "broken")).toEqual([]);
});

it("plans and repairs on demand exactly what was broken, on every wire", async () => {
  const identity = identityOf("broken");
  identity.federatedCredentials.clear();
  await sql(
    `ALTER ROLE mooring_reader DROP MEMBER [${identity.name}]; ALTER ROLE db_datawriter ADD MEMBER [${identity.name}];`,
  );
  await core.deleteNamespacedServiceAccount({ name: "app", namespace: "broken" });

  const plan = await post("broken", "repair?dryRun=true");
  const repaired = await run("broken", "repair");
  const verified = await post("broken", "verify");

  const changing = ["grantDatabase update", "applyServiceAccount create", "federateIdentity create"];
  expect(plan.status).toBe(200);
  const planned = plan.body["steps"] as { name: string; action: string }[];
  expect(planned.filter(({ action }) => action !== "none").map(({ name, action }) => `${name} ${action}`)).toEqual(
    changing,
  );
  expect(repaired, JSON.stringify(repaired.error)).toMatchObject({ status: "Succeeded" });
  const done = repaired.steps.filter(({ action }) => action !== "none");
  expect(done.map(({ name, action }) => `${name} ${action}`)).toEqual(changing);
  // Somebody else granted that role: it is reported, and stays.
  expect(verified.body).toMatchObject({
    severity: "Warning",
    findings: [{ code: "GRANT_ADDED", field: "db_datawriter" }],
  });
});

it("reports the workload's error when it can no longer log in, and 404 when nothing is onboarded", async () => {
  sandbox.cloud.faults.add({
    wire: "entra",
    operation: "token",
    target: identityOf("broken").clientId,
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: "AADSTS700213", status: 401, message: "AADSTS700213: No matching record found." },
  });

  const { status, body } = await post("broken", "verify");

  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      severity: "Error",
      findings: expect.arrayContaining([
        expect.objectContaining({ code: "LOGIN_WITHOUT_TOKEN", severity: "Error", fix: expect.any(String) }),
      ]),
    },
  });
  expect(await look("broken")).toMatchObject({
    findings: expect.arrayContaining([expect.objectContaining({ code: "LOGIN_WITHOUT_TOKEN" })]),
  });
  expect(await post("nobody", "verify")).toMatchObject({ status: 404, body: { code: "NOT_ONBOARDED" } });
});

async function manifests(namespace: string): Promise<{ oldWay: ClusterObject; newWay: ClusterObject }> {
  const [oldWay, newWay] = await Promise.all(
    ["pod.pod-identity.yaml", "pod.workload-identity.yaml"].map((file) => readManifest(`samples/message-app/${file}`)),
  );
  if (!oldWay || !newWay) throw new Error("the sample has no manifests");
  const inNamespace = (pod: ClusterObject, name: string) => ({
    ...pod,
    metadata: { ...pod.metadata, name, namespace },
  });
  return {
    oldWay: withBinding(inNamespace(oldWay, "old-way"), namespace),
    newWay: inNamespace(newWay, "new-way"),
  };
}

it("refuses an invalid migration, field by field", async () => {
  await onboard("moving", { identityMode: "podIdentity" });

  expect(await post("moving", "migrate", { until: "tomorrow", service: "x" })).toMatchObject({
    status: 422,
    body: { code: "INVALID_REQUEST", errors: [{ pointer: "/until" }, { pointer: "/service" }] },
  });
  expect(await post("moving", "migrate?until=tomorrow")).toMatchObject({ status: 422 });
  const plan = await post("moving", "migrate?until=sideBySide&dryRun=true");
  expect(plan).toMatchObject({ status: 200, body: { blocked: false } });
  expect((plan.body["steps"] as { name: string }[]).map(({ name }) => name)).toEqual([
    "takeInventory",
    "applyServiceAccount",
    "federateIdentity",
  ]);
});

it("migrates to workload identity in phases and back, while the workload can read its table throughout", async () => {
  const { oldWay, newWay } = await manifests("moving");
  const clientId = identityOf("moving").clientId;
  const before = await cluster.run(oldWay);

  const sideBySide = await run("moving", "migrate", { until: "verify" });
  const between = [await cluster.run(oldWay), await cluster.run(newWay)];
  const half = await look("moving");
  const changed = request("moving", { identityMode: "podIdentity", deletePolicy: "Keep" });
  const change = await service.call("POST", "/api/onboardings", changed);

  // Restarts whenever it has ended, as a Deployment's pods do.
  const server = {
    ...oldWay,
    metadata: { ...oldWay.metadata, name: "server" },
    spec: { ...Object(oldWay["spec"]), restartPolicy: "Always" },
  };
  await cluster.create(server);
  const id = String((await post("moving", "migrate")).body["id"]);
  const waiting = async () => (await service.operation(id)).steps.find(({ name }) => name === "checkPods");
  await expect.poll(waiting, { timeout: 30_000 }).toMatchObject({
    status: "Running",
    notices: [{ code: "WAITS_FOR_PODS", message: expect.stringContaining("server") }],
  });
  const afterCutOver = await cluster.run(oldWay);
  await core.deleteNamespacedPod({ name: "server", namespace: "moving" });
  await expect.poll(() => sandbox.cloud.kubernetes.objects.get("v1", "Pod", "server", "moving")).toBeUndefined();
  const retired = await service.waitFor(id, 60_000);
  const after = await cluster.run(newWay);
  const late = await cluster.run(oldWay);
  const again = await post("moving", "migrate");
  const migrated = await look("moving");
  const wayBack = await post("moving", "migrate?to=podIdentity&dryRun=true");
  const back = await run("moving", "migrate", { to: "podIdentity" });
  const afterBack = await cluster.run(oldWay);

  expect(before.exitCode).toBe(0);
  expect(sideBySide).toMatchObject({ status: "Succeeded", result: { migration: { completed: "verify" } } });
  expect(sideBySide.steps.map(({ name }) => name)).toEqual([
    "takeInventory",
    "applyServiceAccount",
    "federateIdentity",
    "verifySideBySide",
  ]);
  expect(between.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(change).toMatchObject({ status: 409, body: { code: "MIGRATION_PENDING" } });
  expect(half).toMatchObject({ state: "Onboarded", identityMode: "podIdentity", migration: { completed: "verify" } });
  expect(afterCutOver.exitCode).toBe(0);
  expect(retired, JSON.stringify(retired.error)).toMatchObject({
    status: "Succeeded",
    result: { clientId, migration: { completed: "retire", podsToMove: ["server"] } },
  });
  expect(after.exitCode).toBe(0);
  expect(late.exitCode).toBe(3);
  expect(migrated).toMatchObject({ identityMode: "workloadIdentity", clientId, findings: [] });
  expect(again).toMatchObject({ status: 409, body: { code: "NOTHING_TO_MIGRATE" } });
  expect(wayBack).toMatchObject({ status: 200, body: { blocked: false } });
  expect(back, JSON.stringify(back.error)).toMatchObject({ status: "Succeeded", result: { clientId } });
  expect(afterBack.exitCode).toBe(0);
  expect(await look("moving")).toMatchObject({ identityMode: "podIdentity", clientId, findings: [] });
}, 180_000);

it("allows one operation at a time per namespace, including repairs and verifications", async () => {
  sandbox.cloud.faults.add({
    wire: "arm",
    operation: /^GET .*userAssignedIdentities$/,
    effect: { kind: "delay", ms: 1_500 },
  });
  const first = await post("broken", "repair");

  const [second, onboarding, verification] = await Promise.all([
    post("broken", "repair"),
    service.call("POST", "/api/onboardings", request("broken", { serviceAccount: "other" })),
    post("broken", "verify"),
  ]);

  expect(first.status).toBe(202);
  expect(second).toMatchObject({ status: 202, body: { id: first.body["id"], isNew: false } });
  expect(onboarding).toMatchObject({ status: 409, body: { code: "OPERATION_IN_PROGRESS" } });
  expect(verification).toMatchObject({ status: 409, body: { code: "OPERATION_IN_PROGRESS" } });
  expect((await service.waitFor(String(first.body["id"]))).status).toBe("Succeeded");
});
