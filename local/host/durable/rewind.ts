/**
 * Rewind: a failed orchestration goes back to before its last failure, and repeats that work.
 *
 * The history is cut before the turn that learned of the failure. What was decided until then keeps its place and its sequence
 * ids; removing only the failed task would shift the ids of everything that the orchestrator did afterwards. Later results of
 * tasks from before the cut are delivered again; failed tasks run again under their ids.
 *
 * Answers that come after the failure wait on disk for this (`outlivesFailure` in inbox.ts). Azure discards them
 * (DurableTask.AzureStorage, AzureStorageOrchestrationService.cs, IsExecutableInstanceAsync), and what is rewound there waits for
 * them forever. Answers to what was decided after the cut must not arrive any more: the orchestrator gives the same ids to other
 * tasks (github.com/Azure/durabletask/pull/1391).
 */
import type { Engine } from "./engine.ts";
import { type ChildCreated, EventType, type HistoryEvent } from "./history.ts";
import { outlivesFailure } from "./inbox.ts";
import { Ledger } from "./ledger.ts";
import { type Address, type InstanceRow, isFinal, type Message, noExecution } from "./records.ts";

export function rewindInstance(engine: Engine, row: InstanceRow, reason: string): Refusal | undefined {
  // Now the store has everything, and nothing of what has failed is left in memory.
  engine.commit.flush();
  const plan = planRewind(engine, row, reason);
  if ("refused" in plan) return plan;
  plan.carryOut();
  // With its children in one commit, or a crash in between would leave it waiting for them. And before the next turn, which would
  // otherwise find the instance failed.
  engine.commit.flush();
  if (engine.commit.broken !== undefined) throw engine.commit.broken;
  return undefined;
}

interface Refusal {
  readonly refused: string;
}

interface Plan {
  carryOut(): void;
}

/** Changes nothing, so that a child that cannot be rewound leaves its parent as it is. */
function planRewind(engine: Engine, row: InstanceRow, reason: string): Refusal | Plan {
  if (row.status !== "Failed") {
    return {
      refused: `This orchestration has status ${row.status}, but only orchestrations in the "Failed" state can be rewound.`,
    };
  }
  const past = readPast(engine, row);
  const lostAnswer = findLostAnswer(engine, past);
  if (past.ledger.lock !== undefined) {
    return { refused: `Instance '${row.id}' failed while it held entity locks, which it has given back since.` };
  }
  if (lostAnswer !== undefined) {
    return {
      refused:
        `Instance '${row.id}' waits for the answer of entity '${lostAnswer}', which was lost when it had failed. ` +
        "Start a new instance instead.",
    };
  }
  const children = planChildren(engine, row, past, reason);
  if ("refused" in children) return children;

  return {
    carryOut() {
      const { key, execution } = row;
      const { mailbox, store } = engine;
      engine.commit.add(() => {
        store.truncateHistory(key, past.kept.length);
        store.updateInstance({ ...row, status: past.kept.length === 0 ? "Pending" : "Running", output: null });
      });
      disown(engine, row, past);
      mailbox.forget(key);
      mailbox.discard(past.messages.map((message) => ({ ...message, stored: true, taken: false })));
      // What came late is written anew, because it came after what was lost.
      for (const event of [...past.lost, ...children.completions, ...past.late]) {
        // One that is not read now is for the next generation.
        mailbox.deliver(key, event.EventType === EventType.EventRaised ? null : execution, event);
      }
      for (const child of children.plans) child.carryOut();
      setTimers(engine, row, past);
      mailbox.deliver(key, execution, {
        EventType: EventType.GenericEvent,
        EventId: -1,
        Timestamp: new Date(engine.clock.now()).toISOString(),
        Data: `Rewind: ${reason}`,
        Host: { again: [...findTasksAgain(engine, row, past), ...children.again].sort((a, b) => a - b) },
      });
    },
  };
}

