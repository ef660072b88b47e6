/** What a rewind makes of answers that the orchestration got, or did not get, after its orchestrator had failed. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { EntityId } from "durable-functions";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FunctionApp } from "../../../../local/host/app.ts";
import { createStoreFolder, type DurableHost, loadTestApp, startDurableHost } from "./support/durableHost.ts";
import { serve } from "./support/serve.ts";

let app: FunctionApp;
let host: DurableHost;

beforeAll(async () => {
  app = await loadTestApp("basic");
  host = await startDurableHost(app);
});

afterAll(async () => {
  await host.close();
});

const balanceOf = async (key: string, of: DurableHost = host) =>
  (await of.client.readEntityState<number>(new EntityId("account", key))).entityState;

/** Nothing else can be done with the entity until the returned function has run. */
async function lock(key: string, of: DurableHost = host): Promise<() => Promise<void>> {
  const holder = await of.client.startNew("critical", { input: { from: key, to: `${key} too`, hold: true } });
  await of.until(holder, ({ runtimeStatus }) => runtimeStatus === "Running");
  await expect.poll(async () => (await typesIn(holder, of)).includes("EventRaised")).toBe(true);
  return async () => {
    await of.client.raiseEvent(holder, "go", 1);
    await of.finished(holder);
  };
}

async function typesIn(id: string, of: DurableHost = host): Promise<string[]> {
  const response = await fetch(`${of.url}/runtime/webhooks/durabletask/instances/${id}?showHistory=true`);
  const { historyEvents } = (await response.json()) as { historyEvents: { EventType: string }[] };
  return historyEvents.map(({ EventType }) => EventType);
}

describe("an answer that came after the failure", () => {
  const late = {
    activity: (of: DurableHost, key: string) => {
      of.seen.gates.get(`${key} beside`)?.();
      return Promise.resolve();
    },
    child: async (of: DurableHost, key: string) => {
      await of.client.raiseEvent(`${key}-child`, "go", "heard");
      await of.finished(`${key}-child`);
    },
  };

  test.each(["before", "after"])("of an entity, %s a restart, is there after a rewind", async (when) => {
    const directory = await createStoreFolder();
    let own = await startDurableHost(app, { directory });
    const key = `late entity ${when}`;
    const unlock = await lock(key, own);
    const { instanceId } = await own.run("failBeside", { key, beside: "entity" });
    await unlock();
    await expect.poll(() => balanceOf(key, own)).toBe(0);
    if (when === "after") {
      await own.close();
      own = await startDurableHost(app, { directory });
    }
    own.seen.switches.add(key);

    await own.client.rewind(instanceId, "fixed");

    expect((await own.finished(instanceId)).output).toEqual([0, `${key} is on`]);
    expect(await balanceOf(key, own)).toBe(0);
    await own.close();
    await rm(directory, { recursive: true });
  });

  async function failBeside(input: { readonly key: string; readonly beside: keyof typeof late }): Promise<string> {
    const id = await host.client.startNew("failBeside", { input });
    await expect.poll(async () => (await typesIn(id)).includes("TaskFailed")).toBe(true);
    expect((await host.client.getStatus(id)).runtimeStatus).toBe("Running");
    await late[input.beside](host, input.key);
    expect((await host.finished(id)).runtimeStatus).toBe("Failed");
    return id;
  }

  test("of an activity is there after a rewind, and the activity does not run again", async () => {
    const key = "late activity";
    const instanceId = await failBeside({ key, beside: "activity" });
    host.seen.switches.add(key);

    await host.client.rewind(instanceId, "fixed");

    expect((await host.finished(instanceId)).output).toEqual([`${key} beside is open`, `${key} is on`]);
    expect(host.seen.runs.get(`${key} beside`)).toBe(1);
  });

  test("of a sub-orchestration is there after a rewind, even if that was purged", async () => {
    const key = "late-child";
    const instanceId = await failBeside({ key, beside: "child" });
    expect(await host.client.purgeInstanceHistory(`${key}-child`)).toEqual({ instancesDeleted: 1 });
    host.seen.switches.add(key);

    await host.client.rewind(instanceId, "fixed");

    expect((await host.finished(instanceId)).output).toEqual(["heard", `${key} is on`]);
  });

  test("of an entity comes after the rewind, too", async () => {
    const key = "later entity";
    const unlock = await lock(key);
    const { instanceId } = await host.run("failBeside", { key, beside: "entity" });
    host.seen.switches.add(key);

    await host.client.rewind(instanceId, "fixed");
    await unlock();

    expect((await host.finished(instanceId)).output).toEqual([0, `${key} is on`]);
  });
});

test.each([
  { name: "twoEvents", given: ["one", "two"], output: ["one", "two"] },
  { name: "listen", given: ["word", "word"], output: ["first", "second"] },
])(
  "events that were accepted before and during the last turn of $name are there after a rewind, in order",
  async (events) => {
    const fault = Promise.withResolvers<string | undefined>();
    const isAsked = Promise.withResolvers<void>();
    let isHealthy = true;
    const own = await startDurableHost(app, {
      meetTurn: () => {
        if (isHealthy) return Promise.resolve(undefined);
        isAsked.resolve();
        return fault.promise;
      },
    });
    const { name, given, output } = events;
    const id = await own.client.startNew(name, { input: [] });
    await own.until(id, ({ runtimeStatus }) => runtimeStatus === "Running");
    isHealthy = false;
    await own.client.raiseEvent(id, given[0] ?? "", output[0]);
    await isAsked.promise;
    await own.client.raiseEvent(id, given[1] ?? "", output[1]);
    fault.resolve("a scripted fault");
    expect((await own.finished(id)).runtimeStatus).toBe("Failed");
    isHealthy = true;

    await own.client.rewind(id, "fixed");

    if (name === "listen") await own.client.raiseEvent(id, "word", "end");
    expect((await own.finished(id)).output).toEqual(output);
    await own.close();
  },
);

