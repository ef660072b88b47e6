import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isSoak, shareOf } from "../../../../test/support/proofs.ts";
import { type CrashHost, entriesOf, onceEach, startCrashHost } from "./support/crashHost.ts";
import { createStoreFolder } from "./support/durableHost.ts";

/** Starts instances until the host is gone, and returns the numbers of those that were acknowledged. */
async function startUntilGone(host: CrashHost, first: number): Promise<number[]> {
  const acknowledged: number[] = [];
  for (let n = first; ; n++) {
    try {
      const response = await fetch(`${host.url}/orchestrators/everything/number-${n}`, {
        method: "POST",
        body: String(n),
      });
      if (response.status === 202) acknowledged.push(n);
    } catch {
      return acknowledged;
    }
  }
}

/** Each round has two kills: 100 kills in all, or a share of that. */
const rounds = isSoak ? 250 : shareOf(50);

interface Status {
  readonly runtimeStatus: string;
  readonly output: unknown;
}

async function statusOf(host: CrashHost, n: number): Promise<Status> {
  const response = await fetch(`${host.url}/instances/number-${n}`);
  if (response.status === 404) return { runtimeStatus: "lost", output: null };
  return (await response.json()) as Status;
}

test("finishes every acknowledged orchestration correctly, however often the host is killed", {
  timeout: isSoak ? 1_800_000 : 240_000,
}, async () => {
  const directory = await createStoreFolder();
  await writeFile(join(directory, "attempts.txt"), "");
  const acknowledged: number[] = [];

  // Kills at random moments: while instances start and run, and while the host still resumes what the last one left.
  // A host that is killed early, or that gets little CPU time, acknowledges few instances, so more rounds are needed.
  for (let round = 0; round < rounds || acknowledged.length <= 20; round++) {
    const host = await startCrashHost(directory);
    const starting = Promise.all([0, 1, 2, 3].map((lane) => startUntilGone(host, round * 40_000 + lane * 10_000)));
    await new Promise((wait) => setTimeout(wait, 20 + Math.random() * 250));
    await host.kill();
    acknowledged.push(...(await starting).flat());
    const interrupted = await startCrashHost(directory);
    await new Promise((wait) => setTimeout(wait, Math.random() * 60));
    await interrupted.kill();
  }
  const host = await startCrashHost(directory);
  const statuses = new Map<number, Status>();
  // Instances that were stored but whose 202 never arrived count too.
  const stored = async () =>
    (await allInstances(host))
      .filter(({ instanceId }) => instanceId.startsWith("number-"))
      .map(({ instanceId }) => Number(instanceId.slice("number-".length)));
  const unfinished = async () => {
    const all = new Set([...acknowledged, ...(await stored())]);
    for (const n of all) {
      if (statuses.get(n)?.runtimeStatus !== "Completed") statuses.set(n, await statusOf(host, n));
    }
    return [...all].filter((n) => statuses.get(n)?.runtimeStatus !== "Completed").slice(0, 5);
  };
  await expect.poll(unfinished, { timeout: 40_000, interval: 100 }).toEqual([]);

  expect(acknowledged.length).toBeGreaterThan(20);
  for (const n of acknowledged) {
    expect(statuses.get(n)?.output).toEqual({
      doubled: [2 * (n + 1), 2 * (n + 2), 2 * (n + 3)],
      retried: "at last",
      child: n / 2,
    });
  }
  for (const n of statuses.keys()) expect(await entriesOf(host, `number-${n}`), `number-${n}`).toMatchObject(onceEach);
  await host.kill();
  await rm(directory, { recursive: true });
});

test("resumes everything that was in flight when the host was killed", { timeout: 120_000 }, async () => {
  const directory = await createStoreFolder();
  const attempts = join(directory, "attempts.txt");
  await writeFile(attempts, "");
  const count = 1_000;
  const numbers = Array.from({ length: count }, (_, n) => n);
  const killed = await startCrashHost(directory);
  for (let from = 0; from < count; from += 50) {
    const begun = numbers.slice(from, from + 50).map(async (n) => {
      const url = `${killed.url}/orchestrators/inFlight/flight-${n}`;
      return (await fetch(url, { method: "POST", body: String(n) })).status;
    });
    expect(new Set(await Promise.all(begun))).toEqual(new Set([202]));
  }
  await killed.kill();
  await writeFile(attempts, "go\n");

  const host = await startCrashHost(directory);

  await expect
    .poll(async () => (await listInstances(host)).filter(({ runtimeStatus }) => runtimeStatus !== "Completed").length, {
      timeout: 60_000,
      interval: 100,
    })
    .toBe(0);
  const outputs = new Map((await listInstances(host)).map(({ instanceId, output }) => [instanceId, output]));
  expect(numbers.filter((n) => outputs.get(`flight-${n}`) !== n + 1)).toEqual([]);
  await host.kill();
  await rm(directory, { recursive: true });
});

interface Listed {
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly output: unknown;
}

async function listInstances(host: CrashHost): Promise<readonly Listed[]> {
  const response = await fetch(`${host.url}/instances?top=100000&showInput=false`);
  return (await response.json()) as Listed[];
}

async function allInstances(host: CrashHost): Promise<readonly Listed[]> {
  for (;;) {
    const all = await listInstances(host);
    if (all.every(({ runtimeStatus }) => runtimeStatus === "Completed")) return all;
    await new Promise((wait) => setTimeout(wait, 50));
  }
}
