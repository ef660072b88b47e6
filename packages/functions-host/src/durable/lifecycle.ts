/** How an orchestration begins, continues and ends: the changes to its row and history, and what others learn of them. */
import { createEffects, type EffectsOptions, type NewInstance, startedEvent } from "./effects.ts";
import { emptyHistory, type Failure, type HistoryEvent } from "./history.ts";
import { newExecutionId } from "./ids.ts";
import type { Instance } from "./instances.ts";
import { Ledger } from "./ledger.ts";
import type { Effects } from "./plan.ts";
import { createRecording } from "./recording.ts";
import type { InstanceRow, WaitingMessage } from "./records.ts";

export interface Change {
  readonly events: readonly HistoryEvent[];
  readonly effects: Effects;
  readonly customStatus: string | null;
  /** The reason of a suspension or a resumption, which stays until there is another, or a result. */
  readonly output?: string | null;
}

export interface End extends Change {
  readonly status: "Completed" | "Failed" | "Terminated";
  readonly output: string;
  /** Reported to a parent; undefined on success. */
  readonly failure: Failure | undefined;
}

export interface Lifecycle {
  begin(instance: NewInstance): InstanceRow;
  advance(instance: Instance, used: readonly WaitingMessage[], status: InstanceRow["status"], change: Change): void;
  continueAsNew(instance: Instance, used: readonly WaitingMessage[], input: string, change: Change): void;
  finish(instance: Instance, used: readonly WaitingMessage[], end: End): void;
  /** Calls back once, when the instance has finished and that is on disk. Returns a function that stops waiting. */
  whenFinished(instance: number, callback: (row: InstanceRow) => void): () => void;
  /** How many instances somebody waits for. */
  readonly awaited: number;
}

export function createLifecycle(options: EffectsOptions): Lifecycle {
  const { store, mailbox, clock, spans } = options;
  const { record, append } = createRecording(options);
  const { begin, perform, setTimers, tellParent } = createEffects(options, { record });
  const listeners = new Map<number, Set<(row: InstanceRow) => void>>();

  return {
    begin,
    advance(instance, used, status, { events, effects, customStatus, ...change }) {
      const before = instance.row;
      const output = change.output ?? before.output;
      const row = { ...before, status, customStatus, output, updated: clock.now() };
      const write = append(instance, events);
      instance.row = row;
      record(instance, used, () => {
        write();
        if (status === before.status) store.touchInstance(row);
        else store.updateInstance(row);
      });
      perform(instance, effects);
      setTimers(row, effects);
    },
    continueAsNew(instance, used, input, { effects, customStatus }) {
      const before = instance.row;
      const { traceParent } = instance;
      const now = clock.now();
      const row: InstanceRow = {
        ...before,
        execution: newExecutionId(),
        input,
        customStatus,
        status: "Running",
        updated: now,
      };
      instance.row = row;
      instance.history = emptyHistory;
      instance.ledger = new Ledger();
      mailbox.cancelTimers(row.key);
      mailbox.deliver(row.key, row.execution, startedEvent(instance, now));
      record(instance, used, () => {
        store.renewInstance(row);
        store.updateInstance(row);
      });
      perform({ row: before, traceParent }, effects);
      spans.ended(before, "ContinuedAsNew");
    },
    finish(instance, used, { events, effects, customStatus, status, output, failure }) {
      const row: InstanceRow = { ...instance.row, status, output, customStatus, updated: clock.now() };
      const write = append(instance, events);
      instance.row = row;
      mailbox.cancelTimers(row.key);
      const ignored = mailbox.waiting(row.key);
      record(
        instance,
        [...used, ...ignored],
        () => {
          write();
          store.updateInstance(row);
        },
        {
          effect() {
            const callbacks = listeners.get(row.key);
            listeners.delete(row.key);
            for (const callback of callbacks ?? []) callback(row);
          },
        },
      );
      mailbox.forget(row.key);
      perform(instance, effects);
      spans.ended(row, status, failure?.Reason);
      if (row.parent !== null) tellParent(row.parent, output, failure);
    },
    whenFinished(instance, callback) {
      const callbacks = listeners.get(instance) ?? new Set();
      listeners.set(instance, callbacks.add(callback));
      return () => {
        callbacks.delete(callback);
        if (callbacks.size === 0) listeners.delete(instance);
      };
    },
    get awaited() {
      return listeners.size;
    },
  };
}
