/** The inboxes of the orchestrations: messages that have arrived, and messages that arrive at a set time. */
import type { Clock } from "./clock.ts";
import type { GroupCommit } from "./groupCommit.ts";
import type { HistoryEvent } from "./history.ts";
import type { Message, WaitingMessage } from "./records.ts";
import type { Store } from "./store/store.ts";
import { createTimers } from "./timers.ts";

export interface Mailbox {
  deliver(instance: number, execution: string | null, event: HistoryEvent): void;
  deliverAt(due: number, instance: number, execution: string, event: HistoryEvent): void;
  /** Takes a message that the store already has. */
  restore(message: Message): void;
  cancelTimer(instance: number, timerId: number): void;
  cancelTimers(instance: number): void;
  waiting(instance: number): readonly WaitingMessage[];
  /** For messages without effect. */
  discard(messages: readonly WaitingMessage[]): void;
  /** Forgets the messages that are taken. */
  tidy(instance: number): void;
  /** Leaves all messages to the store: those of an instance that has ended. */
  forget(instance: number): void;
  close(): void;
  /** How many instances have messages in memory. */
  readonly size: number;
  /** How many instances wait for timers. */
  readonly timers: number;
}

export function createMailbox(options: {
  readonly store: Store;
  readonly commit: GroupCommit;
  readonly clock: Clock;
  readonly onArrival: (instance: number) => void;
}): Mailbox {
  const { store, commit, clock, onArrival } = options;
  const byInstance = new Map<number, WaitingMessage[]>();
  const timers = createTimers(clock, enqueue);

  function enqueue(message: WaitingMessage): void {
    const waiting = byInstance.get(message.instance);
    if (waiting === undefined) byInstance.set(message.instance, [message]);
    else waiting.push(message);
    onArrival(message.instance);
  }

  /** Many messages are consumed in the tick in which they arrive; those are never written to disk. */
  function keep(message: WaitingMessage): void {
    commit.add(
      () => {
        if (message.taken) return;
        store.insertMessage(message);
        message.stored = true;
      },
      undefined,
      message.instance,
    );
  }

  function discard(messages: readonly WaitingMessage[]): void {
    if (messages.length === 0) return;
    for (const message of messages) message.taken = true;
    commit.add(() => {
      for (const { key, stored } of messages) if (stored) store.deleteMessage(key);
    });
  }

  const create = (instance: number, execution: string | null, event: HistoryEvent, due: number | null) => ({
    key: store.newMessageKey(),
    instance,
    execution,
    due,
    event,
    stored: false,
    taken: false,
  });

  return {
    deliver(instance, execution, event) {
      const message = create(instance, execution, event, null);
      // First, so that the pump runs before the commit, and a turn that is quick enough shares it.
      enqueue(message);
      keep(message);
    },
    deliverAt(due, instance, execution, event) {
      const message = create(instance, execution, event, due);
      keep(message);
      timers.arm(message);
    },
    restore(message) {
      const waiting = { ...message, stored: true, taken: false };
      if (message.due === null) enqueue(waiting);
      else timers.arm(waiting);
    },
    cancelTimer(instance, timerId) {
      const message = timers.cancel(instance, timerId);
      if (message !== undefined) discard([message]);
    },
    cancelTimers(instance) {
      discard(timers.cancelAll(instance));
    },
    waiting: (instance) => byInstance.get(instance) ?? [],
    discard,
    tidy(instance) {
      const left = byInstance.get(instance)?.filter(({ taken }) => !taken) ?? [];
      if (left.length === 0) byInstance.delete(instance);
      else byInstance.set(instance, left);
    },
    forget: (instance) => void byInstance.delete(instance),
    close: () => timers.close(),
    get size() {
      return byInstance.size;
    },
    get timers() {
      return timers.size;
    },
  };
}
