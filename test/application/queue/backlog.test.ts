/** Messages for a busy namespace: their order, what happens at their turn, and a process that dies at any moment. */

import type { DurableClient } from "durable-functions";
import { beforeEach, describe, expect, it } from "vitest";
import { BrokerError } from "../../../local/simulators/serviceBus/errors.ts";
import { createQueue, type LockedMessage, type QueuedMessage } from "../../../local/simulators/serviceBus/queue.ts";
import { acceptOffboarding } from "../../../src/application/acceptance/acceptance.ts";
import { concludeOperation } from "../../../src/application/operation/concludeOperation.ts";
import { type Backlog, createBacklog } from "../../../src/application/queue/backlog.ts";
import { createRefusalTrail } from "../../../src/application/watching/refusalTrail.ts";
import { Queue, Team } from "../../../src/domain/access/access.ts";
import type { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { isHeld, kindOf, operationOf } from "../../../src/domain/operation/lifecycle.ts";
import type { HeldRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { apiVersion, kind } from "../../../src/domain/request/objectForm.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { takeMessage } from "../../../src/functions/onboardings/onboardingRequested.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { QueueMessages } from "../../../src/ports/serviceBus.ts";
import { createAcceptanceContext } from "../../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { clientIdOf } from "../../support/ids.ts";

const minuteMs = 60_000;
const clientId = clientIdOf("33333333-3333-4333-8333-333333333333");

/** A clock that only the test advances, shared by the broker and the backlog. */
function createTime() {
  let time = Date.now();
  return {
    now: () => time,
    wakeAt: () => () => undefined,
    advance(ms: number) {
      time += ms;
    },
  };
}

/** A call, before or after its effect. */
interface Moment {
  readonly at: number;
  readonly when: "before" | "after";
}

/** What happens to a process in the middle of its work; each once. */
interface Incidents {
  /** It dies. */
  readonly death?: Moment;
  /** It stands still until its locks are over and another process has received and settled everything; then it goes on. */
  readonly standstill?: Moment;
}

type Body = object;

/** A namespace, the queue's messages for it, and a service whose processes may die. */
class World {
  readonly time = createTime();
  readonly #expiry = new Map<string, number>();
  readonly deadLetters: { message: QueuedMessage<Body>; properties: object }[] = [];
  readonly queue = createQueue<Body>({ name: "requests", deadLetteringOnExpiration: true }, this.time, {
    accept: (message, properties) => void this.deadLetters.push({ message, properties }),
  });
  readonly cloud: FakeCloud;
  readonly warnings: string[] = [];
  /** Ids of operations in the order in which they first began. */
  readonly begun: string[] = [];
  readonly ended = new Set<string>();
  readonly startedAgain: string[] = [];
  /** Whether the senders of messages say that the namespace may lose what it has. */
  isConfirming = true;
  calls = 0;
  lostLocks = 0;
  #death: Moment | undefined;
  #standstill: Moment | undefined;
  #tellDeath: () => void = () => undefined;
  died = new Promise<void>(() => undefined);
  ports: Ports;
  backlog: Backlog;

  constructor({ death, standstill, catalog = {} }: Incidents & { catalog?: Partial<Catalog> } = {}) {
    this.#death = death;
    this.#standstill = standstill;
    this.cloud = createFakeCloud(catalog);
    const { registry, ...others } = this.cloud.ports;
    this.ports = { ...others, registry: this.#mortal(registry), queue: this.#mortal(this.#messages()) };
    this.backlog = this.#newProcess();
  }

  #newProcess(): Backlog {
    this.died = new Promise((resolve) => {
      this.#tellDeath = resolve;
    });
    const refusals = createRefusalTrail(this.ports);
    return createBacklog(this.ports, { refusals, now: this.time.now });
  }

  /** A new process with another catalog. */
  redeploy(changes: Partial<Catalog>): void {
    this.ports = { ...this.ports, catalog: { ...this.ports.catalog, ...changes } };
    this.backlog = this.#newProcess();
  }

  /** A new process with other adapters. */
  use(ports: Partial<Ports>): void {
    this.ports = { ...this.ports, ...ports };
    this.backlog = this.#newProcess();
  }

  /** Each call of a port may be its process's last. */
  #mortal<P extends object>(port: P): P {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => await this.#call(() => Reflect.apply(method, target, args));
      },
    });
  }

  async #call<R>(effect: () => R): Promise<Awaited<R>> {
    this.calls += 1;
    const death = this.#death?.at === this.calls ? this.#death : undefined;
    const standstill = this.#standstill?.at === this.calls ? this.#standstill : undefined;
    if (death?.when === "before") return await this.#die();
    if (standstill?.when === "before") await this.#letAnotherWork();
    const result = await effect();
    if (death) return await this.#die();
    if (standstill) await this.#letAnotherWork();
    return result;
  }

  async #letAnotherWork(): Promise<void> {
    this.#standstill = undefined;
    this.time.advance(61_000);
    const { died } = this;
    const own = this.backlog;
    this.backlog = this.#newProcess();
    await this.deliverAll();
    await this.backlog.reconcile(this.worker);
    this.died = died;
    this.backlog = own;
  }

  #die(): Promise<never> {
    this.#death = undefined;
    this.#tellDeath();
    // A dead process never answers.
    return new Promise(() => undefined);
  }

  #messages(): QueueMessages {
    const { queue } = this;
    const lockDeferred = async (sequenceNumber: number): Promise<LockedMessage<Body> | undefined> => {
      try {
        return await this.#call(() => queue.receiveDeferred([sequenceNumber])[0]);
      } catch {
        const isThere = queue.peek().some((each) => each.sequenceNumber === sequenceNumber);
        if (isThere) throw new TransientError("SERVICE_BUS_UNAVAILABLE", "somebody has locked it");
        return undefined;
      }
    };
    return {
      complete: async (lockToken) => queue.complete(lockToken),
      deadLetter: async (lockToken, why) => queue.deadLetter(lockToken, why),
      defer: async (lockToken) => queue.defer(lockToken),
      async completeDeferred(sequenceNumber) {
        const message = await lockDeferred(sequenceNumber);
        if (message) queue.complete(message.lockToken);
        return message !== undefined;
      },
      async deadLetterDeferred(sequenceNumber, why) {
        const message = await lockDeferred(sequenceNumber);
        if (message) queue.deadLetter(message.lockToken, why);
        return message !== undefined;
      },
      undecidedBefore: async (before) =>
        queue
          .peek()
          .flatMap(({ state, sequenceNumber, content }) =>
            state === "active" && sequenceNumber < before ? [content] : [],
          ),
      deferredFrom: async (from) => {
        const page = queue.peek({ from, count: 3 });
        const messages = page
          .filter(({ state }) => state === "deferred")
          .map(({ sequenceNumber, messageId, enqueuedAt, content: body }) => ({
            sequenceNumber,
            messageId,
            sentTime: new Date(enqueuedAt),
            expiresTime: new Date(this.#expiry.get(messageId) ?? 0),
            body,
            properties: { confirmRemoval: this.isConfirming },
          }));
        const last = page.at(-1);
        return last ? { messages, next: last.sequenceNumber + 1 } : { messages };
      },
    };
  }

  readonly client = {
    startNew: async (_name: string, { instanceId = "" }: { instanceId?: string }) =>
      await this.#call(() => {
        if (this.ended.has(instanceId)) this.startedAgain.push(instanceId);
        if (!this.begun.includes(instanceId)) this.begun.push(instanceId);
        return instanceId;
      }),
    // The code under test uses no more of the client.
  } as Partial<DurableClient> as DurableClient;

  readonly worker = { client: this.client, warn: (text: string) => void this.warnings.push(text) };

  send(body: Body, { messageId = crypto.randomUUID(), timeToLiveMs = 14 * 24 * 60 * minuteMs } = {}): string {
    this.#expiry.set(messageId, this.time.now() + timeToLiveMs);
    this.queue.send({ messageId, content: body, timeToLiveMs });
    return messageId;
  }

  /** What the host does with the next message; false when there is none. */
  async deliver(): Promise<boolean> {
    const message = this.queue.receive();
    if (message) await this.handle(message);
    return message !== undefined;
  }

  async handle(message: LockedMessage<Body>): Promise<void> {
    const { lockToken, sequenceNumber, messageId, enqueuedAt, content, deliveryCount } = message;
    const context = {
      triggerMetadata: {
        lockToken,
        sequenceNumber,
        messageId,
        deliveryCount: deliveryCount + 1,
        enqueuedTimeUtc: new Date(enqueuedAt).toISOString(),
        expiresAtUtc: new Date(this.#expiry.get(messageId) ?? 0).toISOString(),
        applicationProperties: { confirmRemoval: this.isConfirming },
      },
      log: () => undefined,
      warn: this.worker.warn,
    };
    await this.survive(() =>
      takeMessage(
        this.ports,
        { backlog: this.backlog, requestRecovery: { recoverHolder: async () => false } },
        { message: content, context, client: this.client },
      ).catch((error: unknown) => {
        // The host reports the failure; the message belongs to another receiver, or to nobody any more.
        if (!(error instanceof BrokerError)) throw error;
        this.lostLocks += 1;
      }),
    );
  }

  async deliverAll(): Promise<void> {
    while (await this.deliver());
  }

  /** Runs the work until it is done or its process dies; then a new process takes over, and locks have expired. */
  async survive(work: () => Promise<unknown>): Promise<void> {
    const { died } = this;
    const isDead = await Promise.race([work().then(() => false), died.then(() => true)]);
    if (!isDead) return;
    this.backlog = this.#newProcess();
    this.time.advance(61_000);
  }

  held(): HeldRecord | undefined {
    const record = this.cloud.namespaces.get("aks-dev/team-a");
    return record && isHeld(record) ? record : undefined;
  }

  /** Ends the operation that holds the namespace, without notifying the backlog. */
  async conclude(status: "Succeeded" | "Failed" = "Succeeded"): Promise<HeldRecord> {
    const record = this.held();
    if (!record) throw new Error("no operation holds the namespace");
    const { operation, cluster, namespace, request, requestedBy } = record;
    const ending = { operation, cluster, namespace, request, requestedBy, kind: kindOf(record), leftBehind: false };
    await concludeOperation(this.cloud.ports, { ...ending, status, ...(status === "Succeeded" ? { clientId } : {}) });
    this.ended.add(operation);
    return record;
  }

  /** Ends the operation as the activity that records an end does, and admits the next request. */
  async end(status?: "Succeeded" | "Failed"): Promise<void> {
    const record = await this.conclude(status);
    await this.survive(() => this.backlog.beginNext(this.worker, record));
  }

  /** Runs until nothing is left to do: deliveries, the timer, which may come late, and the ends of operations. */
  async settle({ isTimerLate = false } = {}): Promise<void> {
    for (let round = 0; round < 50; round += 1) {
      await this.deliverAll();
      if (!isTimerLate || !this.held()) await this.survive(() => this.backlog.reconcile(this.worker));
      const record = this.held();
      // Starting what was claimed and never started is the timer's work (startAccepted.ts).
      if (record && !this.begun.includes(record.operation)) {
        await this.cloud.ports.registry.insertOperation(operationOf(record));
        this.begun.push(record.operation);
      }
      // A failed operation does not begin again, either, when its message is delivered a second time.
      if (record) await this.end(rolesOf(record.request) === "executor" ? "Failed" : "Succeeded");
      else if (this.queue.peek().length === 0 && this.cloud.waiting.size === 0) return;
      else this.time.advance(61_000);
    }
    throw new Error(`it does not settle: ${JSON.stringify([...this.cloud.waiting.values()])}`);
  }

  requests(): readonly string[] {
    return this.begun.map((id) => rolesOf(this.cloud.operations.get(id)?.request));
  }
}

