/**
 * Seeded worlds, run from the first request until nothing is left, on the SDK's own replay engine. A seed that fails is printed
 * with everything that happened; add the defect to `oldDefects` with its fix. `MOORING_SEEDS=1000000` runs more of them, and
 * `MOORING_DEED` those in which one thing happens again and again (wish.ts).
 */

import { shareOf } from "test-support/proofs";
import { afterAll, expect, it } from "vitest";
import { simulate } from "./support/simulate.ts";
import { wish } from "./support/wish.ts";
import { createWorkers, range } from "./support/workers.ts";
import type { Report, Share } from "./support/worldWorker.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(20_000));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

const script = new URL("./support/sagaWorker.ts", import.meta.url);
const workers = createWorkers<Share, Report>(script);
const { work } = workers;
afterAll(() => workers.close());

async function tell(seed: number): Promise<string> {
  const trace: string[] = [];
  const verdict = await simulate(seed, { trace, changes: wish }).catch((error: unknown) => ({
    problems: [String(error)],
  }));
  return `seed ${seed}:\n${trace.join("\n")}\n${verdict.problems.join("\n")}`;
}

it(`leaves nothing behind, touches nothing foreign and never gets stuck, in ${count} worlds`, async () => {
  const reports = await Promise.all(
    range(0, workers.count).map((index) =>
      work({ seeds: range(first + index, first + count, workers.count), stopAtFirst: false }, index),
    ),
  );

  const bad = reports.flatMap((report) => report.bad).toSorted((a, b) => a.seed - b.seed);
  const all = bad.map(({ seed, problems }) => `seed ${seed}: ${problems.join("; ")}`).join("\n");
  expect(bad.length === 0 ? "" : `${all}\n${await tell(bad[0]?.seed ?? 0)}`).toBe("");
  if (wish.deed !== undefined) return;
  expect(reports.reduce((sum, report) => sum + report.count, 0)).toBe(count);
  // Worlds in which nothing or everything goes wrong prove nothing.
  const seen = (what: string) => reports.reduce((sum, report) => sum + (report.seen[what] ?? 0), 0);
  if (count < 5_000) return;
  expect(seen("onboard Succeeded")).toBeGreaterThan(count / 5);
  expect(seen("offboard Succeeded")).toBeGreaterThan(count / 5);
  for (const code of ["ARM_FORBIDDEN", "SQL_FORBIDDEN", "KUBERNETES_CONFLICT", "IDENTITY_CONFLICT"]) {
    expect(seen(`onboard Failed ${code}`), code).toBeGreaterThan(count / 500);
  }
  expect(seen("onboard Failed COMPENSATION_FAILED")).toBeGreaterThan(count / 1_000);
  for (const what of [
    "repair Succeeded",
    "repair Canceled OPERATION_CANCELED",
    "migrate Succeeded",
    "look Succeeded",
  ]) {
    expect(seen(what), what).toBeGreaterThan(count / 500);
  }
  for (const what of [
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
  ]) {
    expect(seen(what), what).toBeGreaterThan(count / 1_000);
  }
  for (const what of ["onboard taken up", "offboard taken up", "onboard Failed ORCHESTRATION_FAILED"]) {
    expect(seen(what), what).toBeGreaterThan(count / 500);
  }
  for (const activity of [
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
  ]) {
    expect(seen(`no worker for ${activity}`), activity).toBeGreaterThan(count / 2_000);
  }
  for (const what of ["repair taken up", "migrate taken up", "compensate taken up"]) {
    expect(seen(what), what).toBeGreaterThan(count / 5_000);
  }
  for (const what of [
    "takeOver Succeeded",
    "compensate Succeeded",
    "compensate Failed COMPENSATION_FAILED",
    "expire Succeeded",
    "quota 1",
  ]) {
    expect(seen(what), what).toBeGreaterThan(count / 1_000);
  }
  expect(seen("offboard Failed NAMESPACE_HELD")).toBeGreaterThan(count / 2_000);
  // There are a few of these in 20,000 worlds, and perhaps none in a part of that.
  if (count < 20_000) return;
  for (const what of [
    "migrate Failed PODS_STILL_USE_POD_IDENTITY",
    "migrate Canceled OPERATION_CANCELED",
    "repair Failed NAMESPACE_RECREATED",
    "look without end",
    "wayBack Succeeded",
    "onboard again",
    "onboard refused MIGRATION_PENDING",
  ]) {
    expect(seen(what), what).toBeGreaterThan(count / 5_000);
  }
}, 86_400_000);
