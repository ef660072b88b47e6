/** Several instances take turns from one row of the real table service, with the clock stopped. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTables, table } from "../../../src/adapters/registry/tables.ts";
import { createTurnsOn, type Pace } from "../../../src/adapters/registry/turns.ts";
import { startTables, type Tables } from "../../support/tableService.ts";

const intervalMs = 500;
const begun = Date.now();
let tables: Tables;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

test("hands out every turn exactly once", async () => {
  const instances = [1, 2, 3].map(() =>
    createTurnsOn(table<Pace>(openTables(tables.settings), "MooringPace"), { now: () => begun }),
  );

  const taken = await Promise.all(
    instances.flatMap((turns) =>
      [3, 1].map(async (count) => ({ at: await turns.reserve("0000-1111/write", { count, intervalMs }), count })),
    ),
  );

  const turns = taken.flatMap(({ at, count }) => Array.from({ length: count }, (_, index) => at + index * intervalMs));
  expect(turns.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, index) => index * intervalMs));
  // Each kind has its own sequence.
  expect(await instances[0]?.reserve("0000-1111/delete", { count: 1, intervalMs })).toBe(0);
});
