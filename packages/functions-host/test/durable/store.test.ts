import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
import { openDatabase } from "../../src/durable/store/open.ts";
import { createStoreFolder, loadTestApp, startDurableHost } from "./support/durableHost.ts";

let app: FunctionApp;
let directory: string;

beforeAll(async () => {
  app = await loadTestApp("basic");
});

beforeEach(async () => {
  directory = await createStoreFolder();
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test("refuses a second host on the same store, naming the file", async () => {
  const first = await startDurableHost(app, { directory });

  const second = startDurableHost(app, { directory });

  await expect(second).rejects.toThrow(
    `The durable store ${join(directory, "TestHubName.sqlite")} is in use by another host.`,
  );
  await first.close();
});

test("lets another host open the store once the first has closed it", async () => {
  const first = await startDurableHost(app, { directory });
  const { instanceId } = await first.run("greet", "Ada");
  await first.close();

  const second = await startDurableHost(app, { directory });

  expect((await second.client.getStatus(instanceId)).output).toBe("Hello Ada");
  await second.close();
});

test("separates the hubs in one directory", async () => {
  const one = await startDurableHost(app, { directory, settings: { hubName: "One" } });
  const two = await startDurableHost(app, { directory, settings: { hubName: "Two" } });

  await one.run("greet", "Ada");

  expect(await two.client.getStatusAll()).toEqual([]);
  await one.close();
  await two.close();
});

test("refuses a store written by a newer host", async () => {
  const file = join(directory, "TestHubName.sqlite");
  const database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 99");
  database.close();

  await expect(startDurableHost(app, { directory })).rejects.toThrow(
    `The durable store ${file} was written by a newer host (schema 99`,
  );
});

/** The old file comes from a host that knows only the first of these migration steps. */
test("migrates a store with an older schema, and keeps its contents", () => {
  const file = join(directory, "old.sqlite");
  const first = ["CREATE TABLE things (id INTEGER PRIMARY KEY)"];
  const older = openDatabase(file, first);
  older.exec("INSERT INTO things VALUES (7)");
  older.close();

  const newer = openDatabase(file, [
    ...first,
    "ALTER TABLE things ADD COLUMN name TEXT",
    "UPDATE things SET name = 'seven'",
  ]);

  expect(newer.prepare("SELECT id, name FROM things").all()).toEqual([{ id: 7, name: "seven" }]);
  expect(newer.prepare("PRAGMA user_version").get()).toEqual({ user_version: 3 });
  newer.close();
});

test("a failed migration step leaves the store unchanged", () => {
  const file = join(directory, "old.sqlite");
  const first = ["CREATE TABLE things (id INTEGER PRIMARY KEY)"];
  openDatabase(file, first).close();

  expect(() => openDatabase(file, [...first, "DROP TABLE things", "not SQL"])).toThrow(/syntax error/);

  const again = openDatabase(file, first);
  expect(again.prepare("SELECT count(*) AS rows FROM things").get()).toEqual({ rows: 0 });
  again.close();
});

/** As the first release wrote it, and then `more`. */
async function writeOldStore(file: string, more: string): Promise<void> {
  const database = new DatabaseSync(file);
  database.exec(await readFile("packages/functions-host/test/durable/support/schema1.sql", "utf8"));
  database.exec(more);
  database.close();
}

const call = '{"EventType":14,"EventId":0,"InstanceId":"@account@a","Name":"op","Input":"{}","Host":{"kind":"call"}}';

test("opens a store written by the first release, in which one that has ended called an entity", async () => {
  await writeOldStore(join(directory, "TestHubName.sqlite"), `INSERT INTO history VALUES (1, 8, '${call}')`);

  const host = await startDurableHost(app, { directory });

  expect(await host.client.getStatus("old")).toMatchObject({ runtimeStatus: "Completed", output: "Hello Ada" });
  await host.client.raiseEvent("waiting", "two", 2);
  expect((await host.finished("waiting")).output).toEqual([1, 2]);
  await host.close();
});

test.each([
  ["the state of an entity", "INSERT INTO entities VALUES ('@account@a', 1, '3', NULL, 1795745414190)"],
  ["a message to an entity", "INSERT INTO entityMessages VALUES (1, '@account@a', '{}')"],
  ["an orchestration that has called an entity and runs", `INSERT INTO history VALUES (2, 6, '${call}')`],
])("refuses a store with %s, which this host would lose, and leaves it as it is", async (_, more) => {
  const file = join(directory, "TestHubName.sqlite");
  await writeOldStore(file, more);

  await expect(startDurableHost(app, { directory })).rejects.toThrow(
    `The durable store ${file} has entities, which this host does not serve any more. Run the older host, or move`,
  );

  const left = new DatabaseSync(file);
  expect(left.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
  expect(left.prepare("SELECT count(event) AS events FROM history WHERE instance = 1").get()).toEqual({ events: 8 });
  left.close();
});

test.each([
  ["no database at all", (bytes: Buffer) => bytes.fill("x", 0, 100)],
  ["one with a page that was overwritten", (bytes: Buffer) => bytes.fill(0xff, 4096 * 2, 4096 * 4)],
  ["one that was cut off", (bytes: Buffer) => bytes.subarray(0, 4096 * 3)],
])("refuses %s and says what to do", async (_, damage) => {
  const file = join(directory, "TestHubName.sqlite");
  const host = await startDurableHost(app, { directory });
  for (let n = 0; n < 3; n += 1) await host.run("greet", "Ada");
  await host.close();
  await writeFile(file, damage(await readFile(file)));

  const start = startDurableHost(app, { directory });

  await expect(start).rejects.toThrow(
    new RegExp(`The durable store ${file} is damaged \\(.+\\)\\. Put a copy back in its place, or move the file away`),
  );
});

test("says what is wrong in host.json", async () => {
  const settings = { hubName: "no good!", maxConcurrentActivityFunctions: 0 };

  const start = startDurableHost(app, { directory, settings });

  await expect(start).rejects.toThrow(/host\.json: extensions\.durableTask is not valid.*hubName.*maxConcurrent/s);
});

test("continues timers, events and retries after a restart", async () => {
  const first = await startDurableHost(app, { directory });
  const timer = await first.client.startNew("wait", { input: 150 });
  const retry = await first.client.startNew("retry", {
    input: { key: "over", failures: 2, attempts: 3, interval: 60 },
  });
  const events = await first.client.startNew("twoEvents");
  const approval = await first.client.startNew("eventOrTimeout", { input: 60_000 });
  await first.client.raiseEvent(events, "one", 1);
  await first.client.suspend(events, "over night");
  await first.until(events, ({ runtimeStatus }) => runtimeStatus === "Suspended");
  await first.client.raiseEvent(events, "two", 2);
  await first.close();

  const second = await startDurableHost(app, { directory });
  await second.client.resume(events, "morning");
  await second.client.raiseEvent(approval, "approval", "yes");

  expect((await second.finished(events)).output).toEqual([1, 2]);
  expect((await second.finished(retry)).output).toBe("over at attempt 3");
  expect((await second.finished(timer)).output).toBeGreaterThanOrEqual(145);
  expect((await second.finished(approval)).output).toEqual(["yes", "Hello after"]);
  await second.close();
});

test("reruns an activity that was running when the host stopped, and takes its result once", async () => {
  const first = await startDurableHost(app, { directory, graceMs: 10 });
  const id = await first.client.startNew("fanOut", { input: { width: 1, ms: 300, key: "interrupted" } });
  await expect.poll(() => first.seen.runs.get("interrupted")).toBe(1);
  await first.close();

  const second = await startDurableHost(app, { directory });

  expect((await second.finished(id)).output).toBe(1);
  expect(second.seen.runs.get("interrupted")).toBe(2);
  await second.close();
});
