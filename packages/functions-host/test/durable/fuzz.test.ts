/**
 * Runs random orchestrations (apps/fuzz) side by side: 100, with MOORING_PROOFS=broad and full 500. To rerun a failed one alone, set MOORING_FUZZ_SEED=<seed> for
 * this test; MOORING_FUZZ_PROGRAMS=<n> runs n seeds from there.
 */
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, expect, test } from "vitest";
import { isShort, isSoak } from "../../../../test/support/proofs.ts";
import type { FunctionApp } from "../../src/app.ts";
import { createClock } from "../../src/durable/clock.ts";
import { createEngine, type Engine } from "../../src/durable/engine.ts";
import { hiddenIdsFirst } from "../../src/durable/inbox.ts";
import { createManagement } from "../../src/durable/management.ts";
import { parseDurableSettings } from "../../src/durable/settings.ts";
import { createMemoryLog } from "../support/memoryLog.ts";
import type { World } from "./apps/fuzz/main.ts";
import { createStoreFolder, loadTestApp } from "./support/durableHost.ts";

const givenSeed = process.env["MOORING_FUZZ_SEED"];
// The same programs every time, unless MOORING_TEST_SEED changes.
const firstSeed = Number(givenSeed ?? Number(process.env["MOORING_TEST_SEED"] ?? 1) * 10_000);
const usual = isSoak ? 3_000 : isShort ? 100 : 500;
const programs = Number(process.env["MOORING_FUZZ_PROGRAMS"] ?? (givenSeed === undefined ? usual : 1));
const patienceMs = 80 * programs + 60_000;

interface Report {
  readonly seed: number;
  readonly status: string;
  readonly checked: number;
  readonly mistakes: readonly string[];
}

let app: FunctionApp;
let world: World;
const opened: { engine: Engine; directory: string }[] = [];

beforeAll(async () => {
  app = await loadTestApp("fuzz");
  ({ result: world } = (await app.invoke("lendWorld", { trigger: { string: "" }, inputs: {} })) as { result: World });
});

afterEach(async () => {
  for (const { engine, directory } of opened.splice(0)) {
    await engine.close(0);
    await rm(directory, { recursive: true });
  }
});

async function openEngine({ arrange = hiddenIdsFirst, mostInMemory = 2000, of = app } = {}): Promise<Engine> {
  const directory = await createStoreFolder();
  const settings = parseDurableSettings({ maxConcurrentActivityFunctions: 100 });
  const { log } = createMemoryLog();
  const engine = createEngine({
    app: of,
    directory,
    clientPayload: () => "",
    settings,
    clock: createClock(),
    log,
    arrange,
    mostInMemory,
  });
  opened.push({ engine, directory });
  const management = createManagement(engine);
  world.raise = async (id, event, data) => {
    const row = management.find(id);
    if (row) await management.raiseEvent(row, event, JSON.stringify(data));
  };
  world.left = async (id, customStatus) => {
    while (management.status(id)?.customStatus !== JSON.stringify(customStatus)) await sleep(2);
  };
  engine.start();
  return engine;
}

/** Calls back as each program ends. */
function runPrograms(
  engine: Engine,
  { first, count }: { first: number; count: number },
  onEnd: (report: Report) => void,
) {
  for (let seed = first; seed < first + count; seed++) {
    const { key } = engine.lifecycle.begin({
      id: `program-${seed}`,
      name: "program",
      version: null,
      input: JSON.stringify({ seed }),
      parent: null,
    });
    engine.lifecycle.whenFinished(key, () => {
      const { status = "gone", output = null } = engine.store.instanceByKey(key) ?? {};
      const result: unknown = JSON.parse(output ?? "null");
      const isReport = (value: unknown): value is Report => typeof value === "object" && value !== null;
      onEnd(
        status === "Completed" && isReport(result)
          ? { ...result, seed, status }
          : { seed, status, checked: 0, mistakes: [String(result)] },
      );
    });
  }
}

test.each([
  ["", { first: firstSeed, count: programs, mostInMemory: 2000 }],
  // With so few in memory, ledger and history are rebuilt from the store in mid-run, as after a crash. The seeds differ
  // because the app counts the attempts of each seed.
  [
    ", also when hardly any of them stays in memory",
    { first: firstSeed + programs, count: Math.min(programs, isShort ? 40 : 100), mostInMemory: 3 },
  ],
])(
  "gives every task of a random orchestration its own result%s",
  { timeout: patienceMs + 10_000 },
  async (_, { first, count, mostInMemory }) => {
    const engine = await openEngine({ mostInMemory });
    const missing = new Set(Array.from({ length: count }, (_, index) => first + index));
    const wrong: Report[] = [];
    let checked = 0;

    await new Promise<void>((ended) => {
      const patience = setTimeout(ended, patienceMs);
      runPrograms(engine, { first, count }, (report) => {
        missing.delete(report.seed);
        checked += report.checked;
        if (report.mistakes.length > 0) wrong.push(report);
        if (missing.size > 0) return;
        clearTimeout(patience);
        ended();
      });
    });

    const seeds = `seeds ${first} to ${first + count - 1}`;
    expect({ seeds, wrong, stuck: [...missing].slice(0, 10) }).toEqual({ seeds, wrong: [], stuck: [] });
    expect(checked).toBeGreaterThanOrEqual(count);
  },
);

test("detects tasks that get others' results when completions are delivered in order of arrival", async () => {
  const engine = await openEngine({ arrange: (_ledger, waiting) => waiting });

  const wrong = await new Promise<Report>((found, nothingFound) => {
    setTimeout(() => nothingFound(new Error("every program came out right")), 20_000).unref();
    runPrograms(engine, { first: 1, count: 500 }, (report) => {
      if (report.mistakes.length > 0) found(report);
    });
  });

  expect(wrong.mistakes.length).toBeGreaterThan(0);
});

/** A value as a host gets it, through JSON: an object that is referenced twice becomes two copies. */
function copy(value: unknown): unknown {
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copy(inner)]));
}

test("detects tasks that are started again when repeated calls look like new ones", async () => {
  const copying: FunctionApp = {
    ...app,
    invoke: async (name, input) => {
      const answer = await app.invoke(name, input);
      return name === "program" ? { ...answer, result: copy(answer.result) } : answer;
    },
  };
  const engine = await openEngine({ of: copying });

  const wrong = await new Promise<Report>((found, nothingFound) => {
    setTimeout(() => nothingFound(new Error("every program came out right")), 20_000).unref();
    runPrograms(engine, { first: 1, count: 100 }, (report) => {
      if (report.mistakes.length > 0) found(report);
    });
  });

  expect(wrong.mistakes.length).toBeGreaterThan(0);
});
