/**
 * Seeded worlds, run from the first request until nothing is left, on the SDK's own replay engine. A seed that fails is printed
 * with everything that happened; add it to `onceFailing` with the fix. `MOORING_SEEDS=1000000` runs more of them.
 */
import { afterAll, describe, expect, it } from "vitest";
import { isShort, shareOf } from "../support/proofs.ts";
import { defects } from "./support/defects.ts";
import { hasBatches, simulate } from "./support/simulate.ts";
import { createWorkers, range } from "./support/workers.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? shareOf(20_000));
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

/** Seeds that find a defect when it is reintroduced; they run whatever `count` is, and are valid for today's worlds. */
const onceFailing: [seed: number, defect: string][] = [
  [2, "a duplicate of the request that fills its team's quota was refused"],
  [439, "a take-over that was sent twice was told that another operation runs"],
  [499, "an offboarding after a migration that stopped half-way left the migration's service account"],
  [591, "a repair in the middle of a migration showed a step that it never takes"],
  [484, "a compensation that did not come to its first undo ended as if nothing were left"],
  [2640, "a way back whose end was recorded twice took the namespace's record with it"],
  [9107, "a migration that was canceled at once forgot what the one before had left"],
  [941, "a repair whose process died at its end kept the errors that it had put right"],
  [1074803, "a namespace that a canceled batch had claimed and not started was onboarded all the same"],
  [1347, "an operation that one run of its last step ended, and the other did not, lost its client id"],
  [11514, "a committed change was undone when the end of its last step could not be recorded"],
  [100383, "two lanes ran the same namespace when the end of earlier lanes came late"],
  [370, "undos looked again without end after an attempt that never said how it ended"],
  [6244, "a change said Succeeded, and an adopted user kept its access to the database that it had left out"],
  [17317, "a migration that was resumed in its last phase missed what its first run had just removed"],
  [10238, "a step that came late wrote to PostgreSQL although its operation was being undone"],
  [2867, "what somebody gave to a role on a PostgreSQL server stood in the way of its last target"],
  [91, "a canceled repair left the client id of the identity that it had replaced in the record"],
  [3114, "a right to use the identity that came late outlived the offboarding"],
];

interface Share {
  readonly seeds: readonly number[];
  readonly defect?: string;
  readonly stopAtFirst: boolean;
}

interface Report {
  readonly bad: readonly { seed: number; problems: readonly string[] }[];
  readonly seen: Readonly<Record<string, number>>;
  readonly count: number;
}

const workers = createWorkers<Share, Report>(new URL("./support/sagaWorker.ts", import.meta.url));
const { work } = workers;
afterAll(() => workers.close());

async function tell(seed: number): Promise<string> {
  const trace: string[] = [];
  const verdict = await simulate(seed, { trace }).catch((error: unknown) => ({ problems: [String(error)] }));
  return `seed ${seed}:\n${trace.join("\n")}\n${verdict.problems.join("\n")}`;
}

it(`leaves nothing behind, touches nothing foreign and never gets stuck, in ${count} worlds`, async () => {
  const reports = await Promise.all(
    range(0, workers.count).map((index) =>
      work({ seeds: range(first + index, first + count, workers.count), stopAtFirst: false }, index),
    ),
  );

  const bad = reports.flatMap((report) => report.bad).toSorted((a, b) => a.seed - b.seed);
  expect(bad.length === 0 ? "" : `${bad.length} bad worlds\n${await tell(bad[0]?.seed ?? 0)}`).toBe("");
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
}, 3_600_000);

it.each(onceFailing)("still handles world %i: %s", async (seed) => {
  const { problems } = await simulate(seed);

  expect(problems.length === 0 ? "" : await tell(seed)).toBe("");
});

/** That the worlds can fail changes less often than they do: a short run tries a fifth of the planted defects. */
const planted = Object.keys(defects).filter((_, index) => !isShort || index % 5 === 0);

describe("finds", () => {
  it.each(planted)("%s within 500 worlds", async (defect) => {
    const { isOfBatches, from = 0 } = defects[defect] ?? {};
    const seeds = isOfBatches ? range(0, 5_000).filter(hasBatches) : range(from, from + 500);
    const { bad, count: tried } = await work({ seeds, defect, stopAtFirst: true });

    expect(bad[0]?.problems.join("\n")).toMatch(defects[defect]?.finds ?? "");
    expect(tried).toBeLessThanOrEqual(500);
  });
});
