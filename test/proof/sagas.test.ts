/**
 * Seeded worlds, run from the first request to nothing left, on the SDK's own replay engine. A seed that fails is printed
 * with all that happened; put it into `onceFailing` with the fix. `MOORING_SEEDS=1000000` runs more of them.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { defects } from "./support/defects.ts";
import { simulate } from "./support/simulate.ts";

const count = Number(process.env["MOORING_SEEDS"] ?? 20_000);
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

/** Seeds that have found a defect, whatever `count` is. */
const onceFailing: [seed: number, defect: string][] = [
  [1448, "a user that was adopted as it is kept Mooring's mark after a failure"],
  [1678, "the same after a cancellation"],
  [40, "two runs of the same step at once took each other for a stranger"],
  [283, "adoptionPolicy Always did not put back the data of a ConfigMap"],
  [73, "adoptionPolicy Always did not put back an annotation"],
  [1922, "an outcome that could not be recorded became another one"],
  [7, "a step whose last record was lost ran for ever"],
  [22, "a step whose first record was lost had no name"],
  [85, "the same in an operation that succeeded"],
  [129, "an operation ended without an entry in the audit trail"],
  [3208, "an offboarding wanted a namespace gone that its request keeps, because an earlier request did not keep it"],
  [3749, "a change that ran twice was entered in the audit trail twice, as update and as adopt"],
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

function work(share: Share): Promise<Report> {
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  const worker = new Worker(new URL("./support/sagaWorker.ts", import.meta.url), {
    workerData: share,
    // Nearly all of it dies young.
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", (code) => reject(new Error(`the worker ended with ${code} before it had a report`)));
  return promise;
}

function range(from: number, to: number, step = 1): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
}

async function tell(seed: number): Promise<string> {
  const trace: string[] = [];
  const verdict = await simulate(seed, { trace }).catch((error: unknown) => ({ problems: [String(error)] }));
  return `seed ${seed}:\n${trace.join("\n")}\n${verdict.problems.join("\n")}`;
}

it(`leaves nothing behind, touches nothing foreign and never gets stuck, in ${count} worlds`, async () => {
  const threads = Math.min(4, availableParallelism());
  const reports = await Promise.all(
    Array.from({ length: threads }, (_, index) =>
      work({ seeds: range(first + index, first + count, threads), stopAtFirst: false }),
    ),
  );

  const bad = reports.flatMap((report) => report.bad).toSorted((a, b) => a.seed - b.seed);
  expect(bad.length === 0 ? "" : `${bad.length} bad worlds\n${await tell(bad[0]?.seed ?? 0)}`).toBe("");
  expect(reports.reduce((sum, report) => sum + report.count, 0)).toBe(count);
  // Worlds in which nothing goes wrong, or everything does, prove nothing.
  const seen = (what: string) => reports.reduce((sum, report) => sum + (report.seen[what] ?? 0), 0);
  if (count < 10_000) return;
  expect(seen("onboard Succeeded")).toBeGreaterThan(count / 5);
  expect(seen("offboard Succeeded")).toBeGreaterThan(count / 5);
  for (const code of ["ARM_FORBIDDEN", "SQL_FORBIDDEN", "KUBERNETES_CONFLICT", "IDENTITY_CONFLICT"]) {
    expect(seen(`onboard Failed ${code}`), code).toBeGreaterThan(count / 500);
  }
  expect(seen("onboard Failed COMPENSATION_FAILED")).toBeGreaterThan(count / 1_000);
}, 3_600_000);

it.each(onceFailing)("keeps world %i right: %s", async (seed) => {
  const { problems } = await simulate(seed);

  expect(problems.length === 0 ? "" : await tell(seed)).toBe("");
});

describe("finds", () => {
  it.each(Object.keys(defects))("%s within 500 worlds", async (defect) => {
    const { bad, count: tried } = await work({ seeds: range(0, 500), defect, stopAtFirst: true });

    expect(bad[0]?.problems.join("\n")).toMatch(/left behind|still there|nobody's|not Mooring's|another issuer/);
    expect(tried).toBeLessThanOrEqual(500);
  });
});
