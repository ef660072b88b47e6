/** Messages for a busy namespace: their order, and what each costs. */

import { beforeEach, describe, expect, it } from "vitest";
import { TransientError } from "../../../src/domain/errors.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { hold, request, World } from "./world.ts";

let world: World;

beforeEach(() => {
  world = new World();
});

describe("the order", () => {
  it("is that of the messages, one operation at a time, each begun when the previous one ends", async () => {
    await hold(world);
    for (const role of ["writer", "executor"]) world.send(request([role]));
    await world.deliverAll();
    expect(world.queue.peek().map(({ state }) => state)).toEqual(["deferred", "deferred"]);

    await world.end();
    expect(world.requests()).toEqual(["reader", "writer"]);
    await world.end("Failed");
    expect(world.requests()).toEqual(["reader", "writer", "executor"]);
    await world.end();

    expect(world.queue.peek()).toEqual([]);
    expect(world.cloud.waiting.size).toBe(0);
    expect(world.deadLetters).toEqual([]);
  });

  it("is kept when a message arrives while the namespace is free and others wait", async () => {
    await hold(world);
    world.send(request(["writer"]));
    await world.deliverAll();
    await world.conclude();
    expect(world.held()).toBeUndefined();

    world.send(request(["executor"]));
    await world.deliverAll();
    await world.settle();

    expect(world.requests()).toEqual(["reader", "writer", "executor"]);
  });

  it("is kept when the previous message is still in another slot, and when it is redelivered", async () => {
    world.send(request(["reader"]));
    world.send(request(["writer"]));
    const slow = world.queue.receive();
    await world.deliver();

    expect(world.requests()).toEqual([]);
    expect(world.queue.peek().map(({ state }) => state)).toEqual(["active", "deferred"]);
    // Its process is gone; the message is redelivered when its lock has expired.
    expect(slow).toBeDefined();
    world.time.advance(61_000);
    await world.settle();

    expect(world.requests()).toEqual(["reader", "writer"]);
  });

  it("does not depend on messages for other namespaces or on invalid ones, which nobody waits for", async () => {
    world.send(request(["reader"], { namespace: "team-b" }));
    world.send({ no: "request" });
    world.send(request(["writer"]));
    const others = [world.queue.receive(), world.queue.receive()];
    expect(others).toHaveLength(2);

    await world.deliver();

    expect(world.requests()).toEqual(["writer"]);
  });

  it("leaves a request to its handler until its message is deferred, even if the namespace becomes free meanwhile", async () => {
    await hold(world);
    world.send(request(["writer"]));
    const message = world.queue.receive();
    if (!message) throw new Error("no message came");
    const { promise: deferring, resolve: defer } = Promise.withResolvers<void>();
    Object.assign(world.ports.queue, {
      async defer(lockToken: string) {
        await deferring;
        world.queue.defer(lockToken);
      },
    });
    const handled = world.handle(message);
    await expect.poll(() => world.cloud.waiting.size).toBe(1);

    await world.end();
    expect(world.requests()).toEqual(["reader"]);
    defer();
    await handled;

    expect(world.requests()).toEqual(["reader", "writer"]);
    expect(world.queue.peek()).toEqual([]);
    expect(world.cloud.waiting.size).toBe(0);
  });

  it("continues after a refused message that others had to wait for", async () => {
    world.send(request(["reader"], { identityMode: "podIdentity", databases: [] }));
    world.send(request(["writer"]));
    const first = world.queue.receive();
    await world.deliver();
    expect(world.requests()).toEqual([]);

    if (first) await world.handle(first);
    await world.survive(() => world.backlog.reconcile(world.worker));

    expect(world.deadLetters).toMatchObject([{ properties: { DeadLetterReason: "INVALID_REQUEST" } }]);
    expect(world.requests()).toEqual(["writer"]);
  });
});

describe("the cost of a message", () => {
  /** Calls of registry and queue, and the records that they return, for each of that many messages for a busy namespace. */
  async function costOf(messages: number): Promise<number> {
    world = new World();
    await hold(world);
    let cost = 0;
    const counting = <P extends object>(port: P): P =>
      new Proxy(port, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== "function") return method;
          return async (...args: unknown[]) => {
            const found: unknown = await Reflect.apply(method, target, args);
            cost += 1 + (Array.isArray(found) ? found.length : 0);
            return found;
          };
        },
      });
    world.use({ registry: counting(world.ports.registry), queue: counting(world.ports.queue) });
    for (let sent = 0; sent < messages; sent += 1) world.send(request([sent % 2 === 0 ? "writer" : "executor"]));
    await world.deliverAll();
    expect(world.cloud.waiting.size).toBe(messages);
    return cost / messages;
  }

  it("is the same however many wait", async () => {
    const few = await costOf(8);

    expect(few).toBeLessThanOrEqual(12);
    // Behind one that is known to wait: its row, its settlement, and a share of a look.
    expect(await costOf(400)).toBeLessThanOrEqual(3);
    expect(await costOf(1_000)).toBeLessThanOrEqual(3);
  });
});

describe("a message that cannot be decided", () => {
  /** The rows of the namespace fail, whatever is read or written. */
  function poison(registry: Ports["registry"], isPoisoned: () => boolean): Ports["registry"] {
    return new Proxy(registry, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          if (isPoisoned() && JSON.stringify(args).includes('"team-a"'))
            throw new TransientError("REGISTRY_UNAVAILABLE", "the rows are away");
          return await Reflect.apply(method, target, args);
        };
      },
    });
  }

  it("keeps a slot only if it is the first of its namespace; the order stays, and others do not wait", async () => {
    let isPoisoned = true;
    world.use({ registry: poison(world.ports.registry, () => isPoisoned) });
    for (const role of ["reader", "writer", "executor"]) world.send(request([role]));
    world.send(request(["reader"], { namespace: "team-b" }));

    const first = world.deliver();
    await expect.poll(() => world.failing.size).toBe(1);
    await world.deliver();
    await world.deliver();
    await world.deliver();

    expect([...world.cloud.namespaces.keys()]).toEqual(["aks-dev/team-b"]);
    expect(world.queue.peek().map(({ state }) => state)).toEqual(["active", "active", "active"]);
    await expect(first).rejects.toThrow("the rows are away");

    isPoisoned = false;
    world.time.advance(61_000);
    await world.settle();
    expect(world.requests()).toEqual(["reader", "reader", "writer", "executor"]);
    expect(world.deadLetters).toEqual([]);
  });
});
