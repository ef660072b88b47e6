import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { lockTokenFromUuid } from "../../src/amqp/rhea.ts";
import { openSandbox, type Sandbox, until } from "./sandbox.ts";

let sandbox: Sandbox;
const queue = "onboarding-requests";
const shortLocks = "short-locks";

beforeAll(async () => {
  sandbox = await openSandbox({
    queues: [
      { name: queue, maxDeliveryCount: 3 },
      { name: shortLocks, lockDurationSeconds: 1 },
      { name: "no-duplicates", duplicateDetectionSeconds: 60 },
    ],
  });
});
afterEach(() => sandbox.closeClients());
afterAll(() => sandbox.close());

const inQueue = (name = queue) => sandbox.serviceBus.queue(name);

async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 4000 });
  if (!message) throw new Error("no message came");
  return message;
}

test("a message is received once, completed and then gone", async () => {
  const client = sandbox.client();
  const receiver = client.createReceiver(queue);

  await client.createSender(queue).sendMessages({
    body: { namespace: "team-a" },
    messageId: "one",
    subject: "onboard",
    contentType: "application/json",
    correlationId: "operation-1",
    applicationProperties: { attempt: 1, urgent: true },
  });
  const message = await receiveOne(receiver);

  expect(message).toMatchObject({
    body: { namespace: "team-a" },
    messageId: "one",
    subject: "onboard",
    contentType: "application/json",
    correlationId: "operation-1",
    applicationProperties: { attempt: 1, urgent: true },
    deliveryCount: 0,
    state: "active",
  });
  expect(message.lockedUntilUtc?.getTime()).toBeGreaterThan(Date.now() + 50_000);
  expect(message.enqueuedTimeUtc?.getTime()).toBeLessThanOrEqual(Date.now());
  expect(inQueue().messages()).toHaveLength(1);
  await receiver.completeMessage(message);
  expect(inQueue().messages()).toEqual([]);
});

test("a message has its enqueued sequence number, and expires after its time to live", async () => {
  const client = sandbox.client();
  const sender = client.createSender(shortLocks);
  const receiver = client.createReceiver(shortLocks, { receiveMode: "receiveAndDelete" });

  await sender.sendMessages([{ body: "brief", timeToLive: 1 }]);
  await sleep(20);
  await sender.sendMessages([{ body: "lasting", timeToLive: 60_000 }]);
  const message = await receiveOne(receiver);

  expect(message.body).toBe("lasting");
  expect(message.enqueuedSequenceNumber).toBe(message.sequenceNumber?.toNumber());
});

test("an abandoned message is redelivered with a higher count, and dead-lettered after the last delivery", async () => {
  const client = sandbox.client();
  const receiver = client.createReceiver(queue);
  await client.createSender(queue).sendMessages({ body: "x", messageId: "poison" });

  for (const deliveryCount of [0, 1, 2]) {
    const message = await receiveOne(receiver);
    expect(message.deliveryCount).toBe(deliveryCount);
    await receiver.abandonMessage(message, { lastError: `failure ${deliveryCount}` });
  }

  const dead = await receiveOne(
    client.createReceiver(queue, { subQueueType: "deadLetter", receiveMode: "receiveAndDelete" }),
  );
  expect(dead).toMatchObject({
    messageId: "poison",
    deadLetterReason: "MaxDeliveryCountExceeded",
    applicationProperties: { lastError: "failure 2" },
  });
  expect(inQueue().deadLetters()).toEqual([]);
});

test("a dead-lettered message has its reason, description and properties", async () => {
  const client = sandbox.client();
  const receiver = client.createReceiver(queue);
  await client.createSender(queue).sendMessages({ body: "x", messageId: "bad" });

  await receiver.deadLetterMessage(await receiveOne(receiver), {
    deadLetterReason: "INVALID_REQUEST",
    deadLetterErrorDescription: "The request does not have the documented shape.",
    pointer: "/cluster",
  });

  expect(inQueue().deadLetters()).toMatchObject([
    {
      messageId: "bad",
      applicationProperties: {
        DeadLetterReason: "INVALID_REQUEST",
        DeadLetterErrorDescription: "The request does not have the documented shape.",
        pointer: "/cluster",
      },
    },
  ]);
  const deadLetters = client.createReceiver(queue, { subQueueType: "deadLetter" });
  const dead = await receiveOne(deadLetters);
  expect(dead.deadLetterReason).toBe("INVALID_REQUEST");
  await deadLetters.completeMessage(dead);
  expect(inQueue().deadLetters()).toEqual([]);
});

