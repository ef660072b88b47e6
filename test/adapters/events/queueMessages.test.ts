import { randomUUID } from "node:crypto";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import Long from "long";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  namespaceHost,
  openSandbox,
  type Sandbox,
  until,
} from "../../../packages/azure-sim/test/serviceBus/sandbox.ts";
import { createQueueMessages } from "../../../src/adapters/events/queueMessages.ts";

const names = Array.from({ length: 20 }, (_, index) => `queue-${index}`);
let sandbox: Sandbox;
/** Fresh for every test. */
let queue = "";
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  sandbox = await openSandbox({ queues: names.map((name) => ({ name, lockDurationSeconds: 2 })) });
});
beforeEach(() => {
  queue = names.pop() ?? "";
});
afterEach(async () => {
  sandbox.faults.clear();
  await Promise.all(opened.splice(0).map((messages) => messages.close()));
  await sandbox.closeClients();
});
afterAll(() => sandbox.close());

function open(settings: Partial<Parameters<typeof createQueueMessages>[0]> = {}) {
  const messages = createQueueMessages({
    credential: sandbox.credential(),
    fullyQualifiedNamespace: namespaceHost,
    customEndpointAddress: sandbox.serviceBus.url,
    queue,
    attemptTimeoutMs: 1000,
    ...settings,
  });
  opened.push(messages);
  return messages;
}

/** Stands in for the trigger: it receives on its own connection and hands out the lock token. */
async function receiveAsTrigger(): Promise<ServiceBusReceivedMessage & { lockToken: string }> {
  sandbox.serviceBus.queue(queue).send({ body: { namespace: "team-a" }, messageId: "request" });
  const receiver = sandbox.client().createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 });
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 3000 });
  if (!message?.lockToken) throw new Error("no locked message came");
  return { ...message, lockToken: message.lockToken };
}

const view = () => sandbox.serviceBus.queue(queue);

test("a message that another connection received is completed by its lock token", async () => {
  const { lockToken } = await receiveAsTrigger();

  await open().complete(lockToken);

  expect(view().messages()).toEqual([]);
  expect(view().deadLetters()).toEqual([]);
  expect(sandbox.faults.journal).toContainEqual({ wire: "serviceBus", operation: "complete", target: queue });
});

test("a message that another connection received is dead-lettered with reason and description", async () => {
  const { lockToken } = await receiveAsTrigger();

  await open().deadLetter(lockToken, { reason: "INVALID_REQUEST", description: "/cluster is missing" });

  expect(view().messages()).toEqual([]);
  expect(view().deadLetters()).toMatchObject([
    {
      body: { namespace: "team-a" },
      applicationProperties: {
        DeadLetterReason: "INVALID_REQUEST",
        DeadLetterErrorDescription: "/cluster is missing",
      },
    },
  ]);
});

test("a description longer than Service Bus allows is cut, not refused", async () => {
  const { lockToken } = await receiveAsTrigger();

  await open().deadLetter(lockToken, { reason: "INVALID_REQUEST", description: "x".repeat(5000) });

  const [dead] = view().deadLetters();
  expect(dead?.applicationProperties["DeadLetterErrorDescription"]).toBe("x".repeat(4096));
});

test("settling works when the connection that received is gone", async () => {
  const { lockToken } = await receiveAsTrigger();
  await sandbox.closeClients();

  await open().complete(lockToken);

  expect(view().messages()).toEqual([]);
});

test("an expired lock is a transient failure with its own code, and the message is redelivered", async () => {
  const { lockToken } = await receiveAsTrigger();
  await new Promise((resolve) => setTimeout(resolve, 2100));

  await expect(open().complete(lockToken)).rejects.toMatchObject({ name: "TransientError", code: "MESSAGE_LOCK_LOST" });
  await expect(open().deadLetter(randomUUID(), { reason: "x", description: "y" })).rejects.toMatchObject({
    code: "MESSAGE_LOCK_LOST",
  });

  expect(view().messages()).toMatchObject([{ messageId: "request", deliveryCount: 1 }]);
});

