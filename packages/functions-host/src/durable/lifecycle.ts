/** How an orchestration begins, continues and ends: the changes to its row and history, and what others learn of them. */
import type { Clock } from "./clock.ts";
import { describeOrchestratorFailure } from "./failures.ts";
import type { GroupCommit } from "./groupCommit.ts";
import { appendHistory, EventType, emptyHistory, type Failure, type HistoryEvent } from "./history.ts";
import { newExecutionId } from "./ids.ts";
import type { Instance, Instances } from "./instances.ts";
import { Ledger } from "./ledger.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Effects } from "./plan.ts";
import { type ActivityTask, type InstanceRow, isFinal, type Parent, type WaitingMessage } from "./records.ts";
import type { DurableSpans } from "./spans.ts";
import type { Store } from "./store/store.ts";
import { dueAt } from "./timers.ts";

export interface LifecycleOptions {
  readonly store: Store;
  readonly instances: Instances;
  readonly commit: GroupCommit;
  readonly mailbox: Mailbox;
  readonly clock: Clock;
  readonly spans: DurableSpans;
  readonly runActivity: (task: ActivityTask) => void;
}

export interface NewInstance {
  readonly id: string;
  readonly name: string;
  readonly version: string | null;
  readonly input: string | null;
  readonly parent: Parent | null;
  /** The previous instance with this id, which has finished. */
  readonly replaces?: InstanceRow | undefined;
  /** The parent of its orchestration's span. */
  readonly traceParent?: string | undefined;
}

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

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { store, instances, commit, mailbox, clock, spans } = options;
  const listeners = new Map<number, Set<(row: InstanceRow) => void>>();

  /** The only place that commits changes of an instance. */
  function record(
    instance: Instance,
    used: readonly WaitingMessage[],
    write: () => void,
    { effect, author = instance.row.key }: { effect?: () => void; author?: number | undefined } = {},
  ): void {
    for (const message of used) message.taken = true;
    instances.hold(instance);
    commit.add(
      () => {
        for (const { key, stored } of used) if (stored) store.deleteMessage(key);
        write();
      },
      () => {
        instances.release(instance);
        effect?.();
      },
      author,
    );
  }

  function append(instance: Instance, events: readonly HistoryEvent[]): () => void {
    const { key } = instance.row;
    const position = instance.history.count;
    // First, because it throws when the text would be too long, and then nothing may have changed.
    const text = JSON.stringify(events);
    instance.history = appendHistory(instance.history, events);
    return () => store.appendEvents(key, position, text);
  }

  /** Carries out what a turn asked for, on behalf of its execution. */
  function perform({ row, traceParent }: Pick<Instance, "row" | "traceParent">, effects: Effects): void {
    for (const { id, name, input } of effects.tasks) {
      const { key: instance, id: instanceId, execution } = row;
      const task: ActivityTask = { key: store.newTaskKey(), instance, instanceId, execution, id, name, input };
      spans.taskScheduled(task, row, traceParent);
      commit.add(
        () => store.insertTask(task),
        () => options.runActivity(task),
        instance,
      );
    }
    for (const child of effects.children) beginChild(row, child, spans.childScheduled(row, traceParent, child));
    for (const event of effects.completions) mailbox.deliver(row.key, row.execution, event);
  }

  function setTimers(row: InstanceRow, { timers, cancelledTimers }: Effects): void {
    for (const id of cancelledTimers) mailbox.cancelTimer(row.key, id);
    for (const { id, fireAt } of timers) {
      const time = new Date(fireAt).toISOString();
      mailbox.deliverAt(dueAt(fireAt, clock.now()), row.key, row.execution, {
        EventType: EventType.TimerFired,
        EventId: -1,
        Timestamp: time,
        TimerId: id,
        FireAt: time,
      });
    }
  }

  function beginChild(
    row: InstanceRow,
    { taskId, ...child }: Effects["children"][number],
    traceParent: string | undefined,
  ): void {
    const parent = { instance: row.key, execution: row.execution, id: row.id, name: row.name, taskId };
    const existing = instances.find(child.id);
    if (existing === undefined || isFinal(existing.status)) {
      begin({ ...child, parent, traceParent, replaces: existing });
      return;
    }
    const problem = `An Orchestration instance with the status ${existing.status} already exists.`;
    tellParent(parent, "null", describeOrchestratorFailure(child.name, problem));
  }

  function begin({ id, name, version, input, parent, traceParent, replaces }: NewInstance): InstanceRow {
    const now = clock.now();
    const row: InstanceRow = {
      key: store.newInstanceKey(),
      id,
      name,
      version,
      execution: newExecutionId(),
      status: "Pending",
      input,
      output: null,
      customStatus: null,
      parent,
      created: now,
      updated: now,
    };
    const instance = instances.add(row, traceParent);
    mailbox.deliver(row.key, row.execution, startedEvent(instance, now));
    record(
      instance,
      [],
      () => {
        if (replaces !== undefined) store.deleteInstance(replaces.key);
        store.insertInstance(row);
      },
      { author: parent?.instance },
    );
    return row;
  }

  function tellParent(parent: Parent, output: string, failure: Failure | undefined): void {
    const { instance, execution, taskId } = parent;
    spans.childEnded(parent, failure?.Reason);
    const shared = { EventId: -1, Timestamp: new Date(clock.now()).toISOString(), TaskScheduledId: taskId };
    mailbox.deliver(
      instance,
      execution,
      failure === undefined
        ? { ...shared, EventType: EventType.SubOrchestrationInstanceCompleted, Result: output }
        : { ...shared, EventType: EventType.SubOrchestrationInstanceFailed, ...failure },
    );
  }

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

function startedEvent({ row, traceParent }: Instance, now: number): HistoryEvent {
  const { parent } = row;
  return {
    EventType: EventType.ExecutionStarted,
    EventId: -1,
    Timestamp: new Date(now).toISOString(),
    OrchestrationInstance: { InstanceId: row.id, ExecutionId: row.execution },
    ParentInstance:
      parent === null
        ? null
        : {
            Name: parent.name,
            OrchestrationInstance: { InstanceId: parent.id, ExecutionId: parent.execution },
            TaskScheduleId: parent.taskId,
            Version: null,
          },
    Name: row.name,
    Version: row.version,
    Tags: null,
    ...(traceParent === undefined ? {} : { ParentTraceContext: { TraceParent: traceParent } }),
  };
}
