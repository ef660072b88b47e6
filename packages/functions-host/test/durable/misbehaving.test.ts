/** Activities that block, throw something other than an error, never return, return 10 MB or end the process (apps/misbehaving). */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CrashHost, startCrashHost } from "./support/crashHost.ts";
import { createStoreFolder } from "./support/durableHost.ts";

let directory: string;
let host: CrashHost;

const startHost = () => startCrashHost(directory, [], "misbehaving");

beforeAll(async () => {
  directory = await createStoreFolder();
  await writeFile(join(directory, "attempts.txt"), "");
  host = await startHost();
});
afterAll(async () => {
  await host?.kill();
  await rm(directory, { recursive: true, force: true });
});

async function call(activity: string, id = activity): Promise<string> {
  const response = await fetch(`${host.url}/orchestrators/calls/${id}`, {
    method: "POST",
    body: JSON.stringify(activity),
  });
  expect(response.status).toBe(202);
  return id;
}

async function statusOf(id: string): Promise<{ runtimeStatus: string; output: unknown }> {
  return (await (await fetch(`${host.url}/instances/${id}`)).json()) as { runtimeStatus: string; output: unknown };
}

async function outputOf(id: string): Promise<unknown> {
  await expect
    .poll(async () => (await statusOf(id)).runtimeStatus, { timeout: 30_000, interval: 20 })
    .toBe("Completed");
  return (await statusOf(id)).output;
}

test("an activity that blocks delays the others but does no other harm", async () => {
  const ids = await Promise.all([call("blocks"), call("well", "beside")]);

  expect(await Promise.all(ids.map(outputOf))).toEqual(["blocked", "well"]);
});

test.each([
  ["throwsText", "just a text"],
  ["throwsObject", "42"],
])("an activity that %s fails, and shows what it threw", async (activity, text) => {
  const output = await outputOf(await call(activity));

  expect(output).toEqual({ caught: expect.stringContaining(`Activity function '${activity}' failed`) });
  expect(JSON.stringify(output)).toContain(text);
});

test("an activity that never returns blocks only its own orchestration, which can be terminated", async () => {
  const id = await call("neverReturns");

  expect(await outputOf(await call("well", "meanwhile"))).toBe("well");
  expect(await statusOf(id)).toMatchObject({ runtimeStatus: "Running" });
  const answer = await fetch(`${host.url}/instances/${id}/terminate?reason=enough`, { method: "POST" });
  expect(answer.status).toBe(202);
  await expect
    .poll(() => statusOf(id), { interval: 20 })
    .toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
});

test("an activity may return 10 MB", async () => {
  expect(await outputOf(await call("returnsMuch"))).toBe(10 * 1024 * 1024);
});

test("an activity that ends the process is run again by the next host, with everything that ran alongside it", async () => {
  const waiting = await call("neverReturns", "beside-the-exit");
  const id = await call("exits");
  await host.ended;

  host = await startHost();

  expect(await outputOf(id)).toBe("did not exit");
  expect(await statusOf(waiting)).toMatchObject({ runtimeStatus: "Running" });
  expect(await statusOf("blocks")).toMatchObject({ runtimeStatus: "Completed", output: "blocked" });
});