test("completing a message twice reports a lost lock the second time", async () => {
  const messages = open();
  const { lockToken } = await receiveAsTrigger();

  await messages.complete(lockToken);

  await expect(messages.complete(lockToken)).rejects.toMatchObject({ code: "MESSAGE_LOCK_LOST" });
});

test("settling resumes after the connection was cut", async () => {
  const messages = open();
  await messages.complete((await receiveAsTrigger()).lockToken);
  const { lockToken } = await receiveAsTrigger();

  sandbox.serviceBus.cutConnections();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await messages.complete(lockToken);

  expect(view().messages()).toEqual([]);
});

test("a busy service is asked again", async () => {
  const { lockToken } = await receiveAsTrigger();
  sandbox.faults.add({
    wire: "serviceBus",
    operation: "complete",
    times: 2,
    effect: { kind: "error", code: "com.microsoft:server-busy" },
  });

  await open().complete(lockToken);

  expect(view().messages()).toEqual([]);
});

test("a missing answer is a transient failure within the time limit, and the next settlement opens a new connection", async () => {
  const messages = open({ timeoutMs: 600 });
  const { lockToken } = await receiveAsTrigger();
  sandbox.faults.add({ wire: "serviceBus", operation: "complete", effect: { kind: "hang" } });
  const started = Date.now();

  await expect(messages.complete(lockToken)).rejects.toMatchObject({
    name: "TransientError",
    code: "SERVICE_BUS_UNAVAILABLE",
    message: `Completing a message of queue "${queue}" failed: no answer within 600 ms`,
  });
  expect(Date.now() - started).toBeLessThan(1500);

  await messages.complete(lockToken);
  expect(view().messages()).toEqual([]);
});

test("a connection that is cut before the answer also fails within the time limit", async () => {
  const messages = open({ timeoutMs: 600 });
  const { lockToken } = await receiveAsTrigger();
  sandbox.faults.add({ wire: "serviceBus", operation: "complete", effect: { kind: "cutAfter" } });

  await expect(messages.complete(lockToken)).rejects.toMatchObject({ code: "SERVICE_BUS_UNAVAILABLE" });

  expect(view().messages()).toEqual([]);
  await expect(messages.complete(lockToken)).rejects.toMatchObject({ code: "MESSAGE_LOCK_LOST" });
});

test("an identity without a role, and a queue that does not exist, are permanent failures", async () => {
  const stranger = open({ credential: sandbox.credential({ appid: randomUUID() }) });

  await expect(stranger.complete(randomUUID())).rejects.toMatchObject({
    name: "PermanentError",
    code: "SERVICE_BUS_FORBIDDEN",
  });
  await expect(open({ queue: "nowhere" }).complete(randomUUID())).rejects.toMatchObject({
    name: "PermanentError",
    code: "SERVICE_BUS_REJECTED",
  });
});

test("the trigger's receiver gets more messages than its AMQP session has slots, all settled over another connection", async () => {
  const messages = open();
  for (let index = 0; index < 2200; index++) view().send({ body: index });

  sandbox
    .client()
    .createReceiver(queue)
    .subscribe(
      { processMessage: ({ lockToken }) => messages.complete(lockToken ?? ""), async processError() {} },
      { autoCompleteMessages: false, maxConcurrentCalls: 20 },
    );

  // Takes some seconds on an idle machine, many on a shared one.
  await until(() => view().messages().length === 0, { withinMs: 80_000 });
});

async function deferOne(messages: ReturnType<typeof open>): Promise<number> {
  const { lockToken, sequenceNumber } = await receiveAsTrigger();
  await messages.defer(lockToken);
  return sequenceNumber?.toNumber() ?? 0;
}

test("a deferred message can only be received by its number, and is completed by it", async () => {
  const messages = open();
  const number = await deferOne(messages);
  expect(view().messages()).toMatchObject([{ state: "deferred", sequenceNumber: number, deliveryCount: 0 }]);

  expect(await messages.completeDeferred(number)).toBe(true);

  expect(view().messages()).toEqual([]);
  expect(await messages.completeDeferred(number)).toBe(false);
});