test("is refused, and says so, when the answer of an entity was lost", async () => {
  const directory = await createStoreFolder();
  const before = await startDurableHost(app, { directory });
  const key = "lost answer";
  const unlock = await lock(key, before);
  const { instanceId } = await before.run("failBeside", { key, beside: "entity" });
  await unlock();
  await before.close();
  const database = new DatabaseSync(join(directory, "TestHubName.sqlite"));
  database.exec("DELETE FROM messages");
  database.close();
  const after = await startDurableHost(app, { directory });

  await expect(after.client.rewind(instanceId, "fixed")).rejects.toThrow(
    `Instance '${instanceId}' waits for the answer of entity '@account@${key}', which was lost when it had failed.`,
  );

  expect((await after.client.getStatus(instanceId)).runtimeStatus).toBe("Failed");
  await after.close();
  await rm(directory, { recursive: true });
});

test("is refused, and changes nothing, when a child had failed while it held entity locks", async () => {
  const key = "locked-child";
  const { instanceId } = await host.run("failLockedParent", key);
  const ids = [instanceId, `${key}-first`, `${key}-second`];
  for (const id of ids) await host.finished(id);
  const histories = await Promise.all(ids.map((id) => typesIn(id)));

  await expect(host.client.rewind(instanceId, "fixed")).rejects.toThrow(
    `Instance '${key}-second' failed while it held entity locks, which it has given back since.`,
  );

  expect(await Promise.all(ids.map((id) => typesIn(id)))).toEqual(histories);
});

test("a call over HTTP that is polled waits for its timer after a rewind, too", async () => {
  const asked: number[] = [];
  const server = await serve(() => {
    asked.push(Date.now());
    const isFirst = asked.length === 1;
    return Promise.resolve(
      isFirst
        ? { status: 202, headers: { location: "/again", "retry-after": "1" }, body: "" }
        : { status: 200, headers: {}, body: "done" },
    );
  });
  const key = "polled";
  const id = await host.client.startNew("failWhilePolling", { input: { key, url: server.url } });
  await expect.poll(async () => (await typesIn(id)).includes("TimerCreated")).toBe(true);
  await host.client.raiseEvent(id, "go on", 1);
  await host.finished(id);
  host.seen.switches.add(key);

  await host.client.rewind(id, "fixed");

  expect((await host.finished(id)).output).toBe("done");
  expect(asked).toHaveLength(2);
  // A timer wakes its orchestration a little early.
  expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThan(900);
  await server.close();
});

describe.each([false, true])(
  "an answer to what the rewind has undone, with a restart in between: %s",
  (isRestarted) => {
    let directory: string;
    let own: DurableHost;
    let fault: string | undefined;
    const startOwn = () => startDurableHost(app, { directory, graceMs: 0, meetTurn: () => Promise.resolve(fault) });

    beforeEach(async () => {
      directory = await createStoreFolder();
      own = await startOwn();
    });

    afterEach(async () => {
      await own.close();
      await rm(directory, { recursive: true });
    });

    async function restart(): Promise<void> {
      if (!isRestarted) return;
      await own.close();
      own = await startOwn();
    }

    /** Not by the orchestrator: it would leave, and its orchestration would wait for the mending. */
    async function fail(id: string): Promise<void> {
      fault = "a scripted fault";
      await own.client.raiseEvent(id, "give up", 1);
      expect((await own.finished(id)).runtimeStatus).toBe("Failed");
      fault = undefined;
    }

    async function running(id: string): Promise<void> {
      const get = async () => (await fetch(`${own.url}/runtime/webhooks/durabletask/instances/${id}`)).text();
      await expect.poll(get).toContain('"Running"');
    }

    test("of an activity is not taken for that of another", async () => {
      const key = `stale activity ${isRestarted}`;
      const { gates, switches } = own.seen;
      const id = await own.client.startNew("failWhileMending", { input: { key, mend: "activity" } });
      await expect.poll(() => gates.has(`${key} mending`)).toBe(true);
      await fail(id);
      switches.add(key);
      await own.client.rewind(id, "fixed");
      await expect.poll(() => gates.has(`${key} next`)).toBe(true);
      if (isRestarted) gates.clear();
      await restart();
      await expect.poll(() => [`${key} mending`, `${key} next`].every((gate) => gates.has(gate))).toBe(true);

      gates.get(`${key} mending`)?.();
      gates.get(`${key} next`)?.();

      expect((await own.finished(id)).output).toBe(`${key} next is open`);
    });

    test("of a sub-orchestration is not taken for that of another", async () => {
      const key = `stale-child-${isRestarted}`;
      const id = await own.client.startNew("failWhileMending", { input: { key, mend: "child" } });
      await running(`${key}-mending`);
      await fail(id);
      own.seen.switches.add(key);
      await own.client.rewind(id, "fixed");
      await running(`${key}-next`);
      await restart();

      await own.client.raiseEvent(`${key}-mending`, "go", "stale");
      await own.finished(`${key}-mending`);
      await own.client.raiseEvent(`${key}-next`, "go", "right");

      expect((await own.finished(id)).output).toBe("right");
    });
  },
);
