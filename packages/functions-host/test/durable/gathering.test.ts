import { rm } from "node:fs/promises";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
import { createStoreFolder, type DurableHost, loadTestApp, startDurableHost } from "./support/durableHost.ts";

let app: FunctionApp;
let directory: string;
let host: DurableHost;
let key: string;
let started = 0;

beforeAll(async () => {
  app = await loadTestApp("basic");
});

beforeEach(async () => {
  directory = await createStoreFolder();
  host = await startDurableHost(app, { directory });
  key = `gather${++started}`;
});

afterEach(async () => {
  await host.close();
  await rm(directory, { recursive: true });
});

async function start(failures = 0): Promise<string> {
  const id = await host.client.startNew("gather", { input: { key, failures } });
  await host.until(`${key}-three`, ({ runtimeStatus }) => String(runtimeStatus) === "Running");
  return id;
}

async function tell(child: "one" | "two" | "three"): Promise<void> {
  await host.client.raiseEvent(`${key}-${child}`, "go", child);
  await host.finished(`${key}-${child}`);
}

const turns = () => host.seen.runs.get(`turns of ${key}`);
const everything = () => ["one", "two", "three", `${key} at attempt 1`];

test("runs an orchestrator that waits for all of its tasks only once the last has ended", async () => {
  const id = await start();

  await tell("two");
  await tell("one");
  const turnsBefore = turns();
  await tell("three");

  expect((await host.finished(id)).output).toEqual(everything());
  expect({ turnsBefore, turns: turns() }).toEqual({ turnsBefore: 1, turns: 2 });
});

test("runs it as soon as one task has failed for good, but not while that task is retried", async () => {
  const id = await start(2);
  await host.until(id, ({ customStatus }) => customStatus === "failed");
  for (const child of ["one", "two", "three"] as const) await tell(child);

  expect((await host.finished(id)).output).toContain("boom 2");

  const other = `${key}-again`;
  key = other;
  const again = await start(1);
  await tell("one");
  await tell("two");
  await tell("three");
  expect((await host.finished(again)).output).toEqual(["one", "two", "three", `${other} at attempt 2`]);
});

test("can be suspended, resumed and terminated while results wait", async () => {
  const id = await start();
  await tell("one");
  await host.client.suspend(id, "a break");
  expect(await host.until(id, ({ runtimeStatus }) => String(runtimeStatus) === "Suspended")).toBeDefined();
  await tell("two");
  await host.client.resume(id, "on");
  await host.until(id, ({ runtimeStatus }) => String(runtimeStatus) === "Running");
  await tell("three");
  expect((await host.finished(id)).output).toEqual(everything());

  key = `${key}-ended`;
  const ended = await start();
  await tell("one");
  await host.client.terminate(ended, "enough");
  expect((await host.finished(ended)).output).toBe("enough");
});

test("shows waiting results in the history", async () => {
  const id = await start();
  await tell("two");

  const response = await fetch(`${host.url}/runtime/webhooks/durabletask/instances/${id}?showHistory=true`);
  const { historyEvents } = (await response.json()) as { historyEvents: { EventType: string }[] };

  expect(historyEvents.map(({ EventType }) => EventType)).toContain("SubOrchestrationInstanceCompleted");
});

test("keeps waiting results across a restart", async () => {
  const id = await start();
  await tell("one");
  await tell("three");
  await host.close();
  host = await startDurableHost(app, { directory });

  await tell("two");

  expect((await host.finished(id)).output).toEqual(everything());
});
