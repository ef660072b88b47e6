/** A value that SQLite refuses fails what decided it, and nothing else. Triggers on the tables refuse values here. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
import { createStoreFolder, type DurableHost, loadTestApp, startDurableHost } from "./support/durableHost.ts";

let app: FunctionApp;
let directory: string;
let host: DurableHost;

beforeAll(async () => {
  app = await loadTestApp("basic");
});

beforeEach(async () => {
  directory = await createStoreFolder();
  await (await startDurableHost(app, { directory })).close();
  refuse(["instances", "input"], ["instances", "output"], ["messages", "event"], ["tasks", "input"]);
  host = await startDurableHost(app, { directory, graceMs: 0 });
});

afterEach(async () => {
  await host.close();
  await rm(directory, { recursive: true });
});

function refuse(...columns: [table: string, column: string][]): void {
  const database = new DatabaseSync(join(directory, "TestHubName.sqlite"));
  for (const [table, column] of columns) {
    for (const event of ["INSERT", "UPDATE"]) {
      database.exec(
        `CREATE TRIGGER ${table}${column}${event} BEFORE ${event} ON ${table} WHEN NEW.${column} LIKE '%poison%'
         BEGIN SELECT RAISE(ABORT, 'a test refuses it'); END`,
      );
    }
  }
  database.close();
}

/** Starts with the poison and waits, across the outage, for the end of both. */
async function runBeside(name: string, input: unknown): Promise<{ runtimeStatus: string; output: unknown }> {
  const healthy = await host.client.startNew("oneEvent");
  await host.until(healthy, ({ runtimeStatus }) => runtimeStatus === "Running");
  const id = await host.client.startNew(name, { input });
  const patiently = async (ask: () => Promise<unknown>) => {
    await expect.poll(() => ask().then(() => "answered", String), { timeout: 10_000 }).toBe("answered");
  };
  await patiently(() => host.finished(id));
  await patiently(() => host.client.raiseEvent(healthy, "go", "well"));
  await patiently(() => host.finished(healthy));
  expect((await host.client.getStatus(healthy)).output).toBe("well");
  expect(host.logLines.filter((line) => line.includes("durable store broken"))).toHaveLength(1);
  return await host.client.getStatus(id);
}

test.each([
  ["the input of an activity", "input"],
  ["the result of an activity", "result"],
  ["the output", "output"],
  ["the input of a child", "child"],
])("%s fails only its orchestration", async (_, name) => {
  const { runtimeStatus, output } = await runBeside("decide", name);

  expect(runtimeStatus).toBe("Failed");
  expect(output).toBe("Orchestrator function 'decide' failed: What it decided could not be stored: a test refuses it.");
});

test("a turn whose events are too long for one text fails its orchestration", async () => {
  const { stringify } = JSON;
  const isTooLong = (value: unknown) => Array.isArray(value) && value.some((event) => event?.Result === '"Hello huge"');
  const spy = vi.spyOn(JSON, "stringify").mockImplementation((...given: Parameters<typeof stringify>) => {
    if (isTooLong(given[0])) throw new RangeError("Invalid string length");
    return stringify(...given);
  });

  const { output } = await host.run("greet", "huge");

  expect(output).toBe(
    "Orchestrator function 'greet' failed: What it decided could not be stored: Invalid string length.",
  );
  spy.mockRestore();
});

test("the input of a start is refused, with the reason and without the advice for a full disk", async () => {
  const response = await fetch(`${host.url}/runtime/webhooks/durabletask/orchestrators/greet/poisoned`, {
    method: "POST",
    body: '"poison"',
  });

  const { Message } = (await response.json()) as { Message: string };
  expect([response.status, Message]).toEqual([
    503,
    "The durable store cannot be written (a test refuses it). The host goes on by itself when it can; its log says more.",
  ]);
  await expect
    .poll(() => host.client.startNew("greet", { instanceId: "healthy" }).catch(String), { timeout: 10_000 })
    .toBe("healthy");
  expect((await host.finished("healthy")).runtimeStatus).toBe("Completed");
});
