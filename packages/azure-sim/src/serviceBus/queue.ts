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

interface DeadLetterQueue<Content> {
  accept(message: QueuedMessage<Content>, addedProperties: Properties): void;
}

export class Queue<Content> {
  readonly settings: QueueSettings;
  readonly #clock: Clock;
  readonly #deadLetterQueue: DeadLetterQueue<Content> | undefined;
  readonly #lockMs: number;
  readonly #maxDeliveryCount: number;
  readonly #entries = new Map<number, Entry<Content>>();
  /** Sequence numbers of active, unlocked messages, ascending. */
  readonly #ready: number[] = [];
  readonly #locks = new Map<string, Entry<Content>>();
  readonly #scheduled = new Set<Entry<Content>>();
  /** Entries with a time to live. */
  readonly #mortal = new Set<Entry<Content>>();
  readonly #recentIds: ReturnType<typeof createDuplicateFilter>;
  readonly #listeners = new Set<() => void>();
  #lastSequenceNumber = 0;
  #cancelWake = () => {};
  #wakeTime = Number.POSITIVE_INFINITY;

  constructor(settings: QueueSettings, clock: Clock, deadLetterQueue?: DeadLetterQueue<Content>) {
    this.settings = settings;
    this.#clock = clock;
    this.#deadLetterQueue = deadLetterQueue;
    this.#lockMs = (settings.lockDurationSeconds ?? 60) * 1000;
    this.#maxDeliveryCount = settings.maxDeliveryCount ?? 10;
    this.#recentIds = createDuplicateFilter((settings.duplicateDetectionSeconds ?? 0) * 1000, clock);
  }

