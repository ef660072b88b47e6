/**
 * The embedded host beside Restate and openworkflow, in one run; see README.md beside this file.
 *
 *   node tools/run.mjs bench/engine/main.ts --runs 3
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Engine } from "./engines/engine.ts";
import { startMooring } from "./engines/mooring.ts";
import { startOpenworkflow } from "./engines/openworkflow.ts";
import { startRestate } from "./engines/restate.ts";
import { measureGrowth } from "./growth.ts";
import { alone, type Latencies, type Load, median, runMany, underLoad } from "./measure.ts";
import { installPeers } from "./peers.ts";
import { countSyncs, usageOf } from "./process.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    /** Where the peers are installed; `none` leaves them out. */
    peers: { type: "string", default: join(tmpdir(), "mooring-bench-peers") },
    /** Also measure how the costs of this host grow. */
    growth: { type: "boolean", default: true },
  },
  allowNegative: true,
});

interface Measured {
  readonly readyMs: number;
  readonly firstMs: number;
  readonly alone: Latencies;
  readonly alone50: Latencies;
  readonly first: Load;
  readonly later: Load;
  readonly peakMegabytes: number;
}

interface Syncs {
  readonly alone: number | undefined;
  readonly underLoad: number | undefined;
}

interface Contestant {
  readonly label: string;
  durability: string;
  readonly start: (folder: string) => Promise<Engine>;
  readonly runs: Measured[];
  syncs: Syncs;
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-engine-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withEngine<T>({ start }: Contestant, work: (engine: Engine, begun: number) => Promise<T>): Promise<T> {
  return await inFolder(async (folder) => {
    const begun = performance.now();
    const engine = await start(folder);
    try {
      return await work(engine, begun);
    } finally {
      await engine.close();
    }
  });
}

async function measure(engine: Engine, begun: number): Promise<Measured> {
  await engine.run(0);
  const firstMs = performance.now() - begun;
  // Measured cold, before the code has been compiled for it.
  const first = await underLoad(engine, 1_000);
  const { peakMegabytes } = await usageOf(engine.pids);
  const later = await underLoad(engine, 1_000);
  return {
    readyMs: engine.readyMs,
    firstMs,
    first,
    later,
    peakMegabytes,
    alone: await alone(engine, 100, 0),
    alone50: await alone(engine, 20, 50),
  };
}

/** In a separate run, because tracing slows a process down. */
async function measureSyncs(engine: Engine): Promise<Syncs> {
  await engine.run(0);
  const counted = async (count: number, atATime: number) => {
    const calls = await countSyncs(engine.pids, async () => void (await runMany(engine, { count, atATime })));
    return calls === undefined ? undefined : calls / count;
  };
  return { alone: await counted(20, 1), underLoad: await counted(500, 100) };
}

const unknown: Syncs = { alone: undefined, underLoad: undefined };
const contestants: Contestant[] = [{ label: "Mooring", durability: "", start: startMooring, runs: [], syncs: unknown }];
if (values.peers !== "none") {
  const { peers } = values;
  const versions = await installPeers(peers);
  const version = (name: string) => versions.get(name) ?? "?";
  contestants.push(
    {
      label: `Restate ${version("@restatedev/restate-server")}, SDK ${version("@restatedev/restate-sdk")}`,
      durability: "",
      start: (folder) => startRestate(peers, folder),
      runs: [],
      syncs: unknown,
    },
    {
      label: `openworkflow ${version("openworkflow")}`,
      durability: "",
      start: (folder) => startOpenworkflow(peers, folder),
      runs: [],
      syncs: unknown,
    },
  );
}

// In turns, so that the machine's load affects all alike. The first start of each fills caches.
for (let run = 0; run <= Number(values.runs); run += 1) {
  for (const contestant of contestants) {
    if (run === 0) {
      contestant.syncs = await withEngine(contestant, async (engine) => {
        contestant.durability = engine.durability;
        return await measureSyncs(engine);
      });
      continue;
    }
    contestant.runs.push(await withEngine(contestant, measure));
  }
}

const middle = ({ runs }: Contestant, of: (measured: Measured) => number) => median(runs.map(of));
const figures: readonly [string, (measured: Measured) => number, number][] = [
  ["start → ready, ms", (each) => each.readyMs, 0],
  ["start → first workflow done, ms", (each) => each.firstMs, 0],
  ["first thousand, 100 at a time: workflows/s", (each) => each.first.perSecond, 0],
  ["  p50, ms", (each) => each.first.p50, 1],
  ["  p95 ÷ p50", (each) => each.first.p95 / each.first.p50, 2],
  ["  processor time for each, ms", (each) => each.first.processorMsEach, 2],
  ["  peak memory, MB", (each) => each.peakMegabytes, 0],
  ["second thousand: workflows/s", (each) => each.later.perSecond, 0],
  ["  p50, ms", (each) => each.later.p50, 1],
  ["  p95 ÷ p50", (each) => each.later.p95 / each.later.p50, 2],
  ["  processor time for each, ms", (each) => each.later.processorMsEach, 2],
  ["alone, steps of 0 ms: p50, ms", (each) => each.alone.p50, 2],
  ["  p95, ms", (each) => each.alone.p95, 2],
  ["alone, steps of 50 ms: p50 ÷ 100 ms", (each) => each.alone50.p50 / 100, 3],
  ["  p95 ÷ 100 ms", (each) => each.alone50.p95 / 100, 3],
];

const row = (name: string, cells: readonly string[]) =>
  console.log(`${name.padEnd(46)}${cells.map((cell) => cell.padStart(36)).join("")}`);
row(
  "",
  contestants.map(({ label }) => label),
);
for (const [name, of, digits] of figures)
  row(
    name,
    contestants.map((each) => middle(each, of).toFixed(digits)),
  );
const show = (syncs: number | undefined) => syncs?.toFixed(2) ?? "no strace";
row(
  "syncs for each, alone",
  contestants.map(({ syncs }) => show(syncs.alone)),
);
row(
  "syncs for each, 100 at a time",
  contestants.map(({ syncs }) => show(syncs.underLoad)),
);
console.log();
for (const { label, durability } of contestants) console.log(`${label}: ${durability}.`);

if (values.growth) {
  console.log();
  for (const { name, value, goal } of await inFolder(measureGrowth)) {
    console.log(`${name.padEnd(70)}${value.padStart(12)}   ${goal}`);
  }
}