interface Past {
  readonly kept: readonly HistoryEvent[];
  /** The rest of the history. */
  readonly undone: readonly HistoryEvent[];
  /** That of `kept`. */
  readonly ledger: Ledger;
  /** What was undone, but is an answer to what was kept. */
  readonly lost: readonly HistoryEvent[];
  /** What came after the failure, or during the last turn. */
  readonly messages: readonly Message[];
  /** The answers among them. */
  readonly late: readonly HistoryEvent[];
  /** The ids of what `lost` and `late` answer. */
  readonly answered: ReadonlySet<number>;
}

function readPast({ store }: Engine, row: InstanceRow): Past {
  const events = store.history(row.key);
  const cut = findCut(events);
  const [kept, undone] = [events.slice(0, cut), events.slice(cut)];
  const ledger = new Ledger();
  for (const event of kept) ledger.apply(event);
  const undoneCalls = new Set(undone.flatMap((event) => requestOf(event) ?? []));
  const isWanted = (event: HistoryEvent) =>
    isAnswer(event) &&
    ledger.expects(event) &&
    !(event.EventType === EventType.EventRaised && undoneCalls.has(event.Name));
  const lost = undone.filter(isWanted);
  const messages = store.messagesOf(row.key);
  const late = messages.flatMap((message) =>
    outlivesFailure(row, message) && isWanted(message.event) ? [message.event] : [],
  );
  const answered = new Set(
    [...lost, ...late].flatMap((event) =>
      "TaskScheduledId" in event ? [event.TaskScheduledId] : "TimerId" in event ? [event.TimerId] : [],
    ),
  );
  return { kept, undone, ledger, lost, messages, late, answered };
}

/**
 * The start of the turn that learned of the last failure; of the last turn if the orchestrator itself failed. What failed after the
 * orchestrator had left (turn.ts) did not matter to it.
 */
function findCut(history: readonly HistoryEvent[]): number {
  const leaving = history.findIndex(
    (event) => event.EventType === EventType.OrchestratorCompleted && event.Host?.leaves === true,
  );
  const events = leaving < 0 ? history : history.slice(0, leaving);
  const failure = events.findLastIndex(
    ({ EventType: type }) => type === EventType.TaskFailed || type === EventType.SubOrchestrationInstanceFailed,
  );
  const turns = events.slice(0, failure < 0 ? events.length : failure);
  return Math.max(
    0,
    turns.findLastIndex(({ EventType: type }) => type === EventType.OrchestratorStarted),
  );
}

function isAnswer({ EventType: type }: HistoryEvent): boolean {
  switch (type) {
    case EventType.ExecutionStarted:
    case EventType.EventRaised:
    case EventType.TaskCompleted:
    case EventType.SubOrchestrationInstanceCompleted:
    case EventType.TimerFired:
      return true;
    default:
      return false;
  }
}

/** The name under which the entity's answer is raised. */
function requestOf(event: HistoryEvent): string | undefined {
  return event.EventType === EventType.EventSent ? event.Host.request : undefined;
}

/**
 * The entity that has answered a call whose answer is nowhere: an earlier version of this host dropped what came after the
 * failure. The call cannot be repeated, because the entity would carry it out twice.
 */
function findLostAnswer({ entityStore }: Engine, { kept, lost, late }: Past): string | undefined {
  const calls = kept.flatMap((event) => {
    const request = requestOf(event);
    return event.EventType === EventType.EventSent && event.Host.kind === "call" && request !== undefined
      ? [{ entity: event.InstanceId, request }]
      : [];
  });
  if (calls.length === 0) return undefined;
  const names = [...kept, ...lost, ...late].flatMap((event) =>
    event.EventType === EventType.EventRaised ? [event.Name] : [],
  );
  const pending = entityStore
    .messages()
    .flatMap(({ request }) =>
      request.kind === "operation" && request.caller !== null ? [request.caller.request] : [],
    );
  const known = new Set([...names, ...pending]);
  return calls.find(({ request }) => !known.has(request))?.entity;
}

