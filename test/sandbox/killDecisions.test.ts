/**
 * kill -9 while people decide: an approval, a rejection, a take-over and a verification with a Job, each cut off at a random
 * moment. A caller who gets no answer sends the request again with the same key, as the documentation says.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { createMessageList } from "../../sandbox/messageList.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { serviceAs, type Team } from "../support/people.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Answer, type Operation, recoveryMs, type Service, serviceOf } from "../support/service.ts";

const databases = ["messages", "orders"];
/** Printed with a failure, so that it can be rerun. */
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const rounds = Math.max(1, Math.round(Number(process.env["MOORING_KILLS"] ?? 7) / 5));
const longestMs = 500;
const dice = createDice(seed);

let sandbox: SuiteSandbox;
let operator: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it kills the service",
    callers: "keys",
    latencyMs: 20,
    approval: { databases: [`${names.sqlServer}/orders`], timeoutMinutes: 60 },
    verificationJob: { image: "message-app", timeoutSeconds: 60 },
  });
  operator = serviceOf(sandbox);
  // The table that the Job reads after it has logged in.
  await createMessageList(sandbox.cloud);
});
afterAll(() => sandbox?.close());

const memberOf = (team: Team) => serviceAs(sandbox, { team, role: "request" });

async function onboard(by: Service, request: object): Promise<void> {
  const { status, error } = await by.waitFor(await by.onboard(request), 60_000);
  expect(status, JSON.stringify(error)).toBe("Succeeded");
}

function requestFor(namespace: string, wanted: readonly string[]) {
  const databases = wanted.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] }));
  return { cluster: names.cluster, namespace, databases };
}

/** Sends a request, kills the service at a random moment, restarts it, and sends the request until it is answered. */
async function throughKill(send: () => Promise<Answer>): Promise<Answer> {
  const first = send().catch(() => undefined);
  await sleep(dice.roll(longestMs));
  await sandbox.killHost();
  await first;
  await sandbox.restartHost();
  for (;;) {
    const answer = await send().catch(() => undefined);
    // The first attempt holds the key until it is known to be over.
    const isEarly = answer?.status === 503 || answer?.body["code"] === "IDEMPOTENCY_IN_PROGRESS";
    if (answer && !isEarly) return answer;
    await sleep(100);
  }
}

const addressOf = (namespace: string) => `/api/namespaces/${names.cluster}/${namespace}`;

async function waitForApproval(id: string): Promise<string> {
  await expect.poll(async () => (await operator.operation(id)).phase, { timeout: 30_000 }).toBe("awaitingApproval");
  const { approval } = (await operator.operation(id)) as Operation & { approval: { requestHash: string } };
  return approval.requestHash;
}

async function trailOf(id: string): Promise<readonly string[]> {
  const { body } = await operator.call("GET", `/api/audit?operation=${id}`);
  const entries = body["value"] as { kind: string; what: string; target: string; action: string }[];
  return entries.map(({ kind, what, target, action }) => `${kind} ${what} ${target} ${action}`);
}

/** The trail has each entry once, however often it was tried. */
async function expectToldOnce(id: string): Promise<void> {
  const trail = await trailOf(id);
  expect(trail.toSorted()).toEqual([...new Set(trail)].toSorted());
  expect((await operator.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
}

const stories: Readonly<Record<string, (namespace: string) => Promise<void>>> = {
  async "an approval"(namespace) {
    const red = await memberOf("red");
    const id = await red.onboard(requestFor(namespace, databases));
    const decision = { requestHash: await waitForApproval(id) };
    const key = { "idempotency-key": randomUUID() };

    const answer = await throughKill(() => operator.call("POST", `/api/operations/${id}/approve`, decision, key));

    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 202, body: { decision: "approve" } });
    expect(await operator.waitFor(id, recoveryMs)).toMatchObject({ status: "Succeeded" });
    expect(await listFaults(sandbox.cloud, { namespace, mode: "workloadIdentity", databases })).toEqual([]);
    await expectToldOnce(id);
  },
  async "a rejection"(namespace) {
    const red = await memberOf("red");
    const id = await red.onboard(requestFor(namespace, databases));
    await waitForApproval(id);
    const key = { "idempotency-key": randomUUID() };

    const answer = await throughKill(() => operator.call("POST", `/api/operations/${id}/reject`, undefined, key));

    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 202, body: { decision: "reject" } });
    expect(await operator.waitFor(id, recoveryMs)).toMatchObject({ status: "Failed", error: { code: "REJECTED" } });
    expect(await listRemains(sandbox.cloud, namespace, databases)).toEqual([]);
    await expectToldOnce(id);
  },
  async "a take-over"(namespace) {
    const [red, blue] = [await memberOf("red"), await memberOf("blue")];
    const wanted = requestFor(namespace, ["messages"]);
    await onboard(red, wanted);
    const key = { "idempotency-key": randomUUID() };

    const answer = await throughKill(() =>
      operator.call("POST", "/api/onboardings?takeOver=true", { ...wanted, team: "blue" }, key),
    );

    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    const id = String(answer.body["id"]);
    expect(await operator.waitFor(id, recoveryMs)).toMatchObject({ status: "Succeeded" });
    expect((await red.call("GET", addressOf(namespace))).status).toBe(404);
    await expect
      .poll(async () => (await blue.call("GET", addressOf(namespace))).body, { timeout: 30_000 })
      .toMatchObject({ team: "blue", state: "Onboarded" });
    expect(await listFaults(sandbox.cloud, { namespace, mode: "workloadIdentity", databases: ["messages"] })).toEqual(
      [],
    );
    await expectToldOnce(id);
  },
  async "a look with a Job"(namespace) {
    const red = await memberOf("red");
    await onboard(red, requestFor(namespace, ["messages"]));

    const answer = await throughKill(() => red.call("POST", `${addressOf(namespace)}/verify`));

    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { findings: [] } });
    // A verification that was cut off leaves its Job to the cluster, which removes it after its time to live.
    const jobs = () => sandbox.cloud.kubernetes.objects.list("batch/v1", "Job", namespace);
    const kept = async () => (await jobs()).filter((job) => Object(job["spec"]).ttlSecondsAfterFinished === undefined);
    await expect.poll(async () => (await jobs()).length, { timeout: 30_000 }).toBeLessThanOrEqual(1);
    expect(await kept()).toEqual([]);
  },
};

it.each(Object.keys(stories))(
  `completes %s despite a kill, ${rounds} times (seed ${seed})`,
  async (kind) => {
    for (let round = 0; round < rounds; round += 1) {
      await stories[kind]?.(`shared-${kind.toLowerCase().replaceAll(" ", "-")}-${round}`);
    }
  },
  120_000 + rounds * recoveryMs,
);
