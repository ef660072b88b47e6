import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FunctionApp, InvocationResult } from "../../../../local/host/app.ts";
import { createClock } from "../../../../local/host/durable/clock.ts";
import { createEntities } from "../../../../local/host/durable/entities.ts";
import { nextEntityStep } from "../../../../local/host/durable/entityInbox.ts";
import { indexFunctions } from "../../../../local/host/durable/functions.ts";
import { createGroupCommit } from "../../../../local/host/durable/groupCommit.ts";
import type { EntityMessage, EntityRequest } from "../../../../local/host/durable/records.ts";
import { parseDurableSettings } from "../../../../local/host/durable/settings.ts";
import { createEntityStore } from "../../../../local/host/durable/store/entityStore.ts";
import { openDatabase } from "../../../../local/host/durable/store/open.ts";
import { createMemoryLog } from "../support/memoryLog.ts";
import { createStoreFolder, type DurableHost, loadTestApp, startDurableHost } from "./support/durableHost.ts";

let app: FunctionApp;
let host: DurableHost;
let EntityId: typeof import("durable-functions").EntityId;

beforeAll(async () => {
  app = await loadTestApp("basic");
  ({ EntityId } = await import("durable-functions"));
  host = await startDurableHost(app);
});

afterAll(async () => {
  await host.close();
});

const account = (key: string) => new EntityId("account", key);

async function balanceReaches(key: string, balance: number, of = host): Promise<void> {
  await expect
    .poll(async () => (await of.client.readEntityState(account(key))).entityState, { interval: 5 })
    .toBe(balance);
}

describe("signals and calls", () => {
  test("processes clients' signals in order, each exactly once", async () => {
    for (let n = 0; n < 20; n++) await host.client.signalEntity(account("signalled"), "add", 1);

    await balanceReaches("signalled", 20);
  });

  test("answers calls from an orchestrator", async () => {
    expect((await host.run("askEntity", { key: "called", operation: "add", input: 5 })).output).toBe(5);
    expect((await host.run("askEntity", { key: "called", operation: "get" })).output).toBe(5);
  });

  test("raises the operation's error in the caller, although the SDK loses its text", async () => {
    const { output } = await host.run("askEntity", { key: "called", operation: "explode" });

    expect(output).toEqual({ caught: "Error: [object Object]" });
  });

  test.each([false, true])("sends the last turn's signals even if the orchestrator then fails (%s)", async (fails) => {
    const key = `last-${fails}`;

    await host.run("signalAndEnd", { key, fails });

    await balanceReaches(key, 7);
  });

  test("takes keys that differ only in half a surrogate pair for one, as the store does", async () => {
    const keys = Array.from({ length: 20 }, (_, n) => `half ${n % 2 === 0 ? "\ud800" : "\ud801"}`);

    const ends = await Promise.all(keys.map((key) => host.run("askEntity", { key, operation: "add", input: 1 })));

    expect(new Set(ends.map(({ output }) => output)).size).toBe(20);
    await balanceReaches("half \ufffd", 20);
  });

  test("passes on signals between entities", async () => {
    await host.client.signalEntity(account("chain"), "forward", 3);

    await balanceReaches("chain-next", 3);
  });

  test("forgets an entity that destructs itself", async () => {
    await host.client.signalEntity(account("gone"), "add", 1);
    await balanceReaches("gone", 1);

    await host.client.signalEntity(account("gone"), "delete");

    await expect.poll(async () => (await host.client.readEntityState(account("gone"))).entityExists).toBe(false);
  });

  test("refuses to signal an entity that no function implements", async () => {
    await expect(host.client.signalEntity(new EntityId("missing", "1"), "add", 1)).rejects.toThrow("400");
  });
});

