/**
 * Power fails while the host works. The host's system calls are recorded once. From them, the test reconstructs what the disk
 * may hold after a loss at a random moment and starts a host on it, which must finish everything acknowledged by then.
 */
import { createReadStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createDice } from "../../../../test/proof/support/random.ts";
import { hasStrace } from "../../../../test/support/programs.ts";
import { shareOf } from "../../../../test/support/proofs.ts";
import { type CrashHost, entriesOf, onceEach, startCrashHost } from "./support/crashHost.ts";
import { createDisk } from "./support/disk.ts";
import { createStoreFolder } from "./support/durableHost.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
/** Fewer might all come before the first answer. */
const losses = Math.max(2, shareOf(40));
const instances = 24;
const calls = "pwrite64,pwritev,write,writev,fsync,fdatasync,ftruncate,unlink";

/** Records, in order, everything that the host does to its store and everything that it answers. */
async function record(directory: string): Promise<readonly string[]> {
  const trace = join(directory, "trace");
  const host = await startCrashHost(directory, [
    "strace",
    "-qq",
    "-y",
    "-xx",
    "-s",
    "1000000",
    "-e",
    calls,
    "-o",
    trace,
  ]);
  for (let n = 0; n < instances; n += 4) {
    await Promise.all([n, n + 1, n + 2, n + 3].map((each) => begin(host, each)));
    await sleep(20);
  }
  await expect.poll(async () => (await list(host)).length, { timeout: 30_000 }).toBeGreaterThan(instances / 2);
  await host.kill();
  const lines: string[] = [];
  for await (const line of createInterface(createReadStream(trace))) lines.push(line);
  return lines;
}

async function begin(host: CrashHost, n: number): Promise<void> {
  const url = `${host.url}/orchestrators/everything/number-${n}`;
  const { status } = await fetch(url, { method: "POST", body: String(n) });
  expect(status).toBe(202);
}

interface Instance {
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly output: unknown;
}

async function list(host: CrashHost): Promise<readonly Instance[]> {
  return (await (await fetch(`${host.url}/instances?top=10000`)).json()) as Instance[];
}

interface Loss {
  readonly image: ReadonlyMap<string, Buffer>;
  /** Numbers of the instances whose 202 had been sent. */
  readonly acknowledged: readonly number[];
}

function findLosses(lines: readonly string[], folder: string): readonly Loss[] {
  const dice = createDice(seed);
  const moments = new Set(Array.from({ length: losses }, () => dice.roll(lines.length)));
  const disk = createDisk((path) => path.startsWith(folder) && basename(path).includes(".sqlite"));
  const acknowledged: number[] = [];
  return lines.flatMap((line, index) => {
    const answer = /\{"id":"number-(\d+)"/.exec(disk.take(line) ?? "");
    if (answer) acknowledged.push(Number(answer[1]));
    return moments.has(index) ? [{ image: disk.lose(dice), acknowledged: [...acknowledged] }] : [];
  });
}

async function expectAllThere({ image, acknowledged }: Loss): Promise<void> {
  const directory = await createStoreFolder();
  await writeFile(join(directory, "attempts.txt"), "");
  for (const [path, data] of image) await writeFile(join(directory, basename(path)), data);
  const host = await startCrashHost(directory);
  try {
    const unfinished = async () =>
      (await list(host))
        .filter(({ runtimeStatus }) => runtimeStatus !== "Completed")
        .map(({ instanceId }) => instanceId);
    await expect.poll(unfinished, { timeout: 30_000, interval: 50 }).toEqual([]);
    const all = await list(host);
    for (const n of acknowledged) {
      expect(all.find(({ instanceId }) => instanceId === `number-${n}`)?.output, `number-${n}`).toMatchObject({
        doubled: [2 * (n + 1), 2 * (n + 2), 2 * (n + 3)],
        child: n / 2,
      });
    }
    for (const { instanceId } of all.filter(({ instanceId }) => instanceId.startsWith("number-"))) {
      expect(await entriesOf(host, instanceId), instanceId).toMatchObject(onceEach);
    }
  } finally {
    await host.kill();
    await rm(directory, { recursive: true });
  }
}

describe.runIf(hasStrace("no power loss was tried"))("a power loss", () => {
  test(`loses nothing that was acknowledged, at ${losses} moments (seed ${seed})`, { timeout: 600_000 }, async () => {
    const directory = await createStoreFolder();
    await writeFile(join(directory, "attempts.txt"), "");
    const found = findLosses(await record(directory), directory);

    for (const loss of found) await expectAllThere(loss);

    // Losses before the first answer, or after the last, prove little.
    expect(found.some(({ acknowledged }) => acknowledged.length > 0 && acknowledged.length < instances)).toBe(true);
    await rm(directory, { recursive: true });
  });

  test("loses what was acknowledged when commits are not synced", { timeout: 120_000 }, async () => {
    const directory = await createStoreFolder();
    await writeFile(join(directory, "attempts.txt"), "");
    const lines = await record(directory);
    const unsynced = lines.filter((line) => !/^f(data)?sync\(/.test(line));
    const found = findLosses(unsynced, directory).filter(({ acknowledged }) => acknowledged.length > 0);

    // The host finds no store, or one that lacks acknowledged instances, or it cannot even start on what is left.
    const [last] = found.toReversed();
    await expect(last && expectAllThere(last)).rejects.toThrow(/^number-|^the host ended/);
    await rm(directory, { recursive: true });
  });
});