test("a deferred message is dead-lettered with reason and description", async () => {
  const messages = open();
  const why = { reason: "OPERATION_IN_PROGRESS", description: "Operation x runs." };

  expect(await messages.deadLetterDeferred(await deferOne(messages), why)).toBe(true);

  expect(view().deadLetters()).toMatchObject([
    { applicationProperties: { DeadLetterReason: why.reason, DeadLetterErrorDescription: why.description } },
  ]);
  expect(view().messages()).toEqual([]);
});

test("a deferred message that is locked but not settled does not count as gone, and can be deferred again", async () => {
  const messages = open();
  const number = await deferOne(messages);
  await sandbox.client().createReceiver(queue).receiveDeferredMessages(Long.fromNumber(number));

  await expect(messages.completeDeferred(number)).rejects.toMatchObject({ name: "TransientError" });

  // The lock expires after two seconds.
  await expect.poll(() => messages.completeDeferred(number).catch(() => "locked")).toBe(true);
});

test("finds the messages before a given one that are neither settled nor deferred, locked ones included", async () => {
  const messages = open();
  const deferred = await deferOne(messages);
  const locked = await receiveAsTrigger();
  for (const index of [1, 2]) view().send({ body: { index } });
  const [, , , last] = view().messages();

  expect(await messages.undecidedBefore(deferred)).toEqual([]);
  expect(await messages.undecidedBefore(last?.sequenceNumber ?? 0)).toEqual([{ namespace: "team-a" }, { index: 1 }]);
  await messages.complete(locked.lockToken);
  expect(await messages.undecidedBefore(last?.sequenceNumber ?? 0)).toEqual([{ index: 1 }]);
});

test("peeks at as little for one more message behind many as behind few, while the first of all is undecided", async () => {
  const messages = open();
  view().send({ body: { index: -1 } });
  const holder = sandbox.client().createReceiver(queue);
  const [first] = await holder.receiveMessages(1);
  if (!first) throw new Error("no message came");
  const receiver = sandbox.client().createReceiver(queue);
  const peeks = () => sandbox.faults.journal.filter(({ operation }) => operation === "peek").length;
  const costs: number[] = [];
  for (let behind = 0; behind < 600; behind += 100) {
    for (let index = 0; index < 100; index += 1) view().send({ body: { index: behind + index } });
    await holder.renewMessageLock(first);
    // A tenth of them stays undecided for now, as if other slots had them.
    for (const message of await receiver.receiveMessages(90)) await receiver.deferMessage(message);
    const last = view().messages().at(-1)?.sequenceNumber ?? 0;
    await messages.undecidedBefore(last);
    await holder.renewMessageLock(first);
    const before = peeks();

    expect(await messages.undecidedBefore(last)).toContainEqual({ index: -1 });
    costs.push(peeks() - before);
    for (const message of await receiver.receiveMessages(10)) await receiver.deferMessage(message);
  }

  // One for the first of all, one for the undecided at the end, and one for those that were undecided at the look before.
  expect(Math.max(...costs)).toBeLessThanOrEqual(3);
}, 30_000);

test("lists deferred messages page by page, as they were sent", async () => {
  const messages = open();
  const numbers = [await deferOne(messages), await deferOne(messages)];
  view().send({ body: { index: 1 } });

  const found = await messages.deferredFrom(1);

  expect(found.messages.map(({ sequenceNumber }) => sequenceNumber)).toEqual(numbers);
  expect(found.messages[0]).toMatchObject({
    messageId: "request",
    body: { namespace: "team-a" },
    sentTime: expect.any(Date),
    expiresTime: expect.any(Date),
    properties: expect.any(Object),
  });
  expect(await messages.deferredFrom((numbers[0] ?? 0) + 1)).toMatchObject({
    messages: [{ sequenceNumber: numbers[1] }],
  });
  expect(await messages.deferredFrom(found.next ?? 0)).toEqual({ messages: [] });
});
