/** An event hub: partitions, each a log to which events are appended, and from which any number of readers read. */
import type { Content } from "../amqp/content.ts";

export interface StoredEvent {
  /** 0, 1, 2 … in its partition. */
  readonly sequenceNumber: number;
  /** The bytes before it in the partition. */
  readonly offset: number;
  /** In milliseconds. */
  readonly enqueuedAt: number;
  readonly content: Content;
}

export interface Partition {
  readonly id: string;
  readonly events: readonly StoredEvent[];
  append(content: Content, size: number): void;
  /** Calls the listener after every event; returns a function that removes it. */
  onAppend(listener: () => void): () => void;
}

export interface Hub {
  readonly name: string;
  readonly createdAt: number;
  readonly partitions: readonly Partition[];
  /** Events with the same key go to the same partition; those without take turns. */
  choose(key: string | undefined): Partition;
}

const partitionCount = 2;

export function createHub(name: string, now: () => Date): Hub {
  const partitions = Array.from({ length: partitionCount }, (_, index) => createPartition(String(index), now));
  const [first] = partitions;
  if (!first) throw new Error("a hub needs a partition");
  let turn = 0;
  return {
    name,
    createdAt: now().getTime(),
    partitions,
    choose(key) {
      turn += 1;
      const number = key === undefined ? turn : sum(key);
      return partitions[number % partitions.length] ?? first;
    },
  };
}

/** Which partition a key leads to is the service's own affair. */
function sum(key: string): number {
  return [...Buffer.from(key)].reduce((all, byte) => all + byte, 0);
}

function createPartition(id: string, now: () => Date): Partition {
  const events: StoredEvent[] = [];
  const listeners = new Set<() => void>();
  let bytes = 0;
  return {
    id,
    events,
    append(content, size) {
      events.push({ sequenceNumber: events.length, offset: bytes, enqueuedAt: now().getTime(), content });
      bytes += size;
      for (const listener of [...listeners]) listener();
    },
    onAppend(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