test("a deferred message is received by its sequence number and then completed", async () => {
  const client = sandbox.client();
  const receiver = client.createReceiver(queue);
  await client.createSender(queue).sendMessages({ body: "x", messageId: "later" });
  const { sequenceNumber, ...rest } = await receiveOne(receiver);
  if (!sequenceNumber) throw new Error("no sequence number");

  await receiver.deferMessage({ ...rest, sequenceNumber });
  expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 100 })).toEqual([]);
  const [deferred] = await receiver.receiveDeferredMessages(sequenceNumber);

  expect(deferred).toMatchObject({ messageId: "later", state: "deferred" });
  if (!deferred) throw new Error("no deferred message");
  // Go's client knows the lock by this alone.
  const { deliveryAnnotations = {} } = deferred._rawAmqpMessage;
  const annotation: Record<string, number> = deliveryAnnotations["x-opt-lock-token"] ?? {};
  expect(lockTokenFromUuid(Buffer.from(Object.values(annotation)))).toBe(deferred.lockToken);
  await receiver.completeMessage(deferred);
  expect(inQueue().messages()).toEqual([]);
});

test("renewing keeps the lock beyond its duration", async () => {
  const client = sandbox.client();
  const receiver = client.createReceiver(shortLocks, { maxAutoLockRenewalDurationInMs: 0 });
  inQueue(shortLocks).send({ body: "x" });
  const message = await receiveOne(receiver);

  await new Promise((resolve) => setTimeout(resolve, 700));
  const until = await receiver.renewMessageLock(message);
  await new Promise((resolve) => setTimeout(resolve, 700));

  expect(until.getTime()).toBeGreaterThan(Date.now());
  await receiver.completeMessage(message);
  expect(inQueue(shortLocks).messages()).toEqual([]);
});

test("after a lock has ended, completing fails and the message is redelivered", async () => {
  const client = sandbox.client();
  const receiver = client.createReceiver(shortLocks, { maxAutoLockRenewalDurationInMs: 0 });
  inQueue(shortLocks).send({ body: "x", messageId: "slow" });
  const message = await receiveOne(receiver);

  await new Promise((resolve) => setTimeout(resolve, 1100));

  await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: "MessageLockLost", retryable: false });
  await expect(receiver.renewMessageLock(message)).rejects.toMatchObject({ code: "MessageLockLost" });
  const again = await receiveOne(receiver);
  expect(again).toMatchObject({ messageId: "slow", deliveryCount: 1 });
  await receiver.completeMessage(again);
});

test("the SDK renews the lock by itself while a handler runs longer than one lock", async () => {
  const receiver = sandbox.client().createReceiver(shortLocks);
  inQueue(shortLocks).send({ body: "x", messageId: "long work" });
  const handled: string[] = [];

  receiver.subscribe({
    async processMessage(message) {
      await new Promise((resolve) => setTimeout(resolve, 1700));
      handled.push(`${message.messageId} ${message.deliveryCount}`);
    },
    async processError({ error }) {
      handled.push(error.message);
    },
  });

  await until(() => inQueue(shortLocks).messages().length === 0);
  expect(handled).toEqual(["long work 0"]);
  expect(sandbox.faults.journal.filter(({ operation }) => operation === "renewLock").length).toBeGreaterThan(0);
});

test("peeking returns messages in order and locks none", async () => {
  const client = sandbox.client();
  const receiver = client.createReceiver(queue);
  expect(await receiver.peekMessages(5)).toEqual([]);
  await client.createSender(queue).sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);

  const seen = await receiver.peekMessages(2);
  const more = await receiver.peekMessages(5);

  expect(seen.map(({ body }) => body)).toEqual([1, 2]);
  expect(more.map(({ body }) => body)).toEqual([3]);
  expect(seen.every(({ lockToken }) => lockToken === undefined)).toBe(true);
  const taken = await client.createReceiver(queue, { receiveMode: "receiveAndDelete" }).receiveMessages(3);
  expect(taken.map(({ body }) => body)).toEqual([1, 2, 3]);
  expect(inQueue().messages()).toEqual([]);
});

