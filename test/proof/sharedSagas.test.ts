/**
 * Seeded worlds in which namespaces share an identity (support/sharedWorld.ts). `MOORING_SEEDS=1000` runs more of them, from
 * `MOORING_FIRST_SEED` on; a seed that fails is printed with everything that happened.
 */

import { shareOf } from "test-support/proofs";
import { it } from "vitest";
import { expectSeen, workThrough } from "./support/seeds.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(2_000));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

const script = new URL("./support/sharedWorker.ts", import.meta.url);

it(`leaves no guest without what it has, and nothing behind, in ${count} worlds`, async () => {
  const { seen } = await workThrough(script, { first, count }, async (seed, options) => {
    const { simulateShared } = await import("./support/sharedWorld.ts");
    return await simulateShared(seed, options);
  });
  if (count < 200) return;
  expectSeen(seen, 0, [
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
  ]);
  if (count < 400) return;
  expectSeen(seen, 0, [
    "home migrate Succeeded",
    "guest migrate Succeeded",
    "guest change Failed SHARED_IDENTITY_UNAVAILABLE",
    ...["home", "guest", "own"].map((lost) => `lost ${lost}: Failed IDENTITY_UNRECORDED`),
  ]);
}, 1_200_000);
