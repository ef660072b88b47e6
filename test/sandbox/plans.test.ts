/** Plans over HTTP, which include the API server's own answers, and operations that then do what the plans said. */
import { CoreV1Api } from "@kubernetes/client-node";
import { afterEach, expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import { stays } from "../../src/domain/operation/plan.ts";
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
afterEach(async () => {
  sandbox.cloud.faults.clear();
  await sandbox.cloud.kubernetes.webhooks.clear();
  sandbox.cloud.kubernetes.restrictions.length = 0;
});

let count = 0;
function request(changes: object = {}) {
  count += 1;
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  return { cluster: names.cluster, namespace: `planned-${count}`, databases, ...changes };
}

const pathOf = ({ cluster, namespace }: { cluster: string; namespace: string }) =>
  `/api/namespaces/${cluster}/${namespace}`;

async function planOf(method: string, path: string, body?: object): Promise<Plan> {
  const answer = await service.call(method, path, body);
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200 });
  return answer.body as object as Plan;
}

/** The status and the audit trail report the same steps as the plan. */
async function expectDone(plan: Plan, operation: string) {
  const ended = await service.waitFor(operation);
  expect(ended.status).toBe("Succeeded");
  const { body } = await service.call("GET", `/api/audit?operation=${operation}&top=200`);
  const effects = body["value"] as { what: string; target: string; differences: object[] }[];
  for (const { name, target, action, differences } of plan.steps) {
    const step = ended.steps.find((each) => each.name === name && each.target === target);
    expect(step?.action, `${name} ${target}`).toBe(action);
    if (action === "none") continue;
    const effect = effects.find((each) => each.what === name && each.target === target);
    const expected = differences.filter(({ desired }) => desired !== stays);
    expect(effect?.differences, `${name} ${target}`).toEqual(
      expected.map((each) =>
        each.desired === "the client id of the identity, once it exists"
          ? { ...each, desired: expect.any(String) }
          : each,
      ),
    );
  }
}

it("does what the plan said: onboarding, change, repair, migration and offboarding", async () => {
  const wanted = request({ identityMode: "podIdentity" });
  const onboarding = await planOf("POST", "/api/onboardings?dryRun=true", wanted);
  await expectDone(onboarding, await service.onboard(wanted));

  const databases = ["messages", "orders"].map((database) => ({
    server: names.sqlServer,
    database,
    roles: ["writer"],
  }));
  const changed = { ...wanted, databases, selector: "other" };
  const change = await planOf("POST", "/api/onboardings?dryRun=true", changed);
  await expectDone(change, await service.onboard(changed));

  const run = async (verb: string) => String((await service.call("POST", `${pathOf(wanted)}/${verb}`)).body["id"]);
  const repair = await planOf("POST", `${pathOf(wanted)}/repair?dryRun=true`);
  await expectDone(repair, await run("repair"));
  const migration = await planOf("POST", `${pathOf(wanted)}/migrate?dryRun=true`);
  await expectDone(migration, await run("migrate"));

  const offboarding = await planOf("DELETE", `${pathOf(wanted)}?dryRun=true`);
  expect(offboarding.estimate).toMatchObject({ operationsAhead: 0, measuredSteps: expect.any(Number) });
  await expectDone(offboarding, await service.offboard(wanted.cluster, wanted.namespace));
}, 120_000);

it("names a webhook's denial as a blocker, and the operation then stops before it writes anything", async () => {
  const wanted = request({ adoptionPolicy: "Always" });
  await makeNamespace(wanted.namespace);
  await sandbox.cloud.kubernetes.webhooks.install({
    name: "names.example.com",
    sideEffects: "None",
    deny: ({ resource, namespace }) =>
      resource.kind === "ServiceAccount" && namespace === wanted.namespace ? "accounts are made by us" : undefined,
  });

  const plan = await planOf("POST", "/api/onboardings?dryRun=true", wanted);
  const before = sandbox.cloud.faults.journal.length;
  const ended = await service.waitFor(await service.onboard(wanted));

  const blockers = plan.steps.flatMap((step) => step.blockers.map(({ code }) => `${step.name} ${code}`));
  expect(blockers).toEqual(["applyServiceAccount KUBERNETES_ADMISSION_DENIED"]);
  expect(ended).toMatchObject({
    status: "Failed",
    error: { code: "KUBERNETES_ADMISSION_DENIED", message: expect.stringContaining("accounts are made by us") },
  });
  const calls = sandbox.cloud.faults.journal.slice(before).map(({ operation }) => operation);
  expect(calls.filter((operation) => /^(PUT|PATCH|DELETE|CREATE|ALTER|DROP|EXEC)/i.test(operation))).toEqual([]);
}, 60_000);

