/**
 * Late landing × cancel × next operation: 3,000 seeded schedules (support/lateSchedules.ts), a tenth of them in `npm test`.
 * `MOORING_FIRST_SEED=n MOORING_SEEDS=1` runs one alone.
 */
import { expect, it } from "vitest";
import { shareOf } from "../support/proofs.ts";
import "../../src/orchestrations/changeNamespace.ts";
import { runSchedule } from "./support/lateSchedules.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(3_000));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

it(`leaves nothing behind in ${count} schedules of late landings, cancels and next operations`, async () => {
  const bad: string[] = [];
  const seen = new Map<string, number>();
  for (let seed = first; seed < first + count; seed += 1) {
    const result = await runSchedule(seed);
    if (result.problems.length > 0) bad.push(`seed ${seed}: ${result.problems.join("; ")}`);
    for (const each of result.seen) seen.set(each, (seen.get(each) ?? 0) + 1);
  }

  expect(bad).toEqual([]);
  if (count < 300) return;
  for (const what of [
    "onboard Succeeded",
    "onboard Canceled",
    "offboard Succeeded",
    "change Succeeded",
    "repair Succeeded",
  ]) {
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(count / 100);
  }
}, 14_400_000);

/** Seeds that failed once. */
const onceFailing: [seed: number, why: string][] = [
  [4643, "cancels that came faster than looks made the undos look without end"],
  [5128, "the same, with more undos"],
];

it.each(onceFailing)(
  "still handles schedule %i: %s",
  async (seed) => {
    expect((await runSchedule(seed)).problems).toEqual([]);
  },
  60_000,
);

it("finds undos that trust one look, within 300 schedules", async () => {
  let found = 0;
  for (let seed = 0; seed < 300 && found === 0; seed += 1) {
    found = (await runSchedule(seed, { looksFor: 0 })).problems.length;
  }

  expect(found).toBeGreaterThan(0);
}, 600_000);
