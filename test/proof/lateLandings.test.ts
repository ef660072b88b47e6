/**
 * Late landing × cancel × next operation: 10,000 seeded schedules (support/lateSchedules.ts), 300 of them in `npm test`.
 * `MOORING_FIRST_SEED=n MOORING_SEEDS=1` runs one alone.
 */

import { isShort, shareOf } from "test-support/proofs";
import { it } from "vitest";
import { expectSeen, workThrough } from "./support/seeds.ts";

const script = new URL("./support/lateWorker.ts", import.meta.url);

const count = Number(process.env["MOORING_SEEDS"] ?? (isShort ? 75 : shareOf(10_000)));
/** A short run begins where each kind of end is often enough. */
const first = Number(process.env["MOORING_FIRST_SEED"] ?? (isShort ? 500 : 0));

it(`leaves nothing behind in ${count} schedules of late landings, cancels and next operations`, async () => {
  const { seen } = await workThrough(script, { first, count });

  if (count < 300) return;
  expectSeen(seen, count / 100, [
    "onboard Succeeded",
    "onboard Canceled",
    "offboard Succeeded",
    "change Succeeded",
    "repair Succeeded",
    "migrate Succeeded",
    "guest left a credential",
    "guest left a binding",
    "guest left a right",
  ]);
}, 14_400_000);
