/**
 * The host is killed at a write to its durable store, at the entry of the system call, so that all earlier writes are there and
 * this one is not. Every run samples the writes; MOORING_PROOFS=full covers every write.
 */
import { readFile } from "node:fs/promises";
import { mayAttachStrace } from "test-support/programs";
import { isShort, shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { listFaults } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { traceStore } from "../support/storeTrace.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const databases = ["messages", "orders"];
const calls = "pwrite64,fdatasync,ftruncate";

/** After a kill before the answer, the next request waits ten seconds for whoever may still start the operation; others go on. */
const laneCount = isShort ? 2 : 3;

interface Lane {
  readonly sandbox: SuiteSandbox;
  readonly service: Service;
}

let lanes: readonly Lane[] = [];

async function startLane(): Promise<Lane> {
  const sandbox = await startSandbox({
    because: "it kills the service",
    logLevel: "warning",
  });
  return { sandbox, service: serviceOf(sandbox) };
}

function requestFor(namespace: string) {
  const wanted = databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] }));
  return { cluster: names.cluster, namespace, databases: wanted };
}

/** Returns undefined when the host died before it answered. */
async function onboard({ service }: Lane, namespace: string): Promise<string | undefined> {
  try {
    return await service.onboard(requestFor(namespace));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

async function answers({ service }: Lane): Promise<boolean> {
  try {
    await service.call("GET", "/api/operations");
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** Onboards a namespace without a kill. */
async function countWrites(lane: Lane): Promise<number> {
  const { service } = lane;
  const traced = await traceStore(lane.sandbox, calls);
  const ended = await service.waitFor(await service.onboard(requestFor("write-count")));
  expect(ended.status).toBe("Succeeded");
  await traced.close();
  const lines = (await readFile(traced.file, "utf8")).split("\n");
  return lines.filter((line) => /\b(pwrite64|fdatasync|ftruncate)\(/.test(line)).length;
}

/** Kills the host at that write of an onboarding, which another host then ends. False if it ended without reaching the write. */
async function killAt(lane: Lane, nth: number): Promise<boolean> {
  const { sandbox, service } = lane;
  const namespace = `write-${nth}`;
  const traced = await traceStore(sandbox, calls, `signal=KILL:when=${nth}`);
  const accepted = await onboard(lane, namespace);
  const done = accepted === undefined ? undefined : await Promise.race([service.waitFor(accepted), sandbox.hostEnded]);
  // To interrupt strace while its process dies can make it wait forever.
  await (done === undefined ? traced.ended : traced.close());

  // The host goes on writing after the operation's end, so that it may be killed when the end was already seen.
  const killed = done === undefined || !(await answers(lane));
  if (killed) await sandbox.hostEnded.then(() => sandbox.restartHost());
  const id = accepted ?? (await service.onboard(requestFor(namespace)));
  const ended = await service.waitFor(id, 60_000);
  expect(ended.status, `write ${nth}: ${JSON.stringify(ended.error)}`).toBe("Succeeded");
  expect(await listFaults(sandbox.cloud, { namespace, mode: "workloadIdentity", databases }), `write ${nth}`).toEqual(
    [],
  );
  return killed;
}

describe.runIf(mayAttachStrace("no host was killed at a write"))("a kill at a write", () => {
  beforeAll(async () => {
    lanes = await Promise.all(Array.from({ length: laneCount }, startLane));
  });
  afterAll(() => Promise.all(lanes.map(({ sandbox }) => sandbox.close())));

  it(`loses nothing of an onboarding, whichever write the host is killed at (seed ${seed})`, async () => {
    const [first] = lanes;
    const writes = first ? await countWrites(first) : 0;
    expect(writes).toBeGreaterThan(20);

    const all = Array.from({ length: writes }, (_, index) => index + 1);
    const chosen = createDice(seed).shuffle(all).slice(0, shareOf(writes));
    const left = [...chosen];
    let killed = 0;
    const killInTurn = async (lane: Lane) => {
      for (let nth = left.pop(); nth !== undefined; nth = left.pop()) if (await killAt(lane, nth)) killed += 1;
    };
    await Promise.all(lanes.map(killInTurn));
    // A host that starts on an older store may write less.
    expect(killed).toBeGreaterThan(chosen.length / 2);
    for (const { service } of lanes) {
      expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
    }
  }, 1_800_000);
});
