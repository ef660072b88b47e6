/**
 * Late landing × cancel × next operation: 10,000 seeded schedules (support/lateSchedules.ts), 300 of them in `npm test`.
 * `MOORING_FIRST_SEED=n MOORING_SEEDS=1` runs one alone.
 */

import { isShort, shareOf } from "test-support/proofs";
import { afterAll, expect, it } from "vitest";
import { createWorkers, range } from "./support/workers.ts";
import type { Report, Share } from "./support/worldWorker.ts";

const worker = new URL("./support/lateWorker.ts", import.meta.url);
const workers = createWorkers<Share, Report>(worker);
afterAll(() => workers.close());

const count = Number(process.env["MOORING_SEEDS"] ?? (isShort ? 75 : shareOf(10_000)));
/** A short run begins where each kind of end is often enough. */
const first = Number(process.env["MOORING_FIRST_SEED"] ?? (isShort ? 500 : 0));

it(`leaves nothing behind in ${count} schedules of late landings, cancels and next operations`, async () => {
  const reports = await Promise.all(
    range(0, workers.count).map((index) =>
      workers.work({ seeds: range(first + index, first + count, workers.count), stopAtFirst: false }, index),
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