const request = (roles: readonly string[], changes: object = {}) => ({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles }],
  ...changes,
});
const rolesOf = (of: OnboardingRequest | undefined) => of?.databases[0]?.roles.join() ?? "nothing";

let world: World;

beforeEach(() => {
  world = new World();
});

/** The first message's operation holds the namespace. */
async function hold(): Promise<void> {
  world.send(request(["reader"]));
  await world.deliverAll();
  expect(world.requests()).toEqual(["reader"]);
}

describe("the order", () => {
  it("is that of the messages, one operation at a time, each begun when the previous one ends", async () => {
    await hold();
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
    await hold();
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
    await hold();
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

describe("at its turn", () => {
  it("a refused request is dead-lettered with its code, and the next one begins", async () => {
    await hold();
    world.send(request(["writer"], { identityMode: "podIdentity" }));
    world.send(request(["executor"]));
    await world.deliverAll();

    await world.end();

    expect(world.deadLetters).toMatchObject([{ properties: { DeadLetterReason: "MODE_CHANGE_REFUSED" } }]);
    expect(world.requests()).toEqual(["reader", "executor"]);
  });

  it("a request that was sent as an object is refused by its own field names", async () => {
    await hold();
    const { cluster, namespace, ...spec } = request(["writer"]);
    world.send({ apiVersion, kind, metadata: { name: "some-name", namespace }, spec: { cluster, ...spec } });
    await world.deliverAll();
    world.redeploy({ sqlServers: {} });

    await world.end();

    expect(world.deadLetters).toMatchObject([
      { properties: { DeadLetterErrorDescription: expect.stringContaining("/spec/databases/0/server") } },
    ]);
  });

  it("a request that waited through an offboarding finds a free namespace", async () => {
    await hold();
    world.send(request(["writer"]));
    await world.deliverAll();
    const record = await world.conclude();
    await acceptOffboarding(createAcceptanceContext(world.cloud), record);
    await world.survive(() => world.backlog.reconcile(world.worker));
    expect(world.requests()).toEqual(["reader"]);

    await world.end();

    expect(world.requests()).toEqual(["reader", "writer"]);
    expect(world.held()).toMatchObject({ state: "Onboarding" });
  });

  it("a request that is already fulfilled needs no operation", async () => {
    await hold();
    for (const role of ["writer", "reader", "reader"]) world.send(request([role]));
    await world.deliverAll();

    await world.settle();

    expect(world.requests()).toEqual(["reader", "writer", "reader"]);
    expect(world.deadLetters).toEqual([]);
  });

  it("a request begins even if its message was removed: the registry has it", async () => {
    await hold();
    world.send(request(["writer"]));
    await world.deliverAll();
    const [deferred] = world.queue.receiveDeferred(world.queue.peek().map(({ sequenceNumber }) => sequenceNumber));
    world.queue.complete(deferred?.lockToken ?? "");

    await world.end();

    expect(world.requests()).toEqual(["reader", "writer"]);
    expect(world.cloud.waiting.size).toBe(0);
  });

  it("a request waits for the timer when the registry does not answer", async () => {
    await hold();
    world.send(request(["writer"]));
    await world.deliverAll();
    const { firstWaiting } = world.cloud.ports.registry;
    world.cloud.ports.registry.firstWaiting = async () => {
      throw new TransientError("REGISTRY_UNAVAILABLE", "away");
    };

    await world.end();
    expect(world.requests()).toEqual(["reader"]);
    expect(world.warnings.join()).toContain("waiting request not begun yet");
    world.cloud.ports.registry.firstWaiting = firstWaiting;
    await world.survive(() => world.backlog.reconcile(world.worker));

    expect(world.requests()).toEqual(["reader", "writer"]);
  });
});

describe("what a namespace would lose", () => {
  const larger = request(["reader", "executor"]);

  it("keeps the sign of the message while the request waits", async () => {
    world.send(larger);
    await world.deliverAll();
    world.send(request(["reader"]));
    await world.deliverAll();
    expect([...world.cloud.waiting.values()]).toMatchObject([{ isRemovalConfirmed: true }]);

    await world.end();

    expect(world.requests()).toEqual(["reader,executor", "reader"]);
  });

  it("goes to the dead letters at its turn if its message has no sign", async () => {
    world.send(larger);
    await world.deliverAll();
    world.isConfirming = false;
    world.send(request(["reader"]));
    await world.deliverAll();

    await world.end();

    expect(world.requests()).toEqual(["reader,executor"]);
    expect(world.deadLetters).toMatchObject([{ properties: { DeadLetterReason: "REMOVAL_NOT_CONFIRMED" } }]);
  });

  it("goes if the request waits since an earlier release, which asked for no sign", async () => {
    world.send(larger);
    await world.deliverAll();
    world.isConfirming = false;
    world.send(request(["reader"]));
    await world.deliverAll();
    for (const [key, { isRemovalConfirmed: _new, ...row }] of world.cloud.waiting) world.cloud.waiting.set(key, row);

    await world.end();

    expect(world.requests()).toEqual(["reader,executor", "reader"]);
  });
});

describe("the wait", () => {
  /** The request waits for that long; then its message is dead-lettered with the reason. */
  async function expectWait(minutes: number): Promise<void> {
    await hold();
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
    await hold();
    world.send(request(["writer"]), { timeToLiveMs: 10 * minuteMs });
    await world.deliverAll();
    world.time.advance(11 * minuteMs);

    await world.end();

    expect(world.requests()).toEqual(["reader"]);
    expect(world.deadLetters).toMatchObject([{ properties: { DeadLetterReason: "TTLExpiredException" } }]);
    expect(world.cloud.waiting.size).toBe(0);
  });

  it("does not end for a request that can begin now, however late the service is", async () => {
    await hold();
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
    await hold();
    for (const role of ["writer", "executor"]) world.send(request([role]));
    await world.deliverAll();
    const [first] = world.cloud.waiting.keys();
    world.cloud.waiting.delete(first ?? 0);
  }

  it("is written again from its deferred message, under the same ID, before the next request begins", async () => {
    await hold();
    world.send(request(["writer"]));
    await world.deliverAll();
    const before = structuredClone([...world.cloud.waiting.values()]);
    world.cloud.waiting.clear();

    await world.survive(() => world.backlog.reconcile(world.worker));

    const { traceparent: _new, since: _sent, ...same } = before[0] ?? {};
    expect([...world.cloud.waiting.values()]).toMatchObject([same]);
    await world.settle();
    expect(world.requests()).toEqual(["reader", "writer"]);
    expect(world.queue.peek()).toEqual([]);
  });

  it("is found wherever it is in the queue, a part of it at each run", async () => {
    await hold();
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

describe("the cost of a message", () => {
  /** Calls of registry and queue, and the records that they return, for each of that many messages for a busy namespace. */
  async function costOf(messages: number): Promise<number> {
    world = new World();
    await hold();
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
    expect(await costOf(400)).toBeLessThanOrEqual(few);
    expect(await costOf(1_000)).toBeLessThanOrEqual(few);
  });
});

/** Three messages for a namespace that a fourth holds, with a process that dies at the given call. */
async function liveThrough(isTimerLate: boolean, incidents: Incidents = {}): Promise<World> {
  world = new World(incidents);
  for (const role of ["reader", "writer", "executor", "reader"]) world.send(request([role]));
  await world.settle({ isTimerLate });
  return world;
}

it.each([
  ["the timer runs in between", false],
  ["the timer is late", true],
])(
  "nothing is lost, begun twice or out of order, whichever call the process dies at, when %s",
  async (_, isTimerLate) => {
    const { calls } = await liveThrough(isTimerLate);
    expect(calls).toBeGreaterThan(50);

    for (let at = 1; at <= calls; at += 1) {
      for (const when of ["before", "after"] as const) {
        const { startedAgain, deadLetters, cloud } = await liveThrough(isTimerLate, { death: { at, when } });

        const what = `died ${when} call ${at}`;
        expect(world.requests(), what).toEqual(["reader", "writer", "executor", "reader"]);
        expect(cloud.operations.size, what).toBe(4);
        expect(startedAgain, what).toEqual([]);
        expect(deadLetters, what).toEqual([]);
      }
    }
  },
);

it("nothing is lost, begun twice or out of order when another receiver takes a message in the middle of its admission", async () => {
  const { calls } = await liveThrough(false);
  let lostLocks = 0;

  for (let at = 1; at <= calls; at += 1) {
    for (const when of ["before", "after"] as const) {
      const lived = await liveThrough(false, { standstill: { at, when } });

      const what = `stood still ${when} call ${at}`;
      expect(lived.requests(), what).toEqual(["reader", "writer", "executor", "reader"]);
      expect(lived.cloud.operations.size, what).toBe(4);
      expect(lived.startedAgain, what).toEqual([]);
      expect(lived.deadLetters, what).toEqual([]);
      lostLocks += lived.lostLocks;
    }
  }
  // Otherwise no message was taken from anybody.
  expect(lostLocks).toBeGreaterThan(20);
});
