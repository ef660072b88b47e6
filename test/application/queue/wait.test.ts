/** How long a request waits, and what becomes of it when its row is lost. */

import { beforeEach, describe, expect, it } from "vitest";
import { Queue, Team } from "../../../src/domain/access/access.ts";
import { hold, minuteMs, request, World } from "./world.ts";

let world: World;

beforeEach(() => {
  world = new World();
});

describe("the wait", () => {
  /** The request waits for that long; then its message is dead-lettered with the reason. */
  async function expectWait(minutes: number): Promise<void> {
    await hold(world);
    world.send(request(["writer"]));
    await world.deliverAll();
    world.time.advance((minutes - 1) * minuteMs);
    await world.backlog.reconcile(world.worker);
    expect(world.deadLetters).toEqual([]);

    world.time.advance(2 * minuteMs);
    await world.backlog.reconcile(world.worker);

    const operation = world.held()?.operation ?? "nothing";
    const why = {
      DeadLetterReason: "OPERATION_IN_PROGRESS",
      DeadLetterErrorDescription: expect.stringContaining(operation),
    };
    expect(world.deadLetters).toMatchObject([{ properties: why }]);
    expect(world.cloud.waiting.size).toBe(0);
    await world.end();
    expect(world.requests()).toEqual(["reader"]);
  }

  it("is a week by default", () => expectWait(7 * 24 * 60));

  it("is as long as the catalog says", async () => {
    const databases = { "sql-dev": { messages: ["reader", "writer"] } };
    const platform = Team.parse({ clusters: ["aks-dev"], namespaces: ["*"], databases });
    world = new World({ catalog: { teams: { platform }, queue: Queue.parse({ team: "platform", waitMinutes: 5 }) } });

    await expectWait(5);
  });

  it("is no longer than the message's time to live, and nothing of it runs after that", async () => {
    await hold(world);
    world.send(request(["writer"]), { timeToLiveMs: 10 * minuteMs });
    await world.deliverAll();
    world.time.advance(11 * minuteMs);

    await world.end();

    expect(world.requests()).toEqual(["reader"]);
    expect(world.deadLetters).toMatchObject([{ properties: { DeadLetterReason: "TTLExpiredException" } }]);
    expect(world.cloud.waiting.size).toBe(0);
  });

  it("does not end for a request that can begin now, however late the service is", async () => {
    await hold(world);
    world.send(request(["writer"]));
    await world.deliverAll();
    await world.conclude();
    world.time.advance(8 * 24 * 60 * minuteMs);

    await world.backlog.reconcile(world.worker);

    expect(world.requests()).toEqual(["reader", "writer"]);
    expect(world.deadLetters).toEqual([]);
  });
});

describe("a lost row", () => {
  /** The first of two waiting requests has lost its row, as after a restore of the table. */
  async function lose(): Promise<void> {
    await hold(world);
    for (const role of ["writer", "executor"]) world.send(request([role]));
    await world.deliverAll();
    const [first] = world.cloud.waiting.keys();
    world.cloud.waiting.delete(first ?? 0);
  }

  it("is written again from its deferred message, under the same ID, before the next request begins", async () => {
    await hold(world);
    world.send(request(["writer"]));
    await world.deliverAll();
    const before = structuredClone([...world.cloud.waiting.values()]);
    world.cloud.waiting.clear();

    await world.survive(() => world.backlog.reconcile(world.worker));

    // Written again: at another time, as another message.
    const another = {
      traceparent: expect.any(String),
      since: expect.any(String),
      etag: expect.any(String),
      changedTime: expect.any(String),
    };
    expect([...world.cloud.waiting.values()]).toMatchObject([{ ...before[0], ...another }]);
    await world.settle();
    expect(world.requests()).toEqual(["reader", "writer"]);
    expect(world.queue.peek()).toEqual([]);
  });

  it("is found wherever it is in the queue, a part of it at each run", async () => {
    await hold(world);
    for (let count = 0; count < 40; count += 1) world.send(request([count % 2 === 0 ? "writer" : "executor"]));
    await world.deliverAll();
    world.cloud.waiting.delete(40);

    for (let run = 0; run < 4; run += 1) await world.survive(() => world.backlog.reconcile(world.worker));

    expect(world.cloud.waiting.has(40)).toBe(true);
    expect(world.cloud.waiting.size).toBe(40);
  });

  it("is not written for a message that was settled meanwhile", async () => {
    await lose();
    const { insertWaiting } = world.cloud.ports.registry;
    const written: number[] = [];
    world.cloud.ports.registry.insertWaiting = async (record) => {
      written.push(record.sequenceNumber);
      await insertWaiting(record);
    };
    const { listWaiting } = world.cloud.ports.registry;
    let looks = 0;
    // Another instance settles it between the look at the queue and the look at the rows.
    world.cloud.ports.registry.listWaiting = async () => {
      looks += 1;
      const [message] = looks === 3 ? world.queue.receiveDeferred([2]) : [];
      if (message) world.queue.complete(message.lockToken);
      return await listWaiting();
    };

    await world.survive(() => world.backlog.reconcile(world.worker));

    expect(looks).toBeGreaterThanOrEqual(3);
    expect(written).toEqual([]);
  });

  it("of a message that can never begin ends in the dead-letter queue", async () => {
    world.send({ no: "request" });
    const message = world.queue.receive();
    world.queue.defer(message?.lockToken ?? "");

    await world.survive(() => world.backlog.reconcile(world.worker));

    expect(world.deadLetters).toMatchObject([{ properties: { DeadLetterReason: "INVALID_REQUEST" } }]);
  });
});

describe("a row that cannot be read", () => {
  /** That of the first of two waiting requests; the second one comes afterwards. */
  async function spoil(): Promise<void> {
    await hold(world);
    world.send(request(["writer"]));
    await world.deliverAll();
    const [first = 0] = world.cloud.waiting.keys();
    world.cloud.spoil("MooringWaiting", String(first).padStart(20, "0"));
    world.send(request(["executor"]));
    await world.deliverAll();
  }

  it("keeps later requests waiting, in their order, and fails none of their messages", async () => {
    await spoil();

    expect(world.cloud.waiting.size).toBe(2);
    await world.end();
    expect(world.requests()).toEqual(["reader"]);
    expect(world.warnings).toEqual([]);
    await world.settle();
    expect(world.requests()).toEqual(["reader", "writer", "executor"]);
    expect({ left: world.queue.peek(), refused: world.deadLetters }).toEqual({ left: [], refused: [] });
  });

  it("is written again from its deferred message, once", async () => {
    await spoil();

    for (let run = 0; run < 2; run += 1) await world.survive(() => world.backlog.reconcile(world.worker));

    expect(world.warnings).toEqual([expect.stringContaining("waiting request restored")]);
    expect(await world.cloud.ports.registry.waitingFor({ cluster: "aks-dev", namespace: "team-a" })).toHaveLength(2);
  });

  it("hides no other of its namespace from callers", async () => {
    await spoil();

    const waiting = await world.cloud.ports.registry.waitingFor({ cluster: "aks-dev", namespace: "team-a" });

    expect(waiting.map(({ request: { databases } }) => databases[0]?.roles)).toEqual([["executor"]]);
  });
});
