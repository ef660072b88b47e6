/**
 * Seeded worlds in which namespaces share an identity (support/sharedWorld.ts). `MOORING_SEEDS=1000` runs more of them, from
 * `MOORING_FIRST_SEED` on; a seed that fails is printed with everything that happened.
 */

import { shareOf } from "test-support/proofs";
import { afterAll, expect, it } from "vitest";
import { simulateShared } from "./support/sharedWorld.ts";
import { createWorkers, range } from "./support/workers.ts";
import type { Report, Share } from "./support/worldWorker.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(2_000));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

const script = new URL("./support/sharedWorker.ts", import.meta.url);
const workers = createWorkers<Share, Report>(script);
afterAll(() => workers.close());

async function tell(seed: number): Promise<string> {
  const trace: string[] = [];
  const verdict = await simulateShared(seed, { trace }).catch((error: unknown) => ({ problems: [String(error)] }));
  return `seed ${seed}:\n${trace.join("\n")}\n${verdict.problems.join("\n")}`;
}

it(`leaves no guest without what it has, and nothing behind, in ${count} worlds`, async () => {
  const reports = await Promise.all(
    range(0, workers.count).map((index) =>
      workers.work({ seeds: range(first + index, first + count, workers.count), stopAtFirst: false }, index),
    ),
  );

  const bad = reports.flatMap((report) => report.bad).toSorted((a, b) => a.seed - b.seed);
  expect(bad.length === 0 ? "" : `${bad.length} bad worlds\n${await tell(bad[0]?.seed ?? 0)}`).toBe("");
  const expectSeen = (what: string) => {
    const times = reports.reduce((sum, { seen }) => sum + (seen[what] ?? 0), 0);
    expect(times, what).toBeGreaterThan(0);
  };
  if (count < 200) return;
  for (const what of [
    "home onboard Succeeded",
    "home change Succeeded",
    "home change Failed SHARED_IDENTITY_IN_USE",
    "home offboard Failed SHARED_IDENTITY_IN_USE",
    "guest onboard Succeeded",
    "guest onboard Failed SHARED_IDENTITY_LACKS",
    "guest onboard Failed SHARED_IDENTITY_UNAVAILABLE",
    "guest change Succeeded",
    "guest repair Succeeded",
    "guest offboard Succeeded",
  ]) {
    expectSeen(what);
  }
  if (count < 400) return;
  for (const what of [
    "home migrate Succeeded",
    "guest migrate Succeeded",
    "guest change Failed SHARED_IDENTITY_UNAVAILABLE",
    ...["home", "guest", "own"].map((lost) => `lost ${lost}: Failed IDENTITY_UNRECORDED`),
  ]) {
    expectSeen(what);
  }
}, 1_200_000);
