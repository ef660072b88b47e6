import { expect, test } from "vitest";
import { createBroker, deadLetterSuffix } from "../../src/serviceBus/broker.ts";
import type { Clock } from "../../src/serviceBus/clock.ts";
import type { QueueSettings } from "../../src/serviceBus/lifetimes.ts";
import { createQueue } from "../../src/serviceBus/queue.ts";

function createManualClock(): Clock & { advance(seconds: number): void } {
  let time = Date.parse("2026-11-24T08:00:00Z");
  const wakes: { time: number; wake: () => void }[] = [];
  return {
    now: () => time,
    wakeAt(at, wake) {
      const entry = { time: at, wake };
      wakes.push(entry);
      return () => {
        const index = wakes.indexOf(entry);
        if (index >= 0) wakes.splice(index, 1);
      };
    },
    advance(seconds) {
      time += seconds * 1000;
      for (const entry of wakes.filter((candidate) => candidate.time <= time)) {
        wakes.splice(wakes.indexOf(entry), 1);
        entry.wake();
      }
    },
  };
}

function openQueue(settings: Partial<QueueSettings> = {}) {
  const clock = createManualClock();
  const deadLetters = createQueue<string>({ name: "requests/$DeadLetterQueue" }, clock);
  const queue = createQueue<string>({ name: "requests", ...settings }, clock, deadLetters);
  const send = (messageId: string) => queue.send({ messageId, content: `content of ${messageId}` });
  const receive = () => {
    const message = queue.receive();
    if (!message) throw new Error("the queue has no free message");
    return message;
  };
  return { clock, queue, deadLetters, send, receive };
}

test("a message expires after its time to live, unless it is locked or dead-lettered", () => {
  const { clock, queue, deadLetters, send, receive } = openQueue({ lockDurationSeconds: 30 });
  queue.send({ messageId: "short", content: "", timeToLiveMs: 10_000 });
  queue.send({ messageId: "held", content: "", timeToLiveMs: 10_000 });
  queue.send({ messageId: "dead", content: "", timeToLiveMs: 10_000 });
  const later = clock.now() + 60_000;
  queue.send({ messageId: "later", content: "", timeToLiveMs: 10_000, scheduledFor: later });
  send("long");
  queue.release(receive().lockToken);
  const [, held, dead] = [receive(), receive(), receive()];
  queue.deadLetter(dead.lockToken);
  clock.advance(20);

  expect(queue.peek().map(({ messageId }) => messageId)).toEqual(["short", "held", "later", "long"]);
  queue.complete(held.lockToken);
  clock.advance(45);
  expect(receive().messageId).toBe("long");
  expect(receive().messageId).toBe("later");
  expect(deadLetters.peek().map(({ messageId }) => messageId)).toEqual(["dead"]);
});

test("a message keeps its first sequence number in a topic's subscriptions and in dead-letter queues", () => {
  const clock = createManualClock();
  const topic = { name: "events", subscriptions: [{ name: "a" }, { name: "b" }] };
  const broker = createBroker<string>({ queues: [{ name: "q" }], topics: [topic] }, clock);
  const numbers = (path: string) =>
    broker
      .find(path)
      ?.queue?.peek()
      .map(({ sequenceNumber, firstSequenceNumber }) => [sequenceNumber, firstSequenceNumber]);

  for (const messageId of ["1", "2"]) broker.find("q")?.send?.({ messageId, content: "" });
  for (const messageId of ["1", "2"]) broker.find("events")?.send?.({ messageId, content: "" });
  const queue = broker.find("q")?.queue;
  queue?.complete(queue.receive()?.lockToken ?? "");
  queue?.deadLetter(queue.receive()?.lockToken ?? "");

  expect(numbers("events/Subscriptions/b")).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect(numbers(`q${deadLetterSuffix}`)).toEqual([[1, 2]]);
});

const lockLost = expect.objectContaining({ condition: "com.microsoft:message-lock-lost" });
const notFound = expect.objectContaining({ condition: "com.microsoft:message-not-found" });

