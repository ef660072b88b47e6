/**
 * Access ends at the moment at which somebody renews it, changes or offboards the namespace, or repairs it: one of the two at a time, what
 * was renewed stays, and what has ended goes. `MOORING_SEEDS=10000` runs more of them, `MOORING_FIRST_SEED=n` others.
 */

import { shareOf } from "test-support/proofs";
import { expect, it } from "vitest";
import { endBesideTrouble } from "./support/endBesideTrouble.ts";
import { raceAtEnd, type Verdict } from "./support/expiryRace.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(600));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

async function tell(seed: number, play: typeof raceAtEnd): Promise<string> {
  const trace: string[] = [];
  const verdict = await play(seed, { trace }).catch((error: unknown) => ({ problems: [String(error)] }));
  return `seed ${seed}:\n${trace.join("\n")}\n${verdict.problems.join("\n")}`;
}

/** How often each thing was seen. */
async function playAll(play: typeof raceAtEnd): Promise<Readonly<Record<string, number>>> {
  const seen: Record<string, number> = {};
  const bad: number[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const verdict: Verdict = await play(seed).catch((error: unknown) => ({ problems: [String(error)], seen: [] }));
    if (verdict.problems.length > 0) bad.push(seed);
    for (const each of verdict.seen) seen[each] = (seen[each] ?? 0) + 1;
  }
  if (process.env["MOORING_TELL"]) console.log(seen, bad);
  expect(bad.length === 0 ? "" : `${bad.length} bad races\n${await tell(bad[0] ?? 0, play)}`).toBe("");
  return seen;
}

it(`takes away what has ended, and nothing that was renewed, in ${count} races`, async () => {
  const seen = await playAll(raceAtEnd);
  if (count < 500) return;
  for (const rival of ["renewal", "change", "offboarding", "repair", "timer"]) {
    for (const part of ["everything", "a part"]) {
      const times = Object.entries(seen).filter(([each]) => each.startsWith(`${rival} of ${part}`));
      expect(
        times.reduce((sum, [, each]) => sum + each, 0),
        `${rival} of ${part}`,
      ).toBeGreaterThan(count / 100);
    }
  }
}, 3_600_000);

it(`takes away what has ended while a target is in trouble, in ${count} worlds`, async () => {
  const seen = await playAll(endBesideTrouble);
  if (count < 500) return;
  for (const trouble of ["gone", "unreachable", "locked", "everything: unreachable", "everything: locked"])
    expect(seen[trouble], trouble).toBeGreaterThan(count / 100);
}, 3_600_000);
