/** Every list of the management API uses an index: its cost depends on the page, not on the size of the store. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { InstanceRow, RuntimeStatus } from "../../src/durable/records.ts";
import { openDatabase } from "../../src/durable/store/open.ts";
import { createQueries, type InstanceFilter } from "../../src/durable/store/queries.ts";
import { createStore } from "../../src/durable/store/store.ts";
import { createStoreFolder } from "./support/durableHost.ts";

let directory: string;
let database: DatabaseSync;
let queries: ReturnType<typeof createQueries>;
let statements: string[] = [];

const statuses: readonly RuntimeStatus[] = ["Pending", "Running", "Completed", "Failed"];

beforeAll(async () => {
  directory = await createStoreFolder();
  database = openDatabase(join(directory, "lists.sqlite"));
  const store = createStore(database);
  for (let n = 0; n < 40; n += 1) store.insertInstance(rowOf(n));
  const watched = {
    prepare(sql: string): StatementSync {
      statements.push(sql);
      return database.prepare(sql);
    },
  };
  queries = createQueries(watched as DatabaseSync);
});
beforeEach(() => {
  statements = [];
});
afterAll(async () => {
  database.close();
  await rm(directory, { recursive: true });
});

/** The ids descend as the times ascend, so that one order cannot pass for the other. */
function rowOf(n: number): InstanceRow {
  const status = statuses[n % statuses.length] ?? "Pending";
  return {
    key: n + 1,
    id: `${n % 2 === 0 ? "even" : "odd"}-${String(99 - n)}`,
    name: "x",
    version: null,
    execution: "e",
    status,
    input: null,
    output: null,
    customStatus: null,
    parent: null,
    // Several share one moment.
    created: Math.floor(n / 3),
    updated: n,
  };
}

const keyOf = ({ key }: InstanceRow) => key;

function allPages(filter: InstanceFilter, top: number): number[] {
  const keys: number[] = [];
  let after: string | undefined;
  do {
    const { items, next } = queries.instances(filter, top, after);
    keys.push(...items.map(keyOf));
    after = next;
  } while (after !== undefined);
  return keys;
}

test.each<[string, InstanceFilter]>([
  ["of all", {}],
  ["of one status", { statuses: ["Running"] }],
  ["of several statuses", { statuses: ["Completed", "Failed", "Running"] }],
  ["of no status that there is", { statuses: [] }],
  ["of a span of time", { createdFrom: 3, createdTo: 9 }],
  ["of statuses in a span of time", { statuses: ["Pending", "Failed"], createdFrom: 2 }],
  ["of a prefix", { idPrefix: "odd" }],
  ["of a prefix with all else", { idPrefix: "even", statuses: ["Completed"], createdFrom: 1, createdTo: 11 }],
])("a list %s is complete and in order for any page size, without a scan or a sort", (_, filter) => {
  const rows = Array.from({ length: 40 }, (__, n) => rowOf(n)).filter(
    ({ id, status, created }) =>
      (filter.statuses?.includes(status) ?? true) &&
      id.startsWith(filter.idPrefix ?? "") &&
      created >= (filter.createdFrom ?? 0) &&
      created <= (filter.createdTo ?? Number.POSITIVE_INFINITY),
  );
  if (filter.idPrefix !== undefined) rows.sort((one, other) => (one.id < other.id ? -1 : 1));

  for (const top of [1, 3, 7, 100]) expect(allPages(filter, top)).toEqual(rows.map(keyOf));

  for (const sql of new Set(statements)) expect(planOf(sql)).not.toMatch(/SCAN|TEMP B-TREE/);
});

function planOf(sql: string): string {
  const plan = database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
  // `WHERE 0` reads nothing.
  return plan.filter((line) => !/^SCAN instances$/.test(line) || !sql.includes("WHERE 0")).join("\n");
}