test("a locked message is hidden from other receivers until its lock ends, and then has one more delivery", () => {
  const { clock, queue, send, receive } = openQueue({ lockDurationSeconds: 30 });
  send("a");
  const first = receive();

  expect(queue.receive()).toBeUndefined();
  clock.advance(29);
  expect(queue.receive()).toBeUndefined();
  clock.advance(1);

  const second = receive();
  expect(second).toMatchObject({ messageId: "a", deliveryCount: 1 });
  expect(second.lockToken).not.toBe(first.lockToken);
  expect(() => queue.complete(first.lockToken)).toThrow(lockLost);
});

test("waiting receivers are notified when a lock ends, even if nothing else happens", () => {
  const { clock, queue, send, receive } = openQueue({ lockDurationSeconds: 30 });
  send("a");
  receive();
  let told = 0;
  queue.onReady(() => {
    told += 1;
  });

  clock.advance(30);

  expect(told).toBe(1);
});

test("renewing moves the end of the lock; a lock that ended cannot be renewed", () => {
  const { clock, queue, send, receive } = openQueue({ lockDurationSeconds: 30 });
  send("a");
  const { lockToken, lockedUntil } = receive();

  clock.advance(20);
  expect(queue.renew(lockToken)).toBe(lockedUntil + 20_000);
  clock.advance(29);
  expect(queue.receive()).toBeUndefined();
  clock.advance(1);

  expect(() => queue.renew(lockToken)).toThrow(lockLost);
});

test("a message that failed maxDeliveryCount deliveries is dead-lettered with the service's reason", () => {
  const { clock, queue, deadLetters, send, receive } = openQueue({ maxDeliveryCount: 3, lockDurationSeconds: 30 });
  send("a");

  queue.abandon(receive().lockToken);
  receive();
  clock.advance(30);
  queue.abandon(receive().lockToken);

  expect(queue.peek()).toEqual([]);
  expect(deadLetters.peek()).toEqual([
    expect.objectContaining({
      messageId: "a",
      content: "content of a",
      deliveryCount: 3,
      addedProperties: expect.objectContaining({ DeadLetterReason: "MaxDeliveryCountExceeded" }),
    }),
  ]);
});

test("the dead-letter queue never drops a message", () => {
  const { queue, deadLetters, send, receive } = openQueue({ maxDeliveryCount: 1 });
  send("a");
  queue.abandon(receive().lockToken);

  for (let delivery = 0; delivery < 20; delivery++) deadLetters.abandon(deadLetters.receive()?.lockToken ?? "");

  expect(deadLetters.peek()).toMatchObject([{ messageId: "a", deliveryCount: 21 }]);
});

test("an abandoned message goes back to its place in the order", () => {
  const { queue, send, receive } = openQueue();
  for (const id of ["a", "b", "c"]) send(id);
  const a = receive();
  const b = receive();

  queue.abandon(b.lockToken);
  queue.abandon(a.lockToken);

  expect([receive(), receive(), receive()].map(({ messageId }) => messageId)).toEqual(["a", "b", "c"]);
});

test("a released message keeps its delivery count, as if it had not been delivered", () => {
  const { queue, send, receive } = openQueue();
  send("a");

  queue.release(receive().lockToken);

  expect(receive()).toMatchObject({ messageId: "a", deliveryCount: 0 });
});

test("a deferred message is received only by its sequence number, and stays deferred when abandoned", () => {
  const { queue, send, receive } = openQueue();
  send("a");
  const { lockToken, sequenceNumber } = receive();
  queue.defer(lockToken, { why: "later" });

  expect(queue.receive()).toBeUndefined();
  const [deferred] = queue.receiveDeferred([sequenceNumber]);
  expect(deferred).toMatchObject({ messageId: "a", state: "deferred", addedProperties: { why: "later" } });
  expect(() => queue.receiveDeferred([sequenceNumber])).toThrow(notFound);
  queue.abandon(deferred?.lockToken ?? "");
  expect(queue.receive()).toBeUndefined();
  queue.complete(queue.receiveDeferred([sequenceNumber])[0]?.lockToken ?? "");

  expect(queue.peek()).toEqual([]);
});

