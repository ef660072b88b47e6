import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { FunctionApp } from "../../../../local/host/app.ts";
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

test("keeps the hubs of one directory apart", async () => {
  const one = await startDurableHost(app, { directory, settings: { hubName: "One" } });
  const two = await startDurableHost(app, { directory, settings: { hubName: "Two" } });

  await one.run("greet", "Ada");

  expect(await two.client.getStatusAll()).toEqual([]);
  await one.close();
  await two.close();
});

test("refuses a store that a newer host has written", async () => {
  const file = join(directory, "TestHubName.sqlite");
  const database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 99");
  database.close();

  await expect(startDurableHost(app, { directory })).rejects.toThrow(
    `The durable store ${file} was written by a newer host (schema 99`,
  );
});

test("goes on with what a host of the first schema left, which kept each event by itself", async () => {
  const first = await startDurableHost(app, { directory });
  const id = await first.client.startNew("oneEvent", {});
  await first.until(id, ({ runtimeStatus }) => String(runtimeStatus) === "Running");
  await first.close();
  const database = new DatabaseSync(join(directory, "TestHubName.sqlite"));
  const before = database.prepare("SELECT instance, position, value AS event FROM history, json_each(events)").all();
  database.exec("DELETE FROM history; ALTER TABLE history RENAME COLUMN events TO event; PRAGMA user_version = 1");
  const insert = database.prepare("INSERT INTO history (instance, position, event) VALUES (?, ?, ?)");
  for (const [position, { instance, event }] of before.entries()) insert.run(Number(instance), position, String(event));
  database.close();

  const second = await startDurableHost(app, { directory });
  await second.client.raiseEvent(id, "go", "Ada");

  expect(before.length).toBeGreaterThan(2);
  expect((await second.finished(id)).output).toBe("Ada");
  await second.close();
});

test("says what is wrong in host.json", async () => {
  const settings = { hubName: "no good!", maxConcurrentActivityFunctions: 0 };

  const start = startDurableHost(app, { directory, settings });

  await expect(start).rejects.toThrow(/host\.json: extensions\.durableTask is not valid.*hubName.*maxConcurrent/s);
});

test("goes on with timers, events and retries after a restart", async () => {
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

test("runs an activity again that was under way when the host stopped, and takes its result once", async () => {
  const first = await startDurableHost(app, { directory, graceMs: 10 });
  const id = await first.client.startNew("fanOut", { input: { width: 1, ms: 300, key: "interrupted" } });
  await expect.poll(() => first.seen.runs.get("interrupted")).toBe(1);
  await first.close();

  const second = await startDurableHost(app, { directory });

  expect((await second.finished(id)).output).toBe(1);
  expect(second.seen.runs.get("interrupted")).toBe(2);
  await second.close();
});
