/** What follows a `Task.all` of which one task has failed; what the real host does is in conformance/recorded.ts. */
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
  key = `barrier${++started}`;
});

afterEach(async () => {
  await host.close();
  await rm(directory, { recursive: true });
});

async function restart(): Promise<void> {
  await host.close();
  host = await startDurableHost(app, { directory });
}

async function caught(input: { beside: readonly string[]; isLast?: boolean }): Promise<string> {
  const id = await host.client.startNew("goOn", { input: { key, ...input } });
  await host.until(id, ({ customStatus }) => customStatus !== null);
  return id;
}

const runsOf = (what: string) => host.seen.runs.get(`${key} ${what}`) ?? 0;
const done = (what: string) => `${key} ${what} at attempt 1`;

test("waits through a restart, and starts once", async () => {
  const id = await caught({ beside: ["child"] });
  await restart();
  const before = runsOf("first");

  await host.client.raiseEvent(`${key}-child`, "go", "gone");

  expect((await host.finished(id)).output).toEqual([done("first"), done("second"), "gone"]);
  expect({ before, after: runsOf("first") }).toEqual({ before: 0, after: 1 });
});

test.each([false, true])("waits for an event through a restart, its own end too (the end: %s)", async (isLast) => {
  const id = await caught({ beside: ["event"], isLast });
  await restart();
  const { runtimeStatus } = await host.client.getStatus(id);
  const before = runsOf("first");

  await host.client.raiseEvent(id, "go", "gone");

  expect((await host.finished(id)).output).toEqual(isLast ? "left" : [done("first"), done("second"), "gone"]);
  expect({ runtimeStatus, before }).toEqual({ runtimeStatus: "Running", before: 0 });
});

// In the history of an earlier version of this host, too, something has started that would wait now.
test("does not wait while a task is retried, which takes ids, and then not for the rest either", async () => {
  const id = await caught({ beside: ["child", "retry"] });
  await host.until(id, ({ customStatus }) => customStatus === "first done");
  await restart();
  await expect.poll(() => runsOf("second")).toBe(1);
  host.seen.switches.add(key);

  await host.client.raiseEvent(`${key}-child`, "go", "gone");

  expect((await host.finished(id)).output).toEqual([done("first"), done("second"), "gone", `${key} is on`]);
  expect([runsOf("first"), runsOf("second")]).toEqual([1, 1]);
});

test("fails when strict, if a task is retried: Azure would give tasks each other's results", async () => {
  const strict = await startDurableHost(app, { isStrict: true });

  const { runtimeStatus, output } = await strict.run("goOn", { key, beside: ["retry"] });

  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("(activity 'flaky') while a task is retried.");
  await strict.close();
});
