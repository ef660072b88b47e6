/**
 * Power fails for the whole machine, and the two stores come back from different moments: the engine's is older than the registry
 * and the cloud, as after a disk without its last writes, or a failover of a storage account. Every operation still ends as it did,
 * and one that has ended does not begin again.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { recoveryMs, type Service, serviceOf } from "../support/service.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const losses = shareOf(30);
const databases = ["messages", "orders"];

let sandbox: SuiteSandbox;
let service: Service;
let folder: string;

const requestFor = (namespace: string) => ({
  cluster: names.cluster,
  namespace,
  databases: databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
});

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
    sandbox = await startSandbox({
      because: "it puts back an older store",
      latencyMs: 30,
    });
    service = serviceOf(sandbox);
    folder = await mkdtemp(join(tmpdir(), "mooring-kept-"));
  });
  afterAll(async () => {
    await sandbox?.close();
    await rm(folder, { recursive: true, force: true });
  });

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
