/** Defects that the schedules of late landings must find, each put into the source. */

import { someOf } from "test-support/proofs";
import { expect, it } from "vitest";
import "../../../src/orchestrations/changeNamespace.ts";
import "../../../src/orchestrations/migration.ts";
import { lateDefects } from "../support/lateDefects.ts";
import { runSchedule } from "../support/lateSchedules.ts";
import { findPlanted } from "../support/search.ts";

const script = new URL("../support/lateWorker.ts", import.meta.url);

it.each(someOf(Object.entries(lateDefects)))(
  "finds %s, within 100 schedules, which are fine without it",
  async (defect, wanted) => {
    const seed = await findPlanted(script, defect, { ...wanted, within: 100 });

    expect((await runSchedule(seed)).problems).toEqual([]);
  },
  3_600_000,
);

it("finds undos that trust one look, within 300 schedules", async () => {
  let found = 0;
  for (let seed = 0; seed < 300 && found === 0; seed += 1) {
    found = (await runSchedule(seed, { looksFor: 0 })).problems.length;
  }

  expect(found).toBeGreaterThan(0);
}, 600_000);