/** Creates a namespace as somebody else, so that the API server can answer dry runs of objects in it. */
async function makeNamespace(name: string) {
  const config = kubeConfigOf(sandbox.cloud);
  await config.makeApiClient(CoreV1Api).createNamespace({ body: { metadata: { name } } });
}

it("answers the plan of an unchanged request with its operation, and says beforehand how long an onboarding takes", async () => {
  const wanted = request();
  const plan = await planOf("POST", "/api/onboardings?dryRun=true", wanted);
  const id = await service.onboard(wanted);
  await service.waitFor(id);

  expect(plan.estimate?.least).toBeGreaterThan(0);
  expect(plan.estimate?.most).toBeGreaterThan(plan.estimate?.least ?? 0);
  expect(await planOf("POST", "/api/onboardings?dryRun=true", wanted)).toEqual({
    steps: [],
    blocked: false,
    needsApproval: [],
    request: expect.objectContaining({ ...wanted, serviceAccount: "app" }),
    operation: id,
    etag: expect.any(String),
  });
}, 60_000);

it("refuses a flag that it does not understand, and does nothing", async () => {
  const wanted = request();
  const id = await service.onboard(wanted);
  await service.waitFor(id);
  const asked = [
    ["POST", "/api/onboardings?dryRun=yes", wanted],
    ["POST", "/api/onboardings?dryrun=true", wanted],
    ["DELETE", `${pathOf(wanted)}?dryRun=1`],
    ["DELETE", `${pathOf(wanted)}?dry-run=true`],
    ["POST", `${pathOf(wanted)}/repair?DryRun=true`],
    ["POST", `${pathOf(wanted)}/migrate?dryRun=on`],
    ["POST", `${pathOf(wanted)}/verify?dryRun=true`],
    ["POST", `/api/operations/${id}/cancel?dryRun=yes`],
    ["POST", `/api/operations/${id}/approve?dryrun=true`, { requestHash: "x" }],
    ["POST", `/api/operations/${id}/reject?dryRun=1`],
    ["POST", `/api/operations/${id}/compensate?dryRun=TRUE`],
    ["POST", `/api/operations/${id}/cancel?dryRun=false&comment=x`],
  ] as const;

  for (const [method, path, body] of asked) {
    const answer = await service.call(method, path, body);
    expect({ path, status: answer.status, body: answer.body }).toMatchObject({
      path,
      status: 400,
      body: { code: "INVALID_PARAMETER", fix: expect.any(String), errors: [{ pointer: expect.stringMatching(/^\?/) }] },
    });
  }
  expect((await service.call("GET", pathOf(wanted))).body).toMatchObject({ state: "Onboarded", operation: id });
}, 60_000);

it("plans and runs the remaining undo of a migration whose undo failed", async () => {
  const wanted = request({ identityMode: "podIdentity" });
  await service.waitFor(await service.onboard(wanted));
  const times = Number.POSITIVE_INFINITY;
  const { faults } = sandbox.cloud;
  const forbidden = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
  faults.add({ wire: "arm", operation: /^PUT .*federatedIdentityCredentials$/, times, effect: forbidden });
  faults.add({
    wire: "kubernetes",
    operation: /^DELETE .*serviceaccounts/,
    times,
    effect: { kind: "error", code: 403 },
  });
  const id = String((await service.call("POST", `${pathOf(wanted)}/migrate`)).body["id"]);
  expect(await service.waitFor(id)).toMatchObject({
    error: { code: "COMPENSATION_FAILED", fix: expect.stringContaining("/compensate") },
  });
  faults.clear();

  const plan = await planOf("POST", `/api/operations/${id}/compensate?dryRun=true`);
  const back = await service.call("POST", `/api/operations/${id}/compensate`);

  expect(plan.steps).toMatchObject([{ name: "removeServiceAccount", action: "delete", blockers: [] }]);
  await expectDone(plan, String(back.body["id"]));
  const { body } = await service.call("GET", pathOf(wanted));
  expect(body).toMatchObject({ state: "Onboarded", identityMode: "podIdentity" });
  expect(body["migration"]).toBeUndefined();
  const migrated = await service.call("POST", `${pathOf(wanted)}/migrate`);
  expect(await service.waitFor(String(migrated.body["id"]))).toMatchObject({ status: "Succeeded" });
}, 60_000);