describe("locks", () => {
  test("lets two orchestrations into the critical section one after the other", async () => {
    const id = await host.client.startNew("critical", { input: { from: "a", to: "b", hold: true } });
    await host.until(id, ({ runtimeStatus }) => runtimeStatus === "Running");
    const second = await host.client.startNew("critical", { input: { from: "b", to: "a", hold: false } });
    await new Promise((wait) => setTimeout(wait, 30));
    expect((await host.client.getStatus(second)).runtimeStatus).toBe("Running");

    await host.client.raiseEvent(id, "go", 1);

    // The second sees the first one's change.
    expect((await host.finished(id)).output).toBe(0);
    expect((await host.finished(second)).output).toBe(1);
  });

  test("holds back others' signals while the entity is locked, and processes them afterwards", async () => {
    const id = await host.client.startNew("critical", { input: { from: "c", to: "d", hold: true } });
    await expect.poll(async () => (await lockedBy("c")) !== null).toBe(true);
    await host.client.signalEntity(account("c"), "add", 100);

    await host.client.raiseEvent(id, "go", 1);

    expect((await host.finished(id)).output).toBe(0);
    await balanceReaches("c", 99);
  });

  async function lockedBy(key: string): Promise<string | null> {
    const probe = await host.client.startNew("askEntity", { input: { key, operation: "get" } });
    await new Promise((wait) => setTimeout(wait, 20));
    const { runtimeStatus } = await host.client.getStatus(probe);
    await host.client.terminate(probe, "probe");
    return runtimeStatus === "Running" ? "somebody" : null;
  }

  test("releases a terminated holder's locks, and withdraws its pending lock requests", async () => {
    const holder = await host.client.startNew("critical", { input: { from: "e", to: "f", hold: true } });
    const waiter = await host.client.startNew("critical", { input: { from: "f", to: "e", hold: false } });
    await new Promise((wait) => setTimeout(wait, 20));
    await host.client.terminate(waiter, "no longer");
    await host.client.terminate(holder, "no longer");

    const third = await host.run("critical", { from: "e", to: "f", hold: false });

    expect(third).toMatchObject({ runtimeStatus: "Completed", output: 0 });
  });

  test("drops a lock request whose release has overtaken it", () => {
    const message = (key: number, request: EntityRequest): EntityMessage => ({ key, entity: "@a@1", request });
    const lock: EntityRequest = {
      kind: "lock",
      request: "r1",
      instance: 1,
      execution: "x",
      entities: ["@a@1"],
      position: 0,
    };
    const signal: EntityRequest = { kind: "operation", name: "add", input: null, caller: null };
    const queue = [message(1, lock), message(2, signal), message(3, { kind: "release", request: "r1" })];

    const step = nextEntityStep(null, queue, 10);

    expect(step).toEqual({ kind: "operations", batch: [queue[1]], dropped: [queue[0], queue[2]] });
  });

  test("does not pass on a lock whose release is on its way to the disk", async () => {
    const directory = await createStoreFolder();
    const database = openDatabase(join(directory, "entities.sqlite"));
    const store = createEntityStore(database);
    const commit = createGroupCommit(database, { onBroken() {}, countConnections: () => 0 });
    const operation = Promise.withResolvers<InvocationResult>();
    const entities = createEntities({
      app: { ...app, invoke: () => operation.promise },
      functions: indexFunctions(app),
      settings: parseDurableSettings({}),
      store,
      commit,
      clock: createClock(),
      log: createMemoryLog().log,
      answer() {},
    });
    entities.start();
    const [one, two] = ["@account@one", "@account@two"];
    const lock = { request: "r1", instance: 1, execution: "x", entities: [one, two], position: 0 };
    entities.post(one, { kind: "operation", name: "get", input: null, caller: null });
    entities.post(one, { kind: "lock", ...lock });
    commit.flush();

    // The orchestration is terminated in the same tick in which the operation before its lock ends.
    for (const entity of [one, two]) entities.post(entity, { kind: "release", request: "r1" });
    operation.resolve({ result: { entityExists: true, entityState: "0", results: [] }, returnValue: undefined });
    for (let round = 0; round < 9; round++) await commit.committed(() => {});

    expect([one, two].map((entity) => store.entity(entity)?.lock ?? null)).toEqual([null, null]);
    expect(store.messages()).toEqual([]);
    await entities.close();
    database.close();
    await rm(directory, { recursive: true });
  });
});

describe("the management API", () => {
  const call = (path: string, init?: RequestInit) => fetch(`${host.url}/runtime/webhooks/durabletask/${path}`, init);

  test("reads, signals and deletes an entity over HTTP", async () => {
    expect((await call("entities/account/web")).status).toBe(404);
    const json = { method: "POST", headers: { "content-type": "application/json" } };
    expect((await call("entities/ACCOUNT/web?op=add", { ...json, body: "4" })).status).toBe(202);
    await balanceReaches("web", 4);
    expect(await (await call("entities/account/web")).json()).toBe(4);
    expect((await call("entities/account/web?op=add", { ...json, body: "{" })).status).toBe(400);
    expect((await call("entities/account/web", { method: "DELETE" })).status).toBe(202);
    await expect.poll(async () => (await call("entities/account/web")).status).toBe(404);
  });

  test("reads $ in a path as the empty key", async () => {
    await call("entities/account/$?op=add", { method: "POST", body: "2" });

    await expect.poll(async () => (await call("entities/account/$")).status).toBe(200);
  });

  test("lists entities in pages, with their state on request", async () => {
    for (const key of ["list1", "list2", "list3"]) {
      await host.client.signalEntity(account(key), "add", 1);
      await balanceReaches(key, 1);
    }

    const found: unknown[] = [];
    let token = "";
    do {
      const headers: Record<string, string> = token === "" ? {} : { "x-ms-continuation-token": token };
      const response = await call("entities/account?top=2&fetchState=true", { headers });
      found.push(...((await response.json()) as unknown[]));
      token = response.headers.get("x-ms-continuation-token") ?? "";
    } while (token !== "");

    for (const key of ["list1", "list2", "list3"]) {
      expect(found).toContainEqual({
        entityId: { name: "account", key },
        lastOperationTime: expect.stringMatching(/Z$/),
        state: 1,
      });
    }
    expect(await (await call("entities/nosuch")).json()).toEqual([]);
  });
});

test("keeps entities, their locks and their inboxes across a restart", async () => {
  const directory = await createStoreFolder();
  const before = await startDurableHost(app, { directory });
  const holder = await before.client.startNew("critical", { input: { from: "k", to: "l", hold: true } });
  await new Promise((wait) => setTimeout(wait, 50));
  await before.client.signalEntity(account("k"), "add", 10);
  await before.close();

  const after = await startDurableHost(app, { directory });
  await after.client.raiseEvent(holder, "go", 1);

  expect((await after.finished(holder)).output).toBe(0);
  await balanceReaches("k", 9, after);
  await balanceReaches("l", 1, after);
  await after.close();
});