test("a deferred message expires when it is requested, and becomes deferred again when its lock ends", () => {
  const { clock, queue, deadLetters } = openQueue({ lockDurationSeconds: 30, deadLetteringOnExpiration: true });
  const number = queue.send({ messageId: "a", content: "", timeToLiveMs: 60_000 }) ?? 0;
  queue.defer(queue.receive()?.lockToken ?? "");

  queue.receiveDeferred([number]);
  clock.advance(31);
  expect(queue.peek()).toMatchObject([{ state: "deferred", deliveryCount: 1 }]);
  clock.advance(30);
  expect(queue.peek()).toMatchObject([{ state: "deferred" }]);
  expect(() => queue.receiveDeferred([number])).toThrow(notFound);

  expect(queue.peek()).toEqual([]);
  expect(deadLetters.peek()).toMatchObject([
    { messageId: "a", addedProperties: { DeadLetterReason: "TTLExpiredException" } },
  ]);
});

test("a scheduled message gets its number at its scheduled time, after earlier messages", () => {
  const { clock, queue, send, receive } = openQueue();
  queue.send({ messageId: "later", content: "", scheduledFor: clock.now() + 1_000 });
  send("now");
  clock.advance(1);

  expect([receive(), receive()].map(({ messageId }) => messageId)).toEqual(["now", "later"]);
});

test("a scheduled message becomes available at its scheduled time, unless it was cancelled", () => {
  const { clock, queue } = openQueue();
  const at = clock.now() + 60_000;
  const kept = queue.send({ messageId: "kept", content: "", scheduledFor: at });
  const cancelled = queue.send({ messageId: "cancelled", content: "", scheduledFor: at });
  let told = 0;
  queue.onReady(() => {
    told += 1;
  });

  queue.cancelScheduled([cancelled ?? 0]);
  clock.advance(59);
  expect(queue.receive()).toBeUndefined();
  clock.advance(1);

  expect(told).toBe(1);
  expect(queue.receive()).toMatchObject({ messageId: "kept", state: "active", enqueuedAt: at });
  expect(queue.receive()).toBeUndefined();
  expect(() => queue.cancelScheduled([kept ?? 0])).toThrow(notFound);
});

test("a message id seen within the window is dropped, even when its message is gone", () => {
  const { clock, queue, send, receive } = openQueue({ duplicateDetectionSeconds: 60 });

  expect(send("a")).toBe(1);
  queue.complete(receive().lockToken);
  expect(send("a")).toBeUndefined();
  expect(send("b")).toBe(2);
  clock.advance(60);

  expect(send("a")).toBe(3);
});

test("lock tokens are compared regardless of case", () => {
  const { queue, send, receive } = openQueue();
  send("a");

  queue.complete(receive().lockToken.toUpperCase());

  expect(queue.peek()).toEqual([]);
});

test("a topic gives every subscription its own copy, and detects duplicates for all of them", () => {
  const clock = createManualClock();
  const broker = createBroker<string>(
    {
      queues: [],
      topics: [{ name: "events", duplicateDetectionSeconds: 60, subscriptions: [{ name: "a" }, { name: "b" }] }],
    },
    clock,
  );
  const topic = broker.find("EVENTS");

  topic?.send?.({ messageId: "1", content: "x" });
  topic?.send?.({ messageId: "1", content: "x" });
  const later = topic?.send?.({ messageId: "2", content: "y", scheduledFor: clock.now() + 1000 });
  topic?.cancelScheduled?.([later ?? 0]);
  const a = broker.find("events/subscriptions/a")?.queue;
  a?.deadLetter(a.receive()?.lockToken ?? "", { reason: "Bad" });

  expect(topic?.queue).toBeUndefined();
  expect(a?.peek()).toEqual([]);
  expect(broker.find(`events/Subscriptions/a${deadLetterSuffix}`)?.queue?.peek()).toMatchObject([{ messageId: "1" }]);
  expect(broker.find("events/Subscriptions/b")?.queue?.peek()).toMatchObject([{ messageId: "1" }]);
});
