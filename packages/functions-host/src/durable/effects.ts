/** What one orchestration does to others and to the world: it begins them, starts activities and timers, and tells its parent. */
import type { Clock } from "./clock.ts";
import { describeOrchestratorFailure } from "./failures.ts";
import type { GroupCommit } from "./groupCommit.ts";
import { EventType, type Failure, type HistoryEvent } from "./history.ts";
import { newExecutionId } from "./ids.ts";
import type { Instance, Instances } from "./instances.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Effects } from "./plan.ts";
import type { Recording } from "./recording.ts";
import { type ActivityTask, type InstanceRow, isFinal, type Parent } from "./records.ts";
import type { DurableSpans } from "./spans.ts";
import type { Store } from "./store/store.ts";
import { dueAt } from "./timers.ts";

export interface EffectsOptions {
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

export function createEffects(options: EffectsOptions, { record }: Pick<Recording, "record">) {
  const { store, instances, commit, mailbox, clock, spans } = options;

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

  return { begin, perform, setTimers, tellParent };
}

export function startedEvent({ row, traceParent }: Instance, now: number): HistoryEvent {
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
