import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createInstances } from "../../src/durable/instances.ts";
import type { InstanceRow } from "../../src/durable/records.ts";
import { openDatabase } from "../../src/durable/store/open.ts";
import { createStore, type Store } from "../../src/durable/store/store.ts";
import { createStoreFolder } from "./support/durableHost.ts";

let directory: string;
let database: DatabaseSync;
let store: Store;

beforeEach(async () => {
  directory = await createStoreFolder();
  database = openDatabase(join(directory, "test.sqlite"));
  store = createStore(database);
});

afterEach(async () => {
  database.close();
  await rm(directory, { recursive: true });
});

function addRow(key: number): InstanceRow {
  const row: InstanceRow = {
    key,
    id: `id-${key}`,
    name: "any",
    version: null,
    execution: "x",
    status: "Running",
    input: null,
    output: null,
    customStatus: null,
    parent: null,
    created: key,
    updated: key,
  };
  store.insertInstance(row);
  return row;
}

test("evicts the least recently used instance, and reads it again when it is needed", () => {
  const instances = createInstances(store, 2);
  const [one, two] = [instances.add(addRow(1)), instances.add(addRow(2))];
  instances.load(1);

  instances.add(addRow(3));

  expect(instances.size).toBe(2);
  expect(instances.load(1)).toBe(one);
  expect(instances.load(2)).not.toBe(two);
  expect(instances.load(2)?.row).toEqual(two.row);
});

test("never evicts an instance that is held, since its copy in the store may be older", () => {
  const instances = createInstances(store, 1);
  const busy = instances.add(addRow(1));
  instances.hold(busy);

  instances.add(addRow(2));
  instances.add(addRow(3));

  expect(instances.load(1)).toBe(busy);
});

test("forgets a finished instance once its end is on disk", () => {
  const instances = createInstances(store);
  const instance = instances.add(addRow(1));
  instances.hold(instance);
  instance.row = { ...instance.row, status: "Completed" };
  expect(instances.find("id-1")?.status).toBe("Completed");

  instances.release(instance);

  expect(instances.size).toBe(0);
});
