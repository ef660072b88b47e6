/**
 * What can be opened, and until when, in seeded worlds. Access ends at the moment at which somebody renews it, changes or offboards the namespace, or repairs it: one of the two at a time, what
 * was renewed stays, and what has ended goes. And what documents say of access is compared, at random moments of operations that wait, fail,
 * are canceled and undone, with what the identity can open. `MOORING_SEEDS=10000` runs more of them, `MOORING_FIRST_SEED=n` others.
 */

import { shareOf } from "test-support/proofs";
import { expect, it } from "vitest";
import { endBesideTrouble } from "./support/endBesideTrouble.ts";
import { raceAtEnd } from "./support/expiryRace.ts";
import { expectSeen, playSeeds } from "./support/seeds.ts";
import { compare } from "./support/standingWorld.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(600));
const moments = Number(process.env["MOORING_SEEDS"] ?? shareOf(1_600));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

it(`takes away what has ended, and nothing that was renewed, in ${count} races`, async () => {
  const seen = await playSeeds({ first, count }, raceAtEnd);
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
  const seen = await playSeeds({ first, count }, endBesideTrouble);
  if (count < 500) return;
  const troubles = ["gone", "unreachable", "locked", "everything: unreachable", "everything: locked"];
  expectSeen(seen, count / 100, troubles);
}, 3_600_000);

it(`says what can be opened, and no more, in ${moments} worlds`, async () => {
  const seen = await playSeeds({ first, count: moments }, compare);

  if (moments < 50) return;
  expectSeen(seen, moments / 10, ["inForce", "beingRemoved", "requested", "awaitingApproval", "unknown"]);
}, 3_600_000);
