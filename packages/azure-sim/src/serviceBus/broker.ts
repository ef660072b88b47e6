/** The entities of a namespace, by path: queues, topics with their subscriptions, and all dead-letter queues. */
import { BrokerError } from "../amqp/errors.ts";
import type { Clock } from "./clock.ts";
import type { QueueSettings } from "./lifetimes.ts";
import { createDuplicateFilter, createQueue, type NewMessage, type Queue } from "./queue.ts";

export interface TopicSettings {
  readonly name: string;
  readonly duplicateDetectionSeconds?: number;
  readonly subscriptions: readonly Omit<QueueSettings, "duplicateDetectionSeconds">[];
}

/** The entity at a path: something to send to, to receive from, or both. */
export interface Entity<Content> {
  /** In the spelling of the settings. */
  readonly path: string;
  /** Where a role can be given for it: in the ID of the namespace, as Azure Resource Manager names it. */
  readonly scope: string;
  readonly send?: (message: NewMessage<Content>) => number | undefined;
  readonly cancelScheduled?: (sequenceNumbers: readonly number[]) => void;
  readonly queue?: Queue<Content>;
}

export type Broker<Content> = ReturnType<typeof createBroker<Content>>;

export const deadLetterSuffix = "/$DeadLetterQueue";

export function createBroker<Content>(
  settings: { queues: readonly QueueSettings[]; topics: readonly TopicSettings[] },
  clock: Clock,
) {
  /** By lower-cased path: Service Bus compares entity paths case-insensitively. */
  const entities = new Map<string, Entity<Content>>();

  function add(entity: Entity<Content>): void {
    const key = entity.path.toLowerCase();
    if (entities.has(key)) throw new TypeError(`Entity "${entity.path}" is in the settings twice; remove one.`);
    entities.set(key, entity);
  }

  function addQueue(path: string, scope: string, queueSettings: QueueSettings): Queue<Content> {
    const deadLetters = createQueue<Content>(
      { name: path + deadLetterSuffix, lockDurationSeconds: queueSettings.lockDurationSeconds ?? 60 },
      clock,
    );
    const queue = createQueue<Content>(queueSettings, clock, deadLetters);
    add({ path: path + deadLetterSuffix, scope, queue: deadLetters });
    return queue;
  }

  for (const queueSettings of settings.queues) {
    const { name } = queueSettings;
    const scope = `queues/${name}`;
    const queue = addQueue(name, scope, queueSettings);
    add({ path: name, scope, queue, send: queue.send, cancelScheduled: queue.cancelScheduled });
  }
  for (const topic of settings.topics) {
    const subscriptions = topic.subscriptions.map((subscription) => {
      const path = subscriptionPath(topic.name, subscription.name);
      const scope = `topics/${topic.name}/subscriptions/${subscription.name}`;
      const queue = addQueue(path, scope, subscription);
      add({ path, scope, queue });
      return queue;
    });
    const recentIds = createDuplicateFilter((topic.duplicateDetectionSeconds ?? 0) * 1000, clock);
    const fanOut = createFanOut(subscriptions);
    add({
      path: topic.name,
      scope: `topics/${topic.name}`,
      send: (message) => (recentIds.isDuplicate(message.messageId) ? undefined : fanOut.send(message)),
      cancelScheduled: fanOut.cancelScheduled,
    });
  }

  return {
    find(path: string): Entity<Content> | undefined {
      return entities.get(path.replace(/^\/+|\/+$/g, "").toLowerCase());
    },
    close(): void {
      for (const { queue } of entities.values()) queue?.close();
    },
  };
}

export function subscriptionPath(topic: string, subscription: string): string {
  return `${topic}/Subscriptions/${subscription}`;
}

/** A topic keeps no messages, only the sequence numbers that each scheduled one has in the subscriptions. */
function createFanOut<Content>(subscriptions: readonly Queue<Content>[]) {
  const copies = new Map<number, { queue: Queue<Content>; sequenceNumber: number }[]>();
  let lastSequenceNumber = 0;
  return {
    send(message: NewMessage<Content>): number {
      lastSequenceNumber += 1;
      const made: { queue: Queue<Content>; sequenceNumber: number }[] = [];
      for (const queue of subscriptions) {
        const sequenceNumber = queue.send({ ...message, firstSequenceNumber: lastSequenceNumber });
        if (sequenceNumber !== undefined) made.push({ queue, sequenceNumber });
      }
      if (message.scheduledFor !== undefined) copies.set(lastSequenceNumber, made);
      return lastSequenceNumber;
    },
    cancelScheduled(sequenceNumbers: readonly number[]): void {
      for (const number of sequenceNumbers) {
        const made = copies.get(number);
        if (!made) throw new BrokerError("com.microsoft:message-not-found", `No scheduled message ${number}.`);
        for (const { queue, sequenceNumber } of made) queue.cancelScheduled([sequenceNumber]);
        copies.delete(number);
      }
    },
  };
}
