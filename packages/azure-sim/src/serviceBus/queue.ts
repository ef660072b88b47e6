/**
 * A queue (or a subscription, which is a queue that a topic fills): messages in the order of their sequence numbers,
 * peek-locks with an expiry, and the dead-letter queue. It knows nothing about AMQP and does not read a message's content.
 * Learn "Message transfers, locks, and settlement" and "Overview of Service Bus dead-letter queues".
 */
import { randomUUID } from "node:crypto";
import { BrokerError } from "../amqp/errors.ts";
import type { Properties } from "../amqp/values.ts";
import type { Clock } from "./clock.ts";

export interface QueueSettings {
  readonly name: string;
  /** How long a received message stays locked. Default 60, as in Azure. */
  readonly lockDurationSeconds?: number;
  /** After this many unsuccessful deliveries, a message is dead-lettered. Default 10, as in Azure. */
  readonly maxDeliveryCount?: number;
  /** Expired messages go to the dead-letter queue; by default they are deleted, as in Azure. */
  readonly deadLetteringOnExpiration?: boolean;
  /** Messages whose id was seen within this many seconds are accepted and dropped. Absent: no duplicate detection. */
  readonly duplicateDetectionSeconds?: number;
}

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

export type MessageState = "active" | "deferred" | "scheduled";

export interface QueuedMessage<Content> {
  readonly sequenceNumber: number;
  /** The number where the message was first sent; in subscriptions and dead-letter queues, it differs from the message's own. */
  readonly firstSequenceNumber: number;
  readonly messageId: string;
  readonly content: Content;
  readonly enqueuedAt: number;
  readonly state: MessageState;
  /** How many deliveries have failed so far: 0 on the first one. */
  readonly deliveryCount: number;
  /** Application properties that settling added: the dead-letter reason, or what an abandon modified. */
  readonly addedProperties: Properties;
}

export interface LockedMessage<Content> extends QueuedMessage<Content> {
  readonly lockToken: string;
  readonly lockedUntil: number;
}

export interface DeadLettering {
  readonly reason?: string | undefined;
  readonly description?: string | undefined;
  readonly properties?: Properties | undefined;
}

export type Queue<Content> = ReturnType<typeof createQueue<Content>>;

interface Entry<Content> {
  sequenceNumber: number;
  readonly firstSequenceNumber: number;
  readonly messageId: string;
  readonly content: Content;
  enqueuedAt: number;
  state: MessageState;
  deliveryCount: number;
  addedProperties: Properties;
  scheduledFor: number | undefined;
  readonly timeToLiveMs: number | undefined;
  lock: { readonly token: string; until: number } | undefined;
}

