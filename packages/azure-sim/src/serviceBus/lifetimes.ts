/** What time does to messages: locks expire, scheduled messages begin, and those with a time to live end. */
import { randomUUID } from "node:crypto";
import { BrokerError } from "../amqp/errors.ts";
import type { Properties } from "../amqp/values.ts";
import { type Clock, createAlarm } from "./clock.ts";
import { type Entries, type Entry, type LockedMessage, type QueuedMessage, view } from "./entries.ts";

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

export interface DeadLettering {
  readonly reason?: string | undefined;
  readonly description?: string | undefined;
  readonly properties?: Properties | undefined;
}

export interface DeadLetterQueue<Content> {
  accept(message: QueuedMessage<Content>, addedProperties: Properties): void;
}

export type Lifetimes<Content> = ReturnType<typeof createLifetimes<Content>>;

export function createLifetimes<Content>(
  entries: Entries<Content>,
  settings: QueueSettings,
  clock: Clock,
  deadLetterQueue: DeadLetterQueue<Content> | undefined,
) {
  const lockMs = (settings.lockDurationSeconds ?? 60) * 1000;
  const maxDeliveryCount = settings.maxDeliveryCount ?? 10;
  const locks = new Map<string, Entry<Content>>();
  const { arm, stop } = createAlarm(clock, () => {
    catchUp();
    for (const entry of locks.values()) if (entry.lock) arm(entry.lock.until);
    for (const entry of entries.scheduled) arm(entry.scheduledFor ?? 0);
  });

  function lock(entry: Entry<Content>): LockedMessage<Content> {
    const held = { token: randomUUID(), until: clock.now() + lockMs };
    entry.lock = held;
    locks.set(held.token, entry);
    arm(held.until);
    return { ...view(entry), lockToken: held.token, lockedUntil: held.until };
  }

  /** Throws if the lock is no longer held. */
  function locked(token: string): Entry<Content> {
    catchUp();
    const entry = locks.get(token.toLowerCase());
    if (!entry) throw lockLost();
    return entry;
  }

  /** Ends the lock and returns its message. */
  function unlock(token: string): Entry<Content> {
    const entry = locked(token);
    locks.delete(token.toLowerCase());
    entry.lock = undefined;
    return entry;
  }

  /** Returns when the renewed lock expires. */
  function renew(token: string): number {
    const entry = locked(token);
    entry.lock = { token: token.toLowerCase(), until: clock.now() + lockMs };
    return entry.lock.until;
  }

  /** After an unsuccessful delivery, frees the message again, or dead-letters it after the last one. */
  function redeliver(entry: Entry<Content>): void {
    entry.deliveryCount += 1;
    if (deadLetterQueue && entry.deliveryCount >= maxDeliveryCount) {
      moveToDeadLetters(entry, {
        reason: "MaxDeliveryCountExceeded",
        description: `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`,
      });
    } else if (entry.state === "active") entries.makeReady(entry);
  }

  function moveToDeadLetters(entry: Entry<Content>, why: DeadLettering): void {
    if (!deadLetterQueue) throw new BrokerError("amqp:not-allowed", "A dead-letter queue has no dead-letter queue.");
    entries.remove(entry);
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
    for (const entry of entries.scheduled) if ((entry.scheduledFor ?? 0) <= now) entries.activate(entry, now);
    // A deferred message does not expire until it is requested (Learn "Message deferral").
    for (const entry of entries.mortal) {
      if (entry.lock || entry.state !== "active" || !isOver(entry, now)) continue;
      expire(entry);
      entries.takeOut(entry);
    }
  }

  function expire(entry: Entry<Content>): void {
    if (settings.deadLetteringOnExpiration && deadLetterQueue) {
      moveToDeadLetters(entry, {
        reason: "TTLExpiredException",
        description: "The message expired and was dead lettered.",
      });
    } else entries.remove(entry);
  }

  return { lock, unlock, renew, redeliver, moveToDeadLetters, catchUp, expire, arm, stop };
}

export function isOver({ enqueuedAt, timeToLiveMs }: Entry<unknown>, now: number): boolean {
  return timeToLiveMs !== undefined && enqueuedAt + timeToLiveMs <= now;
}

function lockLost(): BrokerError {
  return new BrokerError(
    "com.microsoft:message-lock-lost",
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
  );
}
