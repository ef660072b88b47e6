/**
 * What a machine does to the service:
 * - its process stands still, as when its machine is paused or starved, while the cloud and every clock go on: locks of messages expire,
 *   connections are closed by the other side. Then it goes on as if nothing had happened. `MOORING_FROZEN_SECONDS=660` tries it with
 *   Azure's own limits, among them the functionTimeout of host.json;
 * - power fails, and the two stores come back from different moments: the engine's is older than the registry and the cloud, as after
 *   a disk without its last writes, or a failover of a storage account. Every operation still ends as it did, and one that has ended
 *   does not begin again.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isShort, shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { recoveryMs, type Service, serviceOf } from "../support/service.ts";

const given = process.env["MOORING_FROZEN_SECONDS"];
/** Longer than a message's lock and than the step of the timer that starts what was accepted. */
const frozenMs = Number(given ?? 6) * 1_000;
const messageLockSeconds = given === undefined ? 3 : 60;
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const rounds = given === undefined ? shareOf(10) : 1;
const losses = shareOf(30);
/** After which everything has ended. */
const patienceMs = 120_000;

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  // Slow enough for the freeze to hit steps.
  sandbox = await startSandbox({
    because: "it freezes and kills the service, and puts back an older store",
    latencyMs: 50,
    messageLockSeconds,
  });
  service = serviceOf(sandbox);
});
afterEach(() => sandbox.cloud.faults.clear());
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
      const each = isShort ? [0, 1] : [0, 1, 2, 3];
      const asked = each.map((n) => `asked-${round}-${n}`);
      const sent = each.map((n) => `sent-${round}-${n}`);
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
    const namespace = "stood-still";
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

let folder: string;

/** Stops the service, keeps its store as it is now, and starts it again. */
async function keepStore(): Promise<void> {
  await sandbox.killHost();
  await rm(folder, { recursive: true });
  await cp(sandbox.dataFolder, folder, { recursive: true });
  await sandbox.restartHost();
}

/** The power fails: the service goes on with the store that was kept. */
async function loseStore(): Promise<void> {
  await sandbox.killHost();
  await rm(sandbox.dataFolder, { recursive: true });
  await cp(folder, sandbox.dataFolder, { recursive: true });
  await sandbox.restartHost();
}

async function expectOnboarded(id: string, namespace: string, what: string): Promise<void> {
  const ended = await service.waitFor(id, recoveryMs);
  expect(ended.status, `${what}: ${JSON.stringify(ended.error)}`).toBe("Succeeded");
  const state = async () => (await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`)).body["state"];
  await expect.poll(state, { timeout: recoveryMs }).toBe("Onboarded");
  expect(await listFaults(sandbox.cloud, { namespace, mode: "workloadIdentity", databases }), what).toEqual([]);
}

// Core Tools keep the engine's store in a storage account.
describe.runIf(process.env["MOORING_TEST_HOST"] !== "func")("an engine whose store is older than the registry", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mooring-kept-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("finishes what it has never heard of", { timeout: 3 * recoveryMs }, async () => {
    await keepStore();
    const id = await service.onboard(requestFor("unknown"));
    await sleep(400);

    await loseStore();

    await expectOnboarded(id, "unknown", "from before the request");
  });

  it(`finishes an onboarding whose last turns are gone, ${losses} times (seed ${seed})`, {
    timeout: losses * 2 * recoveryMs,
  }, async () => {
    const dice = createDice(seed);
    for (let round = 0; round < losses; round += 1) {
      const namespace = `older-${round}`;
      const id = await service.onboard(requestFor(namespace));
      const [early, late] = [dice.roll(600), dice.roll(1_500)];
      await sleep(early);
      await keepStore();
      await sleep(late);

      await loseStore();

      await expectOnboarded(id, namespace, `kept after ${early} ms, lost ${late} ms later`);
      const { body } = await service.call("GET", `/api/audit?operation=${id}`);
      const entries = body["value"] as { kind: string; what: string; target: string; action: string }[];
      const written = entries.map(({ kind, what, target, action }) => `${kind} ${what} ${target} ${action}`);
      expect(new Set(written).size, written.join(", ")).toBe(written.length);
    }
    expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
  });

  it("does not bring back what has been offboarded since", { timeout: 4 * recoveryMs }, async () => {
    const id = await service.onboard(requestFor("gone"));
    await expect.poll(async () => (await service.operation(id)).phase, { interval: 10 }).toBe("provisioning");
    await keepStore();
    await service.waitFor(id, recoveryMs);
    const offboarding = await service.offboard(names.cluster, "gone");
    expect(await service.waitFor(offboarding, recoveryMs)).toMatchObject({ status: "Succeeded" });

    await loseStore();

    // Another operation ends, so the old one has had its turns as well.
    await expectOnboarded(await service.onboard(requestFor("after")), "after", "after the loss");
    await sleep(2_000);
    expect(await listRemains(sandbox.cloud, "gone", databases)).toEqual([]);
    expect((await service.operation(id)).status).toBe("Succeeded");
  });
});