export function createQueue<Content>(
  settings: QueueSettings,
  clock: Clock,
  deadLetterQueue?: { accept(message: QueuedMessage<Content>, addedProperties: Properties): void },
) {
  const lockMs = (settings.lockDurationSeconds ?? 60) * 1000;
  const maxDeliveryCount = settings.maxDeliveryCount ?? 10;
  const entries = new Map<number, Entry<Content>>();
  /** Sequence numbers of active, unlocked messages, ascending. */
  const ready: number[] = [];
  const locks = new Map<string, Entry<Content>>();
  const scheduled = new Set<Entry<Content>>();
  /** Entries with a time to live. */
  const mortal = new Set<Entry<Content>>();
  const recentIds = createDuplicateFilter((settings.duplicateDetectionSeconds ?? 0) * 1000, clock);
  const listeners = new Set<() => void>();
  let lastSequenceNumber = 0;
  let cancelWake = () => {};
  let wakeTime = Number.POSITIVE_INFINITY;

  function store({
    firstSequenceNumber,
    ...message
  }: Omit<Entry<Content>, "sequenceNumber" | "firstSequenceNumber" | "lock"> & {
    firstSequenceNumber: number | undefined;
  }): Entry<Content> {
    lastSequenceNumber += 1;
    const entry: Entry<Content> = {
      ...message,
      sequenceNumber: lastSequenceNumber,
      firstSequenceNumber: firstSequenceNumber ?? lastSequenceNumber,
      lock: undefined,
    };
    entries.set(entry.sequenceNumber, entry);
    if (entry.timeToLiveMs !== undefined) mortal.add(entry);
    if (entry.state === "scheduled") scheduled.add(entry);
    else makeReady(entry);
    return entry;
  }

  function makeReady(entry: Entry<Content>): void {
    ready.splice(insertionIndex(ready, entry.sequenceNumber), 0, entry.sequenceNumber);
    for (const listener of [...listeners]) listener();
  }

  function remove(entry: Entry<Content>): void {
    entries.delete(entry.sequenceNumber);
    scheduled.delete(entry);
    mortal.delete(entry);
  }

  function lock(entry: Entry<Content>): LockedMessage<Content> {
    const held = { token: randomUUID(), until: clock.now() + lockMs };
    entry.lock = held;
    locks.set(held.token, entry);
    arm(held.until);
    return { ...view(entry), lockToken: held.token, lockedUntil: held.until };
  }

  /** Ends the lock and returns its message; throws if the lock is no longer held. */
  function unlock(token: string): Entry<Content> {
    catchUp();
    const entry = locks.get(token.toLowerCase());
    if (!entry) throw lockLost();
    locks.delete(token.toLowerCase());
    entry.lock = undefined;
    return entry;
  }

  /** After an unsuccessful delivery, frees the message again, or dead-letters it after the last one. */
  function redeliver(entry: Entry<Content>): void {
    entry.deliveryCount += 1;
    if (deadLetterQueue && entry.deliveryCount >= maxDeliveryCount) {
      moveToDeadLetters(entry, {
        reason: "MaxDeliveryCountExceeded",
        description: `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`,
      });
    } else if (entry.state === "active") makeReady(entry);
  }

  function moveToDeadLetters(entry: Entry<Content>, why: DeadLettering): void {
    if (!deadLetterQueue) throw new BrokerError("amqp:not-allowed", "A dead-letter queue has no dead-letter queue.");
    remove(entry);
    deadLetterQueue.accept(view(entry), {
      ...entry.addedProperties,
      ...why.properties,
      ...(why.reason === undefined ? {} : { DeadLetterReason: why.reason }),
      ...(why.description === undefined ? {} : { DeadLetterErrorDescription: why.description }),
    });
  }

  /** Does what is due: frees expired locks, activates scheduled messages, removes expired messages. */
  function catchUp(): void {
    const now = clock.now();
    for (const [token, entry] of locks) {
      if (entry.lock && entry.lock.until > now) continue;
      locks.delete(token);
      entry.lock = undefined;
      redeliver(entry);
    }
    for (const entry of scheduled) {
      if ((entry.scheduledFor ?? 0) > now) continue;
      scheduled.delete(entry);
      // As if it were sent now, with a new number (Learn "Message sequencing and timestamps").
      entries.delete(entry.sequenceNumber);
      lastSequenceNumber += 1;
      entry.sequenceNumber = lastSequenceNumber;
      entries.set(entry.sequenceNumber, entry);
      entry.state = "active";
      entry.enqueuedAt = now;
      makeReady(entry);
    }
    // A deferred message does not expire until it is requested (Learn "Message deferral").
    for (const entry of mortal) {
      if (entry.lock || entry.state !== "active" || !isOver(entry, now)) continue;
      expire(entry);
      const index = ready.indexOf(entry.sequenceNumber);
      if (index >= 0) ready.splice(index, 1);
    }
  }

  function expire(entry: Entry<Content>): void {
    if (settings.deadLetteringOnExpiration && deadLetterQueue) {
      moveToDeadLetters(entry, {
        reason: "TTLExpiredException",
        description: "The message expired and was dead lettered.",
      });
    } else remove(entry);
  }

  function findDeferred(sequenceNumbers: readonly number[]): Entry<Content>[] {
    catchUp();
    return sequenceNumbers.map((sequenceNumber) => {
      const entry = entries.get(sequenceNumber);
      const isFree = entry?.state === "deferred" && !entry.lock;
      if (isFree && !isOver(entry, clock.now())) return entry;
      if (isFree) expire(entry);
      throw new BrokerError("com.microsoft:message-not-found", `No deferred message ${sequenceNumber} is free.`);
    });
  }

  function arm(time: number): void {
    if (time >= wakeTime) return;
    cancelWake();
    wakeTime = time;
    cancelWake = clock.wakeAt(time, () => {
      wakeTime = Number.POSITIVE_INFINITY;
      catchUp();
      for (const entry of locks.values()) if (entry.lock) arm(entry.lock.until);
      for (const entry of scheduled) arm(entry.scheduledFor ?? 0);
    });
  }

  return {
    settings,

    /** Returns the sequence number, or undefined if the message was a duplicate and is dropped. */
    send({
      messageId,
      content,
      scheduledFor,
      timeToLiveMs,
      firstSequenceNumber,
    }: NewMessage<Content>): number | undefined {
      if (recentIds.isDuplicate(messageId)) return undefined;
      const now = clock.now();
      const later = scheduledFor !== undefined && scheduledFor > now;
      const entry = store({
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
      store({
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
      const sequenceNumber = ready.shift();
      const entry = sequenceNumber === undefined ? undefined : entries.get(sequenceNumber);
      return entry && lock(entry);
    },

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

    /** Returns when the renewed lock expires. */
    renew(token: string): number {
      catchUp();
      const held = locks.get(token.toLowerCase())?.lock;
      if (!held) throw lockLost();
      held.until = clock.now() + lockMs;
      return held.until;
    },

    /** Receives deferred messages by sequence number: all of them, or an error. */
    receiveDeferred(sequenceNumbers: readonly number[]): LockedMessage<Content>[] {
      return findDeferred(sequenceNumbers).map(lock);
    },

    cancelScheduled(sequenceNumbers: readonly number[]): void {
      catchUp();
      for (const sequenceNumber of sequenceNumbers) {
        const entry = entries.get(sequenceNumber);
        if (entry?.state !== "scheduled") {
          throw new BrokerError("com.microsoft:message-not-found", `No scheduled message ${sequenceNumber}.`);
        }
        remove(entry);
      }
    },

    /** Reads without locking, including locked, deferred and scheduled messages. */
    peek({ from = 0, count = Number.POSITIVE_INFINITY } = {}): QueuedMessage<Content>[] {
      catchUp();
      const found: QueuedMessage<Content>[] = [];
      // Sequence numbers only grow, so the map is in their order.
      for (const entry of entries.values()) {
        if (found.length >= count) break;
        if (entry.sequenceNumber >= from) found.push(view(entry));
      }
      return found;
    },

    /** Calls the listener whenever a message becomes free; returns a function that removes it. */
    onReady(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close(): void {
      cancelWake();
      listeners.clear();
    },
  };
}

function isOver({ enqueuedAt, timeToLiveMs }: Entry<unknown>, now: number): boolean {
  return timeToLiveMs !== undefined && enqueuedAt + timeToLiveMs <= now;
}

function view<Content>(entry: Entry<Content>): QueuedMessage<Content> {
  const { sequenceNumber, firstSequenceNumber, messageId, content, enqueuedAt, state, deliveryCount, addedProperties } =
    entry;
  return {
    sequenceNumber,
    firstSequenceNumber,
    messageId,
    content,
    enqueuedAt,
    state,
    deliveryCount,
    addedProperties,
  };
}

function lockLost(): BrokerError {
  return new BrokerError(
    "com.microsoft:message-lock-lost",
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
  );
}

function insertionIndex(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
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
