/**
 * Seeded worlds, run from the first request until nothing is left, on the SDK's own replay engine. A seed that fails is printed
 * with everything that happened; add the defect to `oldDefects` with its fix. `MOORING_SEEDS=1000000` runs more of them, and
 * `MOORING_DEED` those in which one thing happens again and again (wish.ts).
 */

import { shareOf } from "test-support/proofs";
import { expect, it } from "vitest";
import { expectSeen, workThrough } from "./support/seeds.ts";
import { wish } from "./support/wish.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(20_000));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

const script = new URL("./support/sagaWorker.ts", import.meta.url);

it(`leaves nothing behind, touches nothing foreign and never gets stuck, in ${count} worlds`, async () => {
  const { seen, worlds } = await workThrough(script, { first, count }, async (seed, options) => {
    const { simulate } = await import("./support/simulate.ts");
    return await simulate(seed, { ...options, changes: wish });
  });
  if (wish.deed !== undefined) return;
  expect(worlds).toBe(count);
  // Worlds in which nothing or everything goes wrong prove nothing.
  if (count < 5_000) return;
  expectSeen(seen, count / 5, ["onboard Succeeded", "offboard Succeeded"]);
  const codes = ["ARM_FORBIDDEN", "SQL_FORBIDDEN", "KUBERNETES_CONFLICT", "IDENTITY_CONFLICT"];
  expectSeen(
    seen,
    count / 500,
    codes.map((code) => `onboard Failed ${code}`),
  );
  expectSeen(seen, count / 1_000, ["onboard Failed COMPENSATION_FAILED"]);
  expectSeen(seen, count / 500, [
    "repair Succeeded",
    "repair Canceled OPERATION_CANCELED",
    "migrate Succeeded",
    "look Succeeded",
  ]);
  expectSeen(seen, count / 1_000, [
    "batch Succeeded",
    "batch Failed BATCH_INCOMPLETE",
    "batch Canceled OPERATION_CANCELED",
    "batch broke off",
    "lane broke off",
    "item unchanged",
    "item of another Succeeded",
    "item Failed OPERATION_IN_PROGRESS",
    "item Failed NAMESPACE_TAKEN",
    "item Failed REJECTED",
    "item Failed NAMESPACE_CHANGED",
    "verify item Succeeded",
    "repair item Succeeded",
    "migrate item Succeeded",
    "migrate item unchanged",
    "offboard item Succeeded",
  ]);
  expectSeen(seen, count / 500, ["onboard taken up", "offboard taken up", "onboard Failed ORCHESTRATION_FAILED"]);
  const activities = [
    "preflight",
    "prepareNamespace",
    "grantDatabase",
    "verifyAndConclude",
    "recordOutcome",
    "removeIdentity",
    "revokeDatabase",
    "checkDependants",
    "beginBatch",
    "takeBatchItem",
    "concludeBatch",
  ];
  expectSeen(
    seen,
    count / 2_000,
    activities.map((activity) => `no worker for ${activity}`),
  );
  expectSeen(seen, count / 5_000, ["repair taken up", "migrate taken up", "compensate taken up"]);
  expectSeen(seen, count / 1_000, [
    "takeOver Succeeded",
    "compensate Succeeded",
    "compensate Failed COMPENSATION_FAILED",
    "expire Succeeded",
    "quota 1",
  ]);
  expectSeen(seen, count / 2_000, ["offboard Failed NAMESPACE_HELD"]);
  // There are a few of these in 20,000 worlds, and perhaps none in a part of that.
  if (count < 20_000) return;
  expectSeen(seen, count / 5_000, [
    "migrate Failed PODS_STILL_USE_POD_IDENTITY",
    "migrate Canceled OPERATION_CANCELED",
    "repair Failed NAMESPACE_RECREATED",
    "look without end",
    "wayBack Succeeded",
    "onboard again",
    "onboard refused MIGRATION_PENDING",
  ]);
}, 86_400_000);