/** What was decided after the cut goes on, but nobody waits for its answers. */
function disown(
  { activities, commit, instances, spans, store }: Engine,
  row: InstanceRow,
  { undone, ledger }: Past,
): void {
  for (const task of store.tasks()) {
    if (!isOf(task, row) || task.id < ledger.nextId) continue;
    activities.disown(task.key);
    commit.add(() => store.disownTask(task.key));
  }
  for (const event of undone) {
    const child =
      event.EventType === EventType.SubOrchestrationInstanceCreated ? findChild(instances, row, event) : undefined;
    if (child?.parent == null || child.status === "Completed" || child.status === "Terminated") continue;
    spans.childEnded(child.parent, "Its parent was rewound.");
    const disowned = { ...child, parent: { ...child.parent, execution: noExecution } };
    const instance = instances.load(child.key);
    if (instance === undefined) {
      commit.add(() => store.updateParent(disowned));
      continue;
    }
    instance.row = disowned;
    instances.hold(instance);
    commit.add(
      () => store.updateParent(disowned),
      () => instances.release(instance),
    );
  }
}

function isOf({ instance, execution }: Address, row: InstanceRow): boolean {
  return instance === row.key && execution === row.execution;
}

function setTimers({ mailbox }: Engine, { key, execution }: InstanceRow, { kept, ledger, answered }: Past): void {
  for (const event of kept) {
    if (event.EventType !== EventType.TimerCreated || !ledger.isOpen(event.EventId) || answered.has(event.EventId))
      continue;
    const { FireAt } = event;
    mailbox.deliverAt(Date.parse(FireAt), key, execution, {
      EventType: EventType.TimerFired,
      EventId: -1,
      Timestamp: FireAt,
      TimerId: event.EventId,
      FireAt,
    });
  }
}

/** Ids of the activities that have no result and are not running. */
function findTasksAgain({ store }: Engine, row: InstanceRow, { kept, ledger, answered }: Past): number[] {
  const running = new Set(store.tasks().flatMap((task) => (isOf(task, row) ? [task.id] : [])));
  // A call over HTTP that is polled asks again when its timer fires.
  const waiting = new Set(
    kept.flatMap(({ EventType: type, EventId }) =>
      type === EventType.TimerCreated ? (ledger.requestAfter(EventId) ?? []) : [],
    ),
  );
  return kept.flatMap(({ EventType: type, EventId: id }) => {
    const isOpen = type === EventType.TaskScheduled && ledger.isOpen(id);
    return isOpen && !answered.has(id) && !running.has(id) && !waiting.has(id) ? [id] : [];
  });
}

/** Makes each child that has no result report one, after a rewind of its own if necessary. */
function planChildren(engine: Engine, row: InstanceRow, { kept, ledger, answered }: Past, reason: string) {
  const plans: Plan[] = [];
  const completions: HistoryEvent[] = [];
  const again: number[] = [];
  for (const event of kept) {
    if (event.EventType !== EventType.SubOrchestrationInstanceCreated) continue;
    if (!ledger.isOpen(event.EventId) || answered.has(event.EventId)) continue;
    const child = findChild(engine.instances, row, event);
    if (child === undefined || child.status === "Terminated") {
      again.push(event.EventId);
    } else if (child.status === "Failed") {
      const plan = planRewind(engine, child, reason);
      if ("refused" in plan) return plan;
      plans.push(plan);
    } else if (isFinal(child.status)) {
      completions.push({
        EventType: EventType.SubOrchestrationInstanceCompleted,
        EventId: -1,
        Timestamp: new Date(engine.clock.now()).toISOString(),
        TaskScheduledId: event.EventId,
        Result: child.output ?? "null",
      });
    }
  }
  return { plans, completions, again };
}

/** Undefined when it was purged, or its id was taken by another instance. */
function findChild(instances: Engine["instances"], row: InstanceRow, event: ChildCreated): InstanceRow | undefined {
  const child = instances.find(event.InstanceId);
  const parent = child?.parent;
  return parent != null && isOf(parent, row) && parent.taskId === event.EventId ? child : undefined;
}
