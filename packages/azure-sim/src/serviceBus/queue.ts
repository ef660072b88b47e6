/**
 * A queue (or a subscription, which is a queue that a topic fills): messages in the order of their sequence numbers,
 * peek-locks with an expiry, and the dead-letter queue. It knows nothing about AMQP and does not read a message's content.
 * Learn "Message transfers, locks, and settlement" and "Overview of Service Bus dead-letter queues".
 */
import { BrokerError } from "../amqp/errors.ts";
import type { Properties } from "../amqp/values.ts";
import type { Clock } from "./clock.ts";
import { createEntries, type Entries, type Entry, type LockedMessage, type QueuedMessage, view } from "./entries.ts";
import {
  createLifetimes,
  type DeadLettering,
  type DeadLetterQueue,
  isOver,
  type Lifetimes,
  type QueueSettings,
} from "./lifetimes.ts";

/** A message from a sender. The queue does not read `content`. */
export interface NewMessage<Content> {
  readonly messageId: string;
  readonly content: Content;
  /** Undefined means now. */
  readonly scheduledFor?: number | undefined;
  /** Counted from when it enters the queue; undefined means forever. */
  readonly timeToLiveMs?: number | undefined;
  /** The topic's number, if a topic passes the message on. */
  readonly firstSequenceNumber?: number;
}

export type Queue<Content> = ReturnType<typeof createQueue<Content>>;

export function createQueue<Content>(
  settings: QueueSettings,
  clock: Clock,
  deadLetterQueue?: DeadLetterQueue<Content>,
) {
  const entries = createEntries<Content>();
  const lifetimes = createLifetimes(entries, settings, clock, deadLetterQueue);
  const { lock, catchUp, arm } = lifetimes;
  const recentIds = createDuplicateFilter((settings.duplicateDetectionSeconds ?? 0) * 1000, clock);

  return {
    settings,
    ...settling(entries, lifetimes),

    /** Returns the sequence number, or undefined if the message was a duplicate and is dropped. */
    send(message: NewMessage<Content>): number | undefined {
      const { messageId, content, scheduledFor, timeToLiveMs, firstSequenceNumber } = message;
      if (recentIds.isDuplicate(messageId)) return undefined;
      const now = clock.now();
      const later = scheduledFor !== undefined && scheduledFor > now;
      const entry = entries.store({
        messageId,
        content,
        enqueuedAt: now,
        state: later ? "scheduled" : "active",
        deliveryCount: 0,
        addedProperties: {},
        scheduledFor: later ? scheduledFor : undefined,
        timeToLiveMs,
        firstSequenceNumber,
      });
      if (later) arm(scheduledFor);
      return entry.sequenceNumber;
    },

    /** Takes over a message from another queue, with its delivery count. */
    accept(message: QueuedMessage<Content>, addedProperties: Properties): void {
      const { messageId, content, deliveryCount, firstSequenceNumber } = message;
      entries.store({
        firstSequenceNumber,
        // Dead letters never expire.
        timeToLiveMs: undefined,
        messageId,
        content,
        deliveryCount,
        addedProperties,
        enqueuedAt: clock.now(),
        state: "active",
        scheduledFor: undefined,
      });
    },

    /** Locks the oldest free message. */
    receive(): LockedMessage<Content> | undefined {
      catchUp();
      const entry = entries.takeFirst();
      return entry && lock(entry);
    },

    /** Receives deferred messages by sequence number: all of them, or an error. */
    receiveDeferred(sequenceNumbers: readonly number[]): LockedMessage<Content>[] {
      return findDeferred(entries, lifetimes, { sequenceNumbers, now: clock.now }).map(lock);
    },

    cancelScheduled(sequenceNumbers: readonly number[]): void {
      catchUp();
      for (const sequenceNumber of sequenceNumbers) {
        const entry = entries.get(sequenceNumber);
        if (entry?.state !== "scheduled") {
          throw new BrokerError("com.microsoft:message-not-found", `No scheduled message ${sequenceNumber}.`);
        }
        entries.remove(entry);
      }
    },

    /** Reads without locking, including locked, deferred and scheduled messages. */
    peek({ from = 0, count = Number.POSITIVE_INFINITY } = {}): QueuedMessage<Content>[] {
      catchUp();
      const found: QueuedMessage<Content>[] = [];
      // Sequence numbers only grow, so the map is in their order.
      for (const entry of entries.all()) {
        if (found.length >= count) break;
        if (entry.sequenceNumber >= from) found.push(view(entry));
      }
      return found;
    },

    /** Calls the listener whenever a message becomes free; returns a function that removes it. */
    onReady(listener: () => void): () => void {
      entries.listeners.add(listener);
      return () => entries.listeners.delete(listener);
    },

    close(): void {
      lifetimes.stop();
      entries.listeners.clear();
    },
  };
}

/** What the holder of a lock does with its message. */
function settling<Content>(
  { makeReady, remove }: Entries<Content>,
  { unlock, renew, redeliver, moveToDeadLetters }: Lifetimes<Content>,
) {
  return {
    renew,

    complete(token: string): void {
      remove(unlock(token));
    },

    abandon(token: string, properties: Properties = {}): void {
      const entry = unlock(token);
      entry.addedProperties = { ...entry.addedProperties, ...properties };
      redeliver(entry);
    },

    defer(token: string, properties: Properties = {}): void {
      const entry = unlock(token);
      entry.addedProperties = { ...entry.addedProperties, ...properties };
      entry.state = "deferred";
    },

    deadLetter(token: string, why: DeadLettering = {}): void {
      moveToDeadLetters(unlock(token), why);
    },

    /** Frees a message that never reached its receiver; this does not count as a delivery. */
    release(token: string): void {
      const entry = unlock(token);
      if (entry.state === "active") makeReady(entry);
    },
  };
}

function findDeferred<Content>(
  entries: Entries<Content>,
  { catchUp, expire }: Lifetimes<Content>,
  { sequenceNumbers, now }: { readonly sequenceNumbers: readonly number[]; readonly now: () => number },
): Entry<Content>[] {
  catchUp();
  return sequenceNumbers.map((sequenceNumber) => {
    const entry = entries.get(sequenceNumber);
    const isFree = entry?.state === "deferred" && !entry.lock;
    if (isFree && !isOver(entry, now())) return entry;
    if (isFree) expire(entry);
    throw new BrokerError("com.microsoft:message-not-found", `No deferred message ${sequenceNumber} is free.`);
  });
}

/** Duplicate detection by message id within a window; topics also use it, before they fan out. */
export function createDuplicateFilter(windowMs: number, clock: Clock) {
  /** Oldest first. */
  const seen = new Map<string, number>();
  return {
    isDuplicate(messageId: string): boolean {
      if (windowMs <= 0) return false;
      const now = clock.now();
      for (const [id, time] of seen) {
        if (time > now - windowMs) break;
        seen.delete(id);
      }
      if (seen.has(messageId)) return true;
      seen.set(messageId, now);
      return false;
    },
  };
}
