/** Instances of the service that share a pace through one row, each with its own pacer; the test controls all clocks. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createPacer, type Pacer } from "../../../src/adapters/arm/pacer.ts";
import { createTurnsOn, type Pace } from "../../../src/adapters/registry/turns.ts";

const intervalMs = 500;
const sleep = (ms: number) => new Promise((over) => setTimeout(over, ms));
const key = "subscription/write";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** One row with an ETag; each call takes some milliseconds. */
function createRow(first?: Pace) {
  let row = first && { ...first, etag: "0" };
  let writes = 0;
  const write = async (pace: Pace, isExpected: () => boolean) => {
    await sleep(4);
    if (!isExpected()) return false;
    writes += 1;
    row = { freeTime: pace.freeTime, etag: String(writes) };
    await sleep(4);
    return true;
  };
  return {
    get: async () => {
      await sleep(8);
      return row;
    },
    insert: (_: string, __: string, pace: Pace) => write(pace, () => row === undefined),
    replace: (_: string, __: string, pace: Pace & { etag: string }) => write(pace, () => row?.etag === pace.etag),
    writes: () => writes,
  };
}

interface Turn {
  readonly by: number;
  readonly at: number;
}

/** Runs all pacers at the same time, each for as many turns as given; returns the turns in order. */
async function race(pacers: readonly Pacer[], counts: readonly number[]): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  const begun = performance.now();
  const all = pacers.flatMap((pacer, by) =>
    Array.from({ length: counts[by] ?? 0 }, async () => {
      await pacer.slot(key);
      turns.push({ by, at: performance.now() - begun });
    }),
  );
  await vi.runAllTimersAsync();
  await Promise.all(all);
  return turns;
}

function distances(turns: readonly Turn[]): readonly number[] {
  return turns.slice(1).map(({ at }, index) => at - (turns[index]?.at ?? 0));
}

test("two instances together keep the pace of one, lose no time, and each gets its share", async () => {
  const row = createRow();
  const pacers = [0, 1].map(() => createPacer({ intervalMs, turns: createTurnsOn(row) }));

  const turns = await race(pacers, [100, 100]);

  expect(Math.min(...distances(turns))).toBeGreaterThan(intervalMs - 20);
  const floor = 199 * intervalMs;
  expect(turns.at(-1)?.at).toBeLessThan(1.02 * floor);
  const halfWay = turns.slice(0, 100).filter(({ by }) => by === 0).length;
  expect(halfWay).toBeGreaterThan(40);
  expect(halfWay).toBeLessThan(60);
  // Pacers take several turns per write.
  expect(row.writes()).toBeLessThan(40);
});

test("two instances that do not share would write at twice the pace", async () => {
  const pacers = [0, 1].map(() => createPacer({ intervalMs }));

  const turns = await race(pacers, [20, 20]);

  expect(turns.at(-1)?.at).toBeLessThan(0.6 * 39 * intervalMs);
});

test("an instance with little to write does not slow another down", async () => {
  const row = createRow();
  const pacers = [0, 1].map(() => createPacer({ intervalMs, turns: createTurnsOn(row) }));

  const turns = await race(pacers, [60, 2]);

  expect(turns.at(-1)?.at).toBeLessThan(1.05 * 61 * intervalMs);
  // It asks twice, and each time waits for the turns that the other has begun.
  expect(turns.findLastIndex(({ by }) => by === 1)).toBeLessThan(20);
});

test("keeps its own pace when the registry does not answer", async () => {
  const turns = { reserve: () => Promise.reject(new Error("the tables are away")) };

  const begun = await race([createPacer({ intervalMs, turns })], [10]);

  expect(Math.min(...distances(begun))).toBeGreaterThanOrEqual(intervalMs - 1);
});

test("does not wait for a turn that only a wrong clock can have taken", async () => {
  const nextYear = new Date(Date.now() + 365 * 86_400_000).toISOString();

  const [first] = await race(
    [createPacer({ intervalMs, turns: createTurnsOn(createRow({ freeTime: nextYear })) })],
    [1],
  );

  expect(first?.at).toBeLessThan(100);
});

test("does not ask for turns when the pause is shorter than the registry's answer takes", async () => {
  const row = createRow();

  await race([createPacer({ intervalMs: 1, turns: createTurnsOn(row) })], [10]);

  expect(row.writes()).toBe(0);
});

test("says how long the next caller would wait", async () => {
  const pacer = createPacer({ intervalMs, turns: createTurnsOn(createRow()) });
  expect(pacer.waitMs(key)).toBe(0);

  const waiting = Array.from({ length: 20 }, () => pacer.slot(key));
  await vi.advanceTimersByTimeAsync(100);

  expect(pacer.waitMs(key)).toBeGreaterThan(19 * intervalMs);
  expect(pacer.waitMs(key)).toBeLessThanOrEqual(20 * intervalMs);
  await vi.runAllTimersAsync();
  await Promise.all(waiting);
});

test("allows a full burst after a pause, then one at a time", async () => {
  const pacer = createPacer({ intervalMs, burst: 10 });

  const turns = await race([pacer], [30]);

  expect(turns[9]?.at).toBeLessThan(1);
  expect(turns[10]?.at).toBeGreaterThanOrEqual(intervalMs - 1);
  expect(turns[29]?.at).toBeGreaterThanOrEqual(20 * intervalMs - 1);
  expect(turns[29]?.at).toBeLessThan(20 * intervalMs + 50);
});

test("counts what was used without waiting", async () => {
  const pacer = createPacer({ intervalMs });
  pacer.spent(key);

  const [first] = await race([pacer], [1]);

  expect(first?.at).toBeGreaterThanOrEqual(intervalMs - 1);
});
