/**
 * Seeded worlds in which what documents say of access is compared, at random moments of operations that wait, fail, are canceled and
 * undone, with what the identity can open. `MOORING_FIRST_SEED=n MOORING_SEEDS=1` runs one.
 */

import { shareOf } from "test-support/proofs";
import { expect, it } from "vitest";
import { compare } from "./support/standingWorld.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(1_600));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);
const seeds = Array.from({ length: count }, (_, index) => first + index);

it(
  `says what can be opened, and no more, in ${count} worlds`,
  async () => {
    const seen = new Map<string, number>();
    const bad: string[] = [];
    for (const seed of seeds) {
      const found = await compare(seed);
      for (const [state, times] of found.seen) seen.set(state, (seen.get(state) ?? 0) + times);
      if (found.problems.length > 0) bad.push(`seed ${seed}: ${found.problems[0]}`);
    }

    expect(bad.join("\n")).toBe("");
    if (count >= 50)
      for (const state of ["inForce", "beingRemoved", "requested", "awaitingApproval", "unknown"])
        expect(seen.get(state) ?? 0, state).toBeGreaterThan(count / 10);
  },
  30_000 + count * 2_000,
);
