/** The messages of a queue in the order of their sequence numbers, and which of them are free. */
import type { Properties } from "../amqp/values.ts";

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

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export interface Entry<Content> extends Mutable<QueuedMessage<Content>> {
  scheduledFor: number | undefined;
  readonly timeToLiveMs: number | undefined;
  lock: { readonly token: string; readonly until: number } | undefined;
}

type NewEntry<Content> = Omit<Entry<Content>, "sequenceNumber" | "firstSequenceNumber" | "lock"> & {
  readonly firstSequenceNumber: number | undefined;
};

export type Entries<Content> = ReturnType<typeof createEntries<Content>>;

export function createEntries<Content>() {
  const entries = new Map<number, Entry<Content>>();
  /** Sequence numbers of active, unlocked messages, ascending. */
  const ready: number[] = [];
  const scheduled = new Set<Entry<Content>>();
  /** Entries with a time to live. */
  const mortal = new Set<Entry<Content>>();
  const listeners = new Set<() => void>();
  let lastSequenceNumber = 0;

  function store({ firstSequenceNumber = lastSequenceNumber + 1, ...message }: NewEntry<Content>): Entry<Content> {
    lastSequenceNumber += 1;
    const entry = { ...message, sequenceNumber: lastSequenceNumber, firstSequenceNumber, lock: undefined };
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

  /** As if it were sent now, with a new number (Learn "Message sequencing and timestamps"). */
  function activate(entry: Entry<Content>, now: number): void {
    scheduled.delete(entry);
    entries.delete(entry.sequenceNumber);
    lastSequenceNumber += 1;
    entry.sequenceNumber = lastSequenceNumber;
    entries.set(entry.sequenceNumber, entry);
    entry.state = "active";
    entry.enqueuedAt = now;
    makeReady(entry);
  }

  return {
    ...{ scheduled, mortal, listeners, store, makeReady, remove, activate },
    get: (sequenceNumber: number) => entries.get(sequenceNumber),
    all: () => entries.values(),
    /** The oldest free message, which is free no longer. */
    takeFirst(): Entry<Content> | undefined {
      const sequenceNumber = ready.shift();
      return sequenceNumber === undefined ? undefined : entries.get(sequenceNumber);
    },
    takeOut({ sequenceNumber }: Entry<Content>): void {
      const index = ready.indexOf(sequenceNumber);
      if (index >= 0) ready.splice(index, 1);
    },
  };
}

export function view<Content>(entry: Entry<Content>): QueuedMessage<Content> {
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
