/** A namespace with messages for it while it is busy, on a broker whose processes may die at any call. */

import { BrokerError, createQueue, type LockedMessage, type QueuedMessage } from "azure-sim/serviceBus";
import type { DurableClient } from "durable-functions";
import { expect } from "vitest";
import { concludeOperation } from "../../../src/application/operation/concludeOperation.ts";
import { type Backlog, createBacklog } from "../../../src/application/queue/backlog.ts";
import { createRefusalTrail } from "../../../src/application/watching/refusalTrail.ts";
import type { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { isHeld, kindOf, operationOf } from "../../../src/domain/operation/lifecycle.ts";
import type { HeldRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { receiveMessage } from "../../../src/functions/onboardings/onboardingRequested.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { QueueMessages } from "../../../src/ports/serviceBus.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { clientIdOf } from "../../support/ids.ts";

export const minuteMs = 60_000;
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
export interface Incidents {
  /** It dies. */
  readonly death?: Moment;
  /** It stands still until its locks are over and another process has received and settled everything; then it goes on. */
  readonly standstill?: Moment;
}

type Body = object;

/** A namespace, the queue's messages for it, and a service whose processes may die. */
export class World {
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
  /** Of its process, as in main.ts. */
  failing = new Set<string>();
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
    this.failing = new Set();
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
      receiveMessage(
        this.ports,
        { backlog: this.backlog, requestRecovery: { recoverHolder: async () => false }, failing: this.failing },
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

export const request = (roles: readonly string[], changes: object = {}) => ({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles }],
  ...changes,
});
const rolesOf = (of: OnboardingRequest | undefined) => of?.databases[0]?.roles.join() ?? "nothing";

/** The first message's operation holds the namespace. */
export async function hold(world: World): Promise<void> {
  world.send(request(["reader"]));
  await world.deliverAll();
  expect(world.requests()).toEqual(["reader"]);
}
