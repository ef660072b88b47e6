/**
 * A cancel undoes exactly what its plan said: seeded operations stop at a random point, where a cancel is planned and then
 * made. `MOORING_SEEDS=100000` runs more of them, `MOORING_TEST_SEED=n` others.
 */

import { shareOf } from "test-support/proofs";
import { expect, it } from "vitest";
import { planAndCancel } from "./support/canceled.ts";

const count = Math.min(Number(process.env["MOORING_SEEDS"] ?? shareOf(1_000)), 50_000);
const first = Number(process.env["MOORING_FIRST_SEED"] ?? Number(process.env["MOORING_TEST_SEED"] ?? 1) * 1_000_000);

async function tell(seed: number): Promise<string> {
  const trace: string[] = [];
  const verdict = await planAndCancel(seed, { trace }).catch((error: unknown) => ({ problems: [String(error)] }));
  return `seed ${seed}:\n${trace.join("\n")}\n${verdict.problems.join("\n")}`;
}

it(`undoes what the cancel's plan said, in ${count} worlds`, async () => {
  const seen: Record<string, number> = {};
  const bad: number[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const verdict = await planAndCancel(seed).catch((error: unknown) => ({ problems: [String(error)], seen: [] }));
    if (verdict.problems.length > 0) bad.push(seed);
    for (const each of verdict.seen) seen[each] = (seen[each] ?? 0) + 1;
  }

  if (process.env["MOORING_TELL"]) console.log(seen, bad);
  expect(bad.length === 0 ? "" : `${bad.length} bad worlds\n${await tell(bad[0] ?? 0)}`).toBe("");
  if (count < 250) return;
  for (const kind of ["onboard", "change", "migrate"]) {
    for (const rest of ["before", "on", "lost", "refused"]) {
      expect(seen[`${kind} ${rest} something`] ?? 0, `${kind} ${rest}`).toBeGreaterThan(count / 500);
    }
  }
  for (const what of ["onboard before nothing", "offboard before nothing", "repair before nothing"]) {
    expect(seen[what] ?? 0, what).toBeGreaterThan(count / 500);
  }
}, 3_600_000);

/** Seeds that failed once; valid for today's worlds. */
const onceFailing: [seed: number, why: string][] = [
  [1_000_162, "an undo that looked again forgot what it had put back"],
  [1_000_200, "the same, after a lost answer"],
  [1_000_035, "a removal that looked again forgot what it had removed before"],
];

it.each(onceFailing)("still handles world %i: %s", async (seed) => {
  const { problems } = await planAndCancel(seed);

  expect(problems.length === 0 ? "" : await tell(seed)).toBe("");
});
