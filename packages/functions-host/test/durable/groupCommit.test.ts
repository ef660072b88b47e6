import { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTick } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createGroupCommit, type GroupCommit } from "../../src/durable/groupCommit.ts";

let database: DatabaseSync;
let commit: GroupCommit;
let failures: Error[];

beforeEach(() => {
  database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE notes (text TEXT UNIQUE)");
  failures = [];
  commit = createGroupCommit(database, {
    onBroken: (error) => void failures.push(error),
    countConnections: () => 0,
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  database.close();
});

const notes = () =>
  database
    .prepare("SELECT text FROM notes")
    .all()
    .map((row) => row["text"]);
const insert = (text: string) => () => void database.prepare("INSERT INTO notes VALUES (?)").run(text);

test("writes everything from one tick in one transaction, and runs the effects only afterwards", async () => {
  const seen: unknown[] = [];
  let begun = 0;
  const watch = (text: string) => () => {
    if (notes().length === 0) begun += 1;
    expect(database.isTransaction).toBe(true);
    insert(text)();
  };

  commit.add(watch("a"), () => seen.push(database.isTransaction, notes()));
  commit.add(watch("b"));
  expect(notes()).toEqual([]);
  await commit.committed(watch("c"));

  expect(begun).toBe(1);
  expect(seen).toEqual([false, ["a", "b", "c"]]);
});

test("under load waits for the next tick as long as each brings more, but not for long; a few never wait", async () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  const addMany = (name: string) => {
    for (let number = 0; number < 40; number += 1) commit.add(insert(`${name}${number}`));
  };

  commit.add(insert("alone"));
  await nextTick();
  expect(notes()).toEqual(["alone"]);

  addMany("a");
  await nextTick();
  addMany("b");
  await nextTick();
  expect(notes()).toHaveLength(1);
  await nextTick();
  expect(notes()).toHaveLength(81);

  addMany("c");
  await nextTick();
  now.mockReturnValue(10);
  addMany("d");
  await nextTick();
  expect(notes()).toHaveLength(161);
});

test("acknowledges nothing from a failed commit, nor anything after it", async () => {
  const effects: string[] = [];
  commit.add(insert("a"), () => effects.push("a"));

  const twice = commit.committed(insert("a"));

  await expect(twice).rejects.toThrow("The durable store could not be written");
  await expect(commit.committed(insert("b"))).rejects.toThrow("The durable store could not be written");
  expect(effects).toEqual([]);
  expect(notes()).toEqual([]);
  expect(failures).toHaveLength(1);
});

test("writes what is pending when it is closed, and then refuses more", async () => {
  commit.add(insert("a"));

  commit.close();

  expect(notes()).toEqual(["a"]);
  await expect(commit.committed(insert("b"))).rejects.toThrow("The host is stopping.");
});
