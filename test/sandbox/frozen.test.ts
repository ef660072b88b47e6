/**
 * The service's process stands still, as when its machine is paused or starved, while the cloud and every clock go on: locks of
 * messages expire, connections are closed by the other side. Then it goes on as if nothing had happened. `MOORING_FROZEN_SECONDS=660`
 * tries it with Azure's own limits, among them the functionTimeout of host.json.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

const given = process.env["MOORING_FROZEN_SECONDS"];
/** Longer than a message's lock and than the step of the timer that starts what was accepted. */
const frozenMs = Number(given ?? 6) * 1_000;
const messageLockSeconds = given === undefined ? 3 : 60;
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const rounds = given === undefined ? shareOf(10) : 1;
/** After which everything has ended. */
const patienceMs = 120_000;

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  // Slow enough for the freeze to hit steps.
  sandbox = await startSandbox({
    because: "it freezes the service",
    latencyMs: 50,
    messageLockSeconds,
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

const databases = ["messages", "orders"];
const requestFor = (namespace: string) => ({
  cluster: names.cluster,
  namespace,
  databases: databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
});

/** Returns when the process went on. */
async function freeze(): Promise<Date> {
  process.kill(sandbox.hostPid, "SIGSTOP");
  try {
    await sleep(frozenMs);
    return new Date();
  } finally {
    process.kill(sandbox.hostPid, "SIGCONT");
  }
}

async function operationsOf(namespace: string): Promise<readonly { readonly id: string }[]> {
  const { body } = await service.call("GET", `/api/operations?cluster=${names.cluster}&namespace=${namespace}`);
  return body["value"] as { id: string }[];
}

async function expectEachEffectOnce(id: string): Promise<void> {
  const { body } = await service.call("GET", `/api/audit?operation=${id}`);
  const entries = body["value"] as { kind: string; what: string; target: string; action: string }[];
  const written = entries.map(({ kind, what, target, action }) => `${kind} ${what} ${target} ${action}`);
  expect(new Set(written).size, written.join(", ")).toBe(written.length);
}

it(
  `ends everything that stood still for ${frozenMs} ms, ${rounds} times (seed ${seed})`,
  async () => {
    const dice = createDice(seed);
    let stoodStill = false;
    for (let round = 0; round < rounds; round += 1) {
      const leaving = `leaving-${round}`;
      await service.waitFor(await service.onboard(requestFor(leaving)), patienceMs);
      const asked = [0, 1, 2, 3].map((n) => `asked-${round}-${n}`);
      const sent = [0, 1, 2, 3].map((n) => `sent-${round}-${n}`);
      const ids = await Promise.all(asked.map((namespace) => service.onboard(requestFor(namespace))));
      const offboarding = await service.offboard(names.cluster, leaving);
      for (const namespace of sent) {
        sandbox.cloud.serviceBus.queue(names.queue).send({ body: requestFor(namespace), messageId: namespace });
      }
      await sleep(dice.roll(1_500));

      const thawed = await freeze();

      for (const [n, id] of ids.entries()) {
        const ended = await service.waitFor(id, patienceMs);
        stoodStill ||= Date.parse(ended.endTime ?? "") >= thawed.getTime();
        expect(ended.status, `${asked[n]}: ${JSON.stringify(ended.error)}`).toBe("Succeeded");
        await expectEachEffectOnce(id);
      }
      expect(await service.waitFor(offboarding, patienceMs)).toMatchObject({ status: "Succeeded" });
      expect(await listRemains(sandbox.cloud, leaving, databases)).toEqual([]);
      for (const namespace of sent) {
        await expect.poll(async () => (await operationsOf(namespace)).length, { timeout: patienceMs }).toBe(1);
        const [{ id } = { id: "" }] = await operationsOf(namespace);
        expect(await service.waitFor(id, patienceMs)).toMatchObject({ status: "Succeeded" });
        await expectEachEffectOnce(id);
      }
      for (const namespace of [...asked, ...sent]) {
        expect(await listFaults(sandbox.cloud, { namespace, mode: "workloadIdentity", databases }), namespace).toEqual(
          [],
        );
      }
      const queue = sandbox.cloud.serviceBus.queue(names.queue);
      await expect.poll(() => queue.messages(), { timeout: patienceMs }).toEqual([]);
      expect(queue.deadLetters()).toEqual([]);
    }
    expect(stoodStill, "an operation was under way when the process stopped").toBe(true);
    expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
  },
  rounds * (frozenMs + 2 * patienceMs),
);

it(
  "leaves nothing of an onboarding that stood still while it was undone",
  async () => {
    sandbox.cloud.faults.add({
      wire: "sql",
      operation: "CREATE USER",
      target: `${names.sqlServer}/orders`,
      times: Number.POSITIVE_INFINITY,
      effect: { kind: "error", code: 15247 },
    });
    const namespace = "undone";
    const id = await service.onboard(requestFor(namespace));
    await expect.poll(async () => (await service.operation(id)).phase, { interval: 10 }).toBe("compensating");

    await freeze();

    const ended = await service.waitFor(id, patienceMs);
    expect(ended).toMatchObject({ status: "Failed", error: { code: "SQL_FORBIDDEN" } });
    expect(ended.leftUndone ?? []).toEqual([]);
    expect(await listRemains(sandbox.cloud, namespace, databases)).toEqual([]);
  },
  frozenMs + 2 * patienceMs,
);
