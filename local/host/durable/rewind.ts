/**
 * Rewind: a failed orchestration goes back to before its last failure, and repeats that work.
 *
 * The history is cut before the turn that learned of the failure. What was decided until then keeps its place and its sequence
 * ids; removing only the failed task would shift the ids of everything that the orchestrator did afterwards. Later results of
 * tasks from before the cut are delivered again; failed tasks run again under their ids.
 */
import type { Engine } from "./engine.ts";
import { type ChildCreated, EventType, type HistoryEvent } from "./history.ts";
import { Ledger } from "./ledger.ts";
import { type InstanceRow, isFinal } from "./records.ts";

export function rewindInstance(engine: Engine, row: InstanceRow, reason: string): Refusal | undefined {
  // Now the store has everything, and nothing of what has failed is left in memory.
  engine.commit.flush();
  const refusal = rewind(engine, row, reason);
  // With its children in one commit, or a crash in between would leave it waiting for them. And before the next turn, which would
  // otherwise find the instance failed.
  engine.commit.flush();
  return refusal;
}

interface Refusal {
  readonly refused: string;
}

function rewind(engine: Engine, row: InstanceRow, reason: string): Refusal | undefined {
  if (row.status !== "Failed") {
    return {
      refused: `This orchestration has status ${row.status}, but only orchestrations in the "Failed" state can be rewound.`,
    };
  }
  const events = engine.store.history(row.key);
  const cut = findCut(events);
  const ledger = new Ledger();
  for (const event of events.slice(0, cut)) ledger.apply(event);
  if (ledger.lock !== undefined) {
    return { refused: `Instance '${row.id}' failed while it held entity locks, which it has given back since.` };
  }

  engine.commit.add(() => {
    engine.store.truncateHistory(row.key, cut);
    engine.store.updateInstance({ ...row, status: cut === 0 ? "Pending" : "Running", output: null });
  });
  const deliver = (event: HistoryEvent) => engine.mailbox.deliver(row.key, row.execution, event);
  const lost = events.slice(cut).filter((event) => isStillWanted(event, ledger));
  for (const event of lost) deliver(event);
  deliver({
    EventType: EventType.GenericEvent,
    EventId: -1,
    Timestamp: new Date(engine.clock.now()).toISOString(),
    Data: `Rewind: ${reason}`,
    Host: { again: findAgain(engine, row, { kept: events.slice(0, cut), lost, ledger, reason }) },
  });
  return undefined;
}

/** The start of the turn that learned of the last failure; of the last turn if the orchestrator itself failed. */
function findCut(events: readonly HistoryEvent[]): number {
  const failure = events.findLastIndex(
    ({ EventType: type }) => type === EventType.TaskFailed || type === EventType.SubOrchestrationInstanceFailed,
  );
  const turns = events.slice(0, failure < 0 ? events.length : failure);
  return Math.max(
    0,
    turns.findLastIndex(({ EventType: type }) => type === EventType.OrchestratorStarted),
  );
}

function isStillWanted(event: HistoryEvent, ledger: Ledger): boolean {
  switch (event.EventType) {
    case EventType.ExecutionStarted:
    case EventType.EventRaised:
      return true;
    case EventType.TaskCompleted:
    case EventType.SubOrchestrationInstanceCompleted:
    case EventType.TimerFired:
      return ledger.expects(event);
    default:
      return false;
  }
}

/** Ids of the tasks that have no result and are not running. Also sets timers again. */
function findAgain(
  engine: Engine,
  row: InstanceRow,
  past: {
    readonly kept: readonly HistoryEvent[];
    readonly lost: readonly HistoryEvent[];
    readonly ledger: Ledger;
    readonly reason: string;
  },
): number[] {
  const answered = new Set(past.lost.flatMap((event) => ("TaskScheduledId" in event ? [event.TaskScheduledId] : [])));
  const fired = new Set(past.lost.flatMap((event) => ("TimerId" in event ? [event.TimerId] : [])));
  const running = new Set(
    engine.store
      .tasks()
      .flatMap(({ instance, execution, id }) => (instance === row.key && execution === row.execution ? [id] : [])),
  );
  const again: number[] = [];
  for (const event of past.kept) {
    if (event.EventId < 0 || !past.ledger.isOpen(event.EventId)) continue;
    if (event.EventType === EventType.TaskScheduled) {
      if (!answered.has(event.EventId) && !running.has(event.EventId)) again.push(event.EventId);
    } else if (event.EventType === EventType.SubOrchestrationInstanceCreated) {
      if (!answered.has(event.EventId) && !isChildAlive(engine, row, event, past.reason)) again.push(event.EventId);
    } else if (event.EventType === EventType.TimerCreated && !fired.has(event.EventId)) {
      const { FireAt } = event;
      engine.mailbox.deliverAt(Date.parse(FireAt), row.key, row.execution, {
        EventType: EventType.TimerFired,
        EventId: -1,
        Timestamp: FireAt,
        TimerId: event.EventId,
        FireAt,
      });
    }
  }
  return again;
}

/** Whether the child will report, if necessary after a rewind of its own. */
function isChildAlive(engine: Engine, row: InstanceRow, event: ChildCreated, reason: string): boolean {
  const child = engine.instances.find(event.InstanceId);
  const isOurs = child?.parent?.instance === row.key && child.parent.execution === row.execution;
  if (child === undefined || !isOurs || child.parent?.taskId !== event.EventId) return false;
  if (!isFinal(child.status)) return true;
  if (child.status === "Failed") return rewind(engine, child, reason) === undefined;
  if (child.status === "Terminated") return false;
  engine.mailbox.deliver(row.key, row.execution, {
    EventType: EventType.SubOrchestrationInstanceCompleted,
    EventId: -1,
    Timestamp: new Date(engine.clock.now()).toISOString(),
    TaskScheduledId: event.EventId,
    Result: child.output ?? "null",
  });
  return true;
}
