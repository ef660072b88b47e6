/**
 * Late landing × cancel × next operation: 10,000 seeded schedules (support/lateSchedules.ts), 300 of them in `npm test`.
 * `MOORING_FIRST_SEED=n MOORING_SEEDS=1` runs one alone.
 */

import { isShort, shareOf, someOf } from "test-support/proofs";
import { afterAll, expect, it } from "vitest";
import "../../src/orchestrations/changeNamespace.ts";
import "../../src/orchestrations/migration.ts";
import { lateDefects } from "./support/lateDefects.ts";
import { runSchedule } from "./support/lateSchedules.ts";
import { createWorkers, range } from "./support/workers.ts";

interface Share {
  readonly seeds: readonly number[];
}

interface Report {
  readonly bad: readonly { seed: number; problems: readonly string[] }[];
  readonly seen: Readonly<Record<string, number>>;
}

const worker = new URL("./support/lateWorker.ts", import.meta.url);
const workers = createWorkers<Share, Report>(worker);
afterAll(() => workers.close());

const count = Number(process.env["MOORING_SEEDS"] ?? (isShort ? 75 : shareOf(10_000)));
/** A short run begins where each kind of end is often enough. */
const first = Number(process.env["MOORING_FIRST_SEED"] ?? (isShort ? 500 : 0));

it(`leaves nothing behind in ${count} schedules of late landings, cancels and next operations`, async () => {
  const reports = await Promise.all(
    range(0, workers.count).map((index) =>
      workers.work({ seeds: range(first + index, first + count, workers.count) }, index),
    ),
  );

  expect(reports.flatMap(({ bad }) => bad.map(({ seed, problems }) => `seed ${seed}: ${problems.join("; ")}`))).toEqual(
    [],
  );
  if (count < 300) return;
  for (const what of [
    "onboard Succeeded",
    "onboard Canceled",
    "offboard Succeeded",
    "change Succeeded",
    "repair Succeeded",
    "migrate Succeeded",
    "guest left a credential",
    "guest left a binding",
    "guest left a right",
  ]) {
    const times = reports.reduce((sum, { seen }) => sum + (seen[what] ?? 0), 0);
    expect(times, what).toBeGreaterThan(count / 100);
  }
}, 14_400_000);

it.each(someOf(Object.keys(lateDefects)))(
  "finds %s, within 100 schedules, which are fine without it",
  async (defect) => {
    const { finds = /$^/, from = 0 } = lateDefects[defect] ?? {};
    const spoiled = createWorkers<Share, Report>(worker, defect);
    try {
      let bad: Report["bad"] = [];
      for (let seed = from; seed < from + 100 && bad.length === 0; seed += 1)
        ({ bad } = await spoiled.work({ seeds: [seed] }));

      expect(bad[0]?.problems.join("\n")).toMatch(finds);
      expect((await runSchedule(bad[0]?.seed ?? 0)).problems).toEqual([]);
    } finally {
      spoiled.close();
    }
  },
  600_000,
);

it("finds undos that trust one look, within 300 schedules", async () => {
  let found = 0;
  for (let seed = 0; seed < 300 && found === 0; seed += 1) {
    found = (await runSchedule(seed, { looksFor: 0 })).problems.length;
  }

  expect(found).toBeGreaterThan(0);
}, 600_000);