  #store({
    firstSequenceNumber,
    ...message
  }: Omit<Entry<Content>, "sequenceNumber" | "firstSequenceNumber" | "lock"> & {
    firstSequenceNumber: number | undefined;
  }): Entry<Content> {
    this.#lastSequenceNumber += 1;
    const entry: Entry<Content> = {
      ...message,
      sequenceNumber: this.#lastSequenceNumber,
      firstSequenceNumber: firstSequenceNumber ?? this.#lastSequenceNumber,
      lock: undefined,
    };
    this.#entries.set(entry.sequenceNumber, entry);
    if (entry.timeToLiveMs !== undefined) this.#mortal.add(entry);
    if (entry.state === "scheduled") this.#scheduled.add(entry);
    else this.#makeReady(entry);
    return entry;
  }

  #makeReady(entry: Entry<Content>): void {
    this.#ready.splice(insertionIndex(this.#ready, entry.sequenceNumber), 0, entry.sequenceNumber);
    for (const listener of [...this.#listeners]) listener();
  }

  #remove(entry: Entry<Content>): void {
    this.#entries.delete(entry.sequenceNumber);
    this.#scheduled.delete(entry);
    this.#mortal.delete(entry);
  }

  #lock(entry: Entry<Content>): LockedMessage<Content> {
    const held = { token: randomUUID(), until: this.#clock.now() + this.#lockMs };
    entry.lock = held;
    this.#locks.set(held.token, entry);
    this.#arm(held.until);
    return { ...view(entry), lockToken: held.token, lockedUntil: held.until };
  }

  /** Ends the lock and returns its message; throws if the lock is no longer held. */
  #unlock(token: string): Entry<Content> {
    this.#catchUp();
    const entry = this.#locks.get(token.toLowerCase());
    if (!entry) throw lockLost();
    this.#locks.delete(token.toLowerCase());
    entry.lock = undefined;
    return entry;
  }

  /** After an unsuccessful delivery, frees the message again, or dead-letters it after the last one. */
  #redeliver(entry: Entry<Content>): void {
    entry.deliveryCount += 1;
    if (this.#deadLetterQueue && entry.deliveryCount >= this.#maxDeliveryCount) {
      this.#moveToDeadLetters(entry, {
        reason: "MaxDeliveryCountExceeded",
        description: `Message could not be consumed after ${this.#maxDeliveryCount} delivery attempts.`,
      });
    } else if (entry.state === "active") this.#makeReady(entry);
  }

  #moveToDeadLetters(entry: Entry<Content>, why: DeadLettering): void {
    if (!this.#deadLetterQueue)
      throw new BrokerError("amqp:not-allowed", "A dead-letter queue has no dead-letter queue.");
    this.#remove(entry);
    this.#deadLetterQueue.accept(view(entry), {
      ...entry.addedProperties,
      ...why.properties,
      ...(why.reason === undefined ? {} : { DeadLetterReason: why.reason }),
      ...(why.description === undefined ? {} : { DeadLetterErrorDescription: why.description }),
    });
  }

  /** Does what is due: frees expired locks, activates scheduled messages, removes expired messages. */
  #catchUp(): void {
    const now = this.#clock.now();
    for (const [token, entry] of this.#locks) {
      if (entry.lock && entry.lock.until > now) continue;
      this.#locks.delete(token);
      entry.lock = undefined;
      this.#redeliver(entry);
    }
    for (const entry of this.#scheduled) {
      if ((entry.scheduledFor ?? 0) > now) continue;
      this.#scheduled.delete(entry);
      // As if it were sent now, with a new number (Learn "Message sequencing and timestamps").
      this.#entries.delete(entry.sequenceNumber);
      this.#lastSequenceNumber += 1;
      entry.sequenceNumber = this.#lastSequenceNumber;
      this.#entries.set(entry.sequenceNumber, entry);
      entry.state = "active";
      entry.enqueuedAt = now;
      this.#makeReady(entry);
    }
    // A deferred message does not expire until it is requested (Learn "Message deferral").
    for (const entry of this.#mortal) {
      if (entry.lock || entry.state !== "active" || !isOver(entry, now)) continue;
      this.#expire(entry);
      const index = this.#ready.indexOf(entry.sequenceNumber);
      if (index >= 0) this.#ready.splice(index, 1);
    }
  }

  #expire(entry: Entry<Content>): void {
    if (this.settings.deadLetteringOnExpiration && this.#deadLetterQueue) {
      this.#moveToDeadLetters(entry, {
        reason: "TTLExpiredException",
        description: "The message expired and was dead lettered.",
      });
    } else this.#remove(entry);
  }

  #findDeferred(sequenceNumbers: readonly number[]): Entry<Content>[] {
    this.#catchUp();
    return sequenceNumbers.map((sequenceNumber) => {
      const entry = this.#entries.get(sequenceNumber);
      const isFree = entry?.state === "deferred" && !entry.lock;
      if (isFree && !isOver(entry, this.#clock.now())) return entry;
      if (isFree) this.#expire(entry);
      throw new BrokerError("com.microsoft:message-not-found", `No deferred message ${sequenceNumber} is free.`);
    });
  }

  #arm(time: number): void {
    if (time >= this.#wakeTime) return;
    this.#cancelWake();
    this.#wakeTime = time;
    this.#cancelWake = this.#clock.wakeAt(time, () => {
      this.#wakeTime = Number.POSITIVE_INFINITY;
      this.#catchUp();
      for (const entry of this.#locks.values()) if (entry.lock) this.#arm(entry.lock.until);
      for (const entry of this.#scheduled) this.#arm(entry.scheduledFor ?? 0);
    });
  }

  /** Returns the sequence number, or undefined if the message was a duplicate and is dropped. */
  send({
    messageId,
    content,
    scheduledFor,
    timeToLiveMs,
    firstSequenceNumber,
  }: NewMessage<Content>): number | undefined {
    if (this.#recentIds.isDuplicate(messageId)) return undefined;
    const now = this.#clock.now();
    const later = scheduledFor !== undefined && scheduledFor > now;
    const entry = this.#store({
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
    if (later) this.#arm(scheduledFor);
    return entry.sequenceNumber;
  }

  /** Takes over a message from another queue, with its delivery count. */
  accept(message: QueuedMessage<Content>, addedProperties: Properties): void {
    const { messageId, content, deliveryCount, firstSequenceNumber } = message;
    this.#store({
      firstSequenceNumber,
      // Dead letters never expire.
      timeToLiveMs: undefined,
      messageId,
      content,
      deliveryCount,
      addedProperties,
      enqueuedAt: this.#clock.now(),
      state: "active",
      scheduledFor: undefined,
    });
  }

  /** Locks the oldest free message. */
  receive(): LockedMessage<Content> | undefined {
    this.#catchUp();
    const sequenceNumber = this.#ready.shift();
    const entry = sequenceNumber === undefined ? undefined : this.#entries.get(sequenceNumber);
    return entry && this.#lock(entry);
  }

  complete(token: string): void {
    this.#remove(this.#unlock(token));
  }

  abandon(token: string, properties: Properties = {}): void {
    const entry = this.#unlock(token);
    entry.addedProperties = { ...entry.addedProperties, ...properties };
    this.#redeliver(entry);
  }

  defer(token: string, properties: Properties = {}): void {
    const entry = this.#unlock(token);
    entry.addedProperties = { ...entry.addedProperties, ...properties };
    entry.state = "deferred";
  }

  deadLetter(token: string, why: DeadLettering = {}): void {
    this.#moveToDeadLetters(this.#unlock(token), why);
  }

  /** Frees a message that never reached its receiver; this does not count as a delivery. */
  release(token: string): void {
    const entry = this.#unlock(token);
    if (entry.state === "active") this.#makeReady(entry);
  }

  /** Returns when the renewed lock expires. */
  renew(token: string): number {
    this.#catchUp();
    const held = this.#locks.get(token.toLowerCase())?.lock;
    if (!held) throw lockLost();
    held.until = this.#clock.now() + this.#lockMs;
    return held.until;
  }

  /** Receives deferred messages by sequence number: all of them, or an error. */
  receiveDeferred(sequenceNumbers: readonly number[]): LockedMessage<Content>[] {
    return this.#findDeferred(sequenceNumbers).map((entry) => this.#lock(entry));
  }

  cancelScheduled(sequenceNumbers: readonly number[]): void {
    this.#catchUp();
    for (const sequenceNumber of sequenceNumbers) {
      const entry = this.#entries.get(sequenceNumber);
      if (entry?.state !== "scheduled") {
        throw new BrokerError("com.microsoft:message-not-found", `No scheduled message ${sequenceNumber}.`);
      }
      this.#remove(entry);
    }
  }

  /** Reads without locking, including locked, deferred and scheduled messages. */
  peek({ from = 0, count = Number.POSITIVE_INFINITY } = {}): QueuedMessage<Content>[] {
    this.#catchUp();
    const found: QueuedMessage<Content>[] = [];
    // Sequence numbers only grow, so the map is in their order.
    for (const entry of this.#entries.values()) {
      if (found.length >= count) break;
      if (entry.sequenceNumber >= from) found.push(view(entry));
    }
    return found;
  }

  /** Calls the listener whenever a message becomes free; returns a function that removes it. */
  onReady(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#cancelWake();
    this.#listeners.clear();
  }
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
