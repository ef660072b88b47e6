/** Orchestration versions: a host runs those that it serves, and leaves the rest to another host on the same store. */
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
import { compareVersions } from "../../src/durable/versions.ts";
import {
  createStoreFolder,
  type DurableHost,
  type HostOptions,
  loadTestApp,
  startDurableHost,
} from "./support/durableHost.ts";

let app: FunctionApp;
let directory: string;

beforeAll(async () => {
  app = await loadTestApp("basic");
  directory = await createStoreFolder();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function withHost<R>(settings: HostOptions["settings"], work: (host: DurableHost) => Promise<R>): Promise<R> {
  const host = await startDurableHost(app, { directory, ...(settings ? { settings } : {}) });
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}

const begin = (host: DurableHost) => host.client.startNew("twoEvents");

async function endBy(host: DurableHost, id: string): Promise<unknown> {
  await host.client.raiseEvent(id, "one", 1);
  await host.client.raiseEvent(id, "two", 2);
  return (await host.finished(id)).runtimeStatus;
}

test("a newer host finishes what older hosts began, and an older host leaves a newer one's instances alone", async () => {
  const unversioned = await withHost({}, begin);
  const older = await withHost({ defaultVersion: "1.9" }, begin);
  const newer = await withHost({ defaultVersion: "1.10" }, begin);

  await withHost({ defaultVersion: "1.9" }, async (host) => {
    await host.client.raiseEvent(newer, "one", 1);
    await host.client.raiseEvent(newer, "two", 2);
    expect(await endBy(host, older)).toBe("Completed");
    expect((await host.client.getStatus(newer)).runtimeStatus).toMatch(/Pending|Running/);
    expect(host.logLines.join("\n")).toContain("waits for a host that serves it");
  });
  await withHost({ defaultVersion: "1.10" }, async (host) => {
    expect(await endBy(host, unversioned)).toBe("Completed");
    // Events that arrived in the meantime were kept.
    expect((await host.finished(newer)).runtimeStatus).toBe("Completed");
  });
});

test("an instance that the host does not serve can be terminated", async () => {
  const newer = await withHost({ defaultVersion: "2.0" }, begin);

  await withHost({ defaultVersion: "1.0" }, async (host) => {
    await host.client.terminate(newer, "given up");
    expect((await host.finished(newer)).runtimeStatus).toBe("Terminated");
  });
});

test("fails other versions if host.json says so, serves only its own if strict, and serves all if matching is off", async () => {
  const newer = () => withHost({ defaultVersion: "2.0" }, begin);
  const failing = await newer();
  await withHost({ defaultVersion: "1.0", versionFailureStrategy: "fail" }, async (host) => {
    await host.client.raiseEvent(failing, "one", 1);
    const { runtimeStatus, output } = await host.finished(failing);
    expect([runtimeStatus, output]).toEqual(["Failed", expect.stringContaining("Its version '2.0' is not one")]);
  });

  const older = await withHost({ defaultVersion: "1.0" }, begin);
  await withHost({ defaultVersion: "2.0", versionMatchStrategy: "Strict" }, async (host) => {
    await host.client.raiseEvent(older, "one", 1);
    expect(await endBy(host, await begin(host))).toBe("Completed");
    expect((await host.client.getStatus(older)).runtimeStatus).toMatch(/Pending|Running/);
  });
  const other = await newer();
  await withHost({ defaultVersion: "1.0", versionMatchStrategy: "None" }, async (host) =>
    expect(await endBy(host, other)).toBe("Completed"),
  );
});

test.each([
  ["0.9.0", "0.10.0", -1],
  ["1.2", "1.2.0", -1],
  ["", "0.1", -1],
  ["2.0", "2.0", 0],
  ["", "", 0],
  ["b", "A", 1],
  ["v1", "1.0", 1],
])("compares %s with %s", (one, other, sign) => {
  expect(Math.sign(compareVersions(one, other))).toBe(sign);
  expect(Math.sign(compareVersions(other, one))).toBe(0 - sign);
});