test("a scheduled message arrives at its scheduled time; a cancelled one never does", async () => {
  const client = sandbox.client();
  const sender = client.createSender(queue);
  const receiver = client.createReceiver(queue, { receiveMode: "receiveAndDelete" });
  const hour = new Date(Date.now() + 2_000);

  const numbers = await sender.scheduleMessages([{ body: "kept" }, { body: "cancelled" }], hour);
  await sender.cancelScheduledMessages(numbers.slice(1));
  expect(inQueue().messages()).toMatchObject([{ body: "kept", state: "scheduled" }]);
  const message = await receiveOne(receiver);

  expect(message.body).toBe("kept");
  expect(Date.now()).toBeGreaterThanOrEqual(hour.getTime());
  expect(inQueue().messages()).toEqual([]);
});

test("a batch arrives as single messages, and an empty queue ends a receive in time", async () => {
  const client = sandbox.client();
  const sender = client.createSender(queue);
  const receiver = client.createReceiver(queue, { receiveMode: "receiveAndDelete" });
  const batch = await sender.createMessageBatch();
  for (let index = 0; index < 50; index++)
    expect(batch.tryAddMessage({ body: index, messageId: `m${index}` })).toBe(true);

  await sender.sendMessages(batch);
  const received = await receiver.receiveMessages(50, { maxWaitTimeInMs: 3000 });
  const waits: number[] = [];
  // On a busy machine, some take longer for other reasons.
  for (let attempt = 1; attempt <= 10 && !waits.some((each) => each < 350); attempt++) {
    const started = Date.now();
    expect(await receiver.receiveMessages(10, { maxWaitTimeInMs: 200 })).toEqual([]);
    waits.push(Date.now() - started);
  }

  expect(received.map(({ body }) => body)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  // A receiver whose drain is not answered waits 200 ms longer each time, and then closes the link.
  expect(Math.min(...waits)).toBeLessThan(350);
});

test("a message without an id gets one", async () => {
  const client = sandbox.client();
  await client.createSender(queue).sendMessages({ body: "x" });

  const message = await receiveOne(client.createReceiver(queue, { receiveMode: "receiveAndDelete" }));

  expect(message.messageId).toMatch(/^[0-9a-f]{32}$/);
});

test("a message above 256 KB is refused permanently", async () => {
  const sender = sandbox.client().createSender(queue);

  await expect(sender.sendMessages({ body: "x".repeat(256 * 1024) })).rejects.toMatchObject({
    code: "MessageSizeExceeded",
    retryable: false,
  });
  await sender.sendMessages({ body: "x".repeat(255 * 1024), messageId: "large" });
  expect(inQueue().messages()).toMatchObject([{ messageId: "large" }]);
  const large = await receiveOne(sandbox.client().createReceiver(queue, { receiveMode: "receiveAndDelete" }));
  expect(large.body).toHaveLength(255 * 1024);
});

test("a second message with the same id is accepted and dropped, even after a reconnect", async () => {
  await sandbox.client().createSender("no-duplicates").sendMessages({ body: "first", messageId: "same" });
  sandbox.serviceBus.cutConnections();

  await sandbox.client().createSender("no-duplicates").sendMessages({ body: "second", messageId: "same" });

  expect(inQueue("no-duplicates").messages()).toMatchObject([{ body: "first" }]);
});

test("two receivers share the work, and one that does not settle does not block the other", async () => {
  const held = sandbox.client().createReceiver(queue);
  inQueue().send({ body: "held", messageId: "held" });
  const heldMessage = await receiveOne(held);
  const counts = [0, 0];
  const receivers = counts.map(() => sandbox.client().createReceiver(queue));
  receivers.forEach((receiver, index) => {
    receiver.subscribe({
      async processMessage() {
        counts[index] = (counts[index] ?? 0) + 1;
      },
      async processError() {},
    });
  });

  for (let index = 0; index < 200; index++) inQueue().send({ body: index });

  await until(() => inQueue().messages().length === 1);
  expect(inQueue().messages()).toMatchObject([{ messageId: "held" }]);
  expect(Math.min(...counts)).toBeGreaterThan(50);
  expect(counts.reduce((sum, count) => sum + count)).toBe(200);
  await held.completeMessage(heldMessage);
});

test("one receiver can process more messages than its AMQP session has slots", { timeout: 200_000 }, async () => {
  const client = sandbox.client();
  // It has 2,048.
  for (let index = 0; index < 2100; index++) inQueue().send({ body: index });

  client
    .createReceiver(queue)
    .subscribe({ async processMessage() {}, async processError() {} }, { maxConcurrentCalls: 20 });

  await until(() => inQueue().messages().length === 0, { withinMs: 180_000 });
});
