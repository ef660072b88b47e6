/** One turn of one orchestration: replays its history in the app and works out what follows. */

import type { FunctionApp } from "../app.ts";
import type { Log } from "../log.ts";
import { messageOf } from "../messageOf.ts";
import { type Action, type Actions, describeAction, flattenActions } from "./actions.ts";
import { type Barrier, barrierOf } from "./barrier.ts";
import {
  describeOrchestratorFailure,
  NonDeterminismError,
  OrchestrationError,
  UnknownFunctionError,
} from "./failures.ts";
import type { DurableFunctions } from "./functions.ts";
import { type Gathering, gatheringOf } from "./gathering.ts";
import { asReplayed, EventType, type Failure, type HistoryEvent, type ReplayedEvent } from "./history.ts";
import type { Instance } from "./instances.ts";
import { NotJson, toJson } from "./json.ts";
import type { Ledger } from "./ledger.ts";
import { asPassed } from "./payloads.ts";
import { type Effects, TurnPlan } from "./plan.ts";
import { type Reply, readFailure, readState } from "./reply.ts";
import type { DurableSettings } from "./settings.ts";

export interface TurnContext {
  readonly app: FunctionApp;
  readonly functions: DurableFunctions;
  readonly settings: DurableSettings;
  readonly log: Log;
  /** Fails what works here but goes wrong on a host that sees only JSON. */
  readonly isStrict?: boolean | undefined;
}

export type Ending =
  | { readonly status: "Completed"; readonly output: string }
  | { readonly status: "Failed"; readonly failure: Failure }
  | { readonly status: "ContinuedAsNew"; readonly input: string };

export interface Outcome {
  readonly events: readonly HistoryEvent[];
  readonly effects: Effects;
  /** JSON, or null when the orchestrator sets none. */
  readonly customStatus: string | null;
  readonly ending: Ending | undefined;
  /** The positions of delivered events that the orchestrator, which is leaving, did not come to. */
  readonly unread: readonly number[];
  readonly gathering?: Gathering | undefined;
}

const orchestrationStatus = { Completed: 1, Failed: 3 } as const;

/**
 * An orchestrator that has returned, thrown, or asked for its next generation leaves, but its orchestration ends only when nothing
 * that it started is open, as DurableTask has it (TaskOrchestrationExecutor.cs, HasOpenTasks), and it is past every barrier
 * (barrier.ts). Until then each result replays it, and other events from outside wait for the next generation.
 *
 * `refuse` says why the orchestrator is not asked, if so: then the orchestration fails as if it had failed by itself.
 */
export async function runTurn(
  { app, functions, settings, log, isStrict }: TurnContext,
  instance: Instance,
  delivered: readonly HistoryEvent[],
  { now, refuse }: { readonly now: number; readonly refuse: () => Promise<string | undefined> },
): Promise<Outcome> {
  const { row, ledger } = instance;
  const timestamp = new Date(now).toISOString();
  const arrived = delivered.map((event) => asAwaited(event, instance));
  const opening: HistoryEvent[] = [
    { EventType: EventType.OrchestratorStarted, EventId: -1, Timestamp: timestamp },
    ...arrived,
  ];
  const read = new Set<HistoryEvent>();
  const onRead = (event: HistoryEvent) => void read.add(event);
  const isRead = (event: HistoryEvent) =>
    event.EventType !== EventType.EventRaised || read.has(event) || ledger.leavesAfter(event.Name);
  const plan = new TurnPlan({ row, ledger, functions, settings, now });
  const waits: string[] = [];
  let { customStatus } = row;
  let ending: Ending | undefined;
  let gathering: Gathering | undefined;
  let barrier: Barrier | undefined;
  let isLeaving = false;
  const deliver = ({ numbered }: Actions) => {
    for (const event of opening) if (isRead(event)) plan.deliver(event, numbered);
  };
  try {
    const refusal = await refuse();
    if (refusal !== undefined) throw new OrchestrationError(refusal);
    const reply = await askOrchestrator(app, functions, instance, { opening, onRead });
    // One that is too large leaves none.
    customStatus = null;
    if (reply.kind !== "unknown") customStatus = readCustomStatus(reply.customStatus);
    const actions = flattenActions(reply.kind === "unknown" ? [] : reply.actions, { isStrict });
    if (reply.kind === "state") {
      deliver(actions);
      barrier = barrierOf(actions, ledger);
      plan.schedule(actions.numbered, endOfStart(actions, barrier, { ledger, isStrict }));
      for (const name of actions.waits) if (!ledger.awaitedEvents.has(name) && !waits.includes(name)) waits.push(name);
      ending = endingOf(reply, actions.continueAsNew);
      gathering = gatheringOf(actions, ledger);
    } else {
      if (reply.kind === "failed" && reply.isOpaque) plan.schedule([]);
      deliver(actions);
      barrier = barrierOf(actions, ledger, { hasThrown: true });
      plan.cancelTimers(actions.numbered);
      ending = {
        status: "Failed",
        failure:
          reply.kind === "unknown"
            ? { Reason: reply.message, Details: "" }
            : describeOrchestratorFailure(row.name, reply.message, reply.failureDetails),
      };
    }
    isLeaving = ending !== undefined && (ledger.hasOpenTasks || barrier !== undefined);
  } catch (error) {
    ending = { status: "Failed", failure: faultIn(error, row, log) };
  }
  const unread = isLeaving || ending?.status === "ContinuedAsNew" ? arrived.filter((event) => !isRead(event)) : [];
  if (isLeaving) ending = undefined;

  const ended = ending === undefined ? [] : endOf(ending, { EventId: ledger.nextId, Timestamp: timestamp });
  const completed: HistoryEvent = {
    EventType: EventType.OrchestratorCompleted,
    EventId: -1,
    Timestamp: timestamp,
    ...(waits.length === 0 && !isLeaving
      ? {}
      : { Host: { waits, ...(isLeaving ? { leaves: true, awaits: barrier?.awaits() ?? [] } : {}) } }),
  };
  ledger.apply(completed);
  return {
    events: [...opening.filter((event) => !unread.includes(event)), ...plan.events, ...ended, completed],
    effects: plan.effects,
    customStatus,
    ending,
    unread: unread.map((event) => arrived.indexOf(event)),
    gathering,
  };
}

/**
 * Up to where the actions may start. While hidden ids may come, ids would not be the same later. Azure has no answer to that: it
 * gives the result of one task to another.
 */
function endOfStart(
  { numbered }: Actions,
  barrier: Barrier | undefined,
  { ledger, isStrict }: { readonly ledger: Ledger; readonly isStrict: boolean | undefined },
): number {
  if (barrier === undefined) return numbered.length;
  if (!ledger.expectsHiddenIds) return barrier.position;
  const next = numbered[Math.max(barrier.position, ledger.atoms.length)];
  if (isStrict === true && next !== undefined) throw new OrchestrationError(explainConfusion(next));
  return numbered.length;
}

function explainConfusion(next: Action): string {
  return (
    `After a failed Task.all the orchestrator asked for something (${describeAction(next)}) while a task is retried. ` +
    "Azure would start it only when all of that Task.all has ended, and give tasks each other's results. " +
    "Yield each task of the Task.all first, which waits for it."
  );
}

function askOrchestrator(
  app: FunctionApp,
  functions: DurableFunctions,
  instance: Instance,
  arriving: Arriving,
): Promise<Reply> {
  const { name } = instance.row;
  const definition = functions.find("orchestrator", name);
  if (definition === undefined)
    return Promise.resolve({ kind: "unknown", message: functions.explainUnknown("orchestrator", name) });
  const raw = createPayload(instance, arriving);
  return app.invoke(definition.name, { trigger: {}, raw, instanceId: instance.row.id }).then(readState, readFailure);
}

interface Arriving {
  /** The events of this turn. */
  readonly opening: readonly HistoryEvent[];
  /** Called when the SDK comes to an event from outside. */
  readonly onRead: (event: HistoryEvent) => void;
}

const days = 24 * 60 * 60 * 1000;

/**
 * What the SDK would parse from the text that Azure sends. "Millseconds" is the SDK's spelling; without it `callHttp` fails in the SDK, and not here by name. Schema 3 is V4, its latest. The
 * longest short timer is the longest TimeSpan: a longer timer is split into child timers, each with a hidden id.
 */
function createPayload({ row, history }: Instance, { opening, onRead }: Arriving): object {
  const payload = {
    history: [] as readonly object[],
    input: JSON.parse(row.input ?? "null") as unknown,
    instanceId: row.id,
    isReplaying: false,
    parentInstanceId: row.parent?.id ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: 3 * days,
    maximumShortTimerDuration: 922_337_203_685_000,
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
  // Not enumerable, so that the SDK does not search all of it for timestamps to convert on every turn: they are Dates already.
  return Object.defineProperty(payload, "history", {
    value: [
      ...history.replayed.map(withOwnDetails),
      ...opening.flatMap((event) => asReplayed([event], false).map((replayed) => watched(replayed, event, onRead))),
    ],
    enumerable: false,
  });
}

/**
 * The SDK stops reading at `continueAsNew`, without saying where. As in Azure, an event that it has not come to waits for the next
 * generation. It reads the name of an event from outside only when it comes to it.
 */
function watched(replayed: ReplayedEvent, event: HistoryEvent, onRead: Arriving["onRead"]): ReplayedEvent {
  if (event.EventType !== EventType.EventRaised) return withOwnDetails(replayed);
  return Object.defineProperty(replayed, "Name", {
    get() {
      onRead(event);
      return event.Name;
    },
  });
}

/** The only part of an event that an orchestrator can reach: its changes must not persist to its next turn. */
function withOwnDetails(event: ReplayedEvent): ReplayedEvent {
  return "FailureDetails" in event ? structuredClone(event) : event;
}

function asAwaited(event: HistoryEvent, { ledger }: Instance): HistoryEvent {
  return event.EventType === EventType.EventRaised ? { ...event, Name: ledger.awaitedName(event.Name) } : event;
}

/** The SDK omits a falsy status, which clears it. */
function readCustomStatus(status: unknown): string | null {
  if (status === undefined || status === null) return null;
  const json = asPassed(toJson(status));
  const kilobytes = Math.floor((2 * json.length) / 1024);
  if (kilobytes > 16) {
    throw new OrchestrationError(
      `The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. The current payload size is ${kilobytes} KB.`,
    );
  }
  return json;
}

/** A string given to continueAsNew is already JSON (the SDK encodes it), and is encoded again here, as in Azure. */
function endingOf(reply: Extract<Reply, { kind: "state" }>, next: Action | undefined): Ending | undefined {
  if (!reply.isDone) return undefined;
  if (next !== undefined) return { status: "ContinuedAsNew", input: toJson(next["input"]) };
  return { status: "Completed", output: asPassed(toJson(reply.output)) };
}

/** The event of an orchestration's end; its next generation has a history of its own. */
function endOf(ending: Ending, numbered: Pick<HistoryEvent, "EventId" | "Timestamp">): readonly HistoryEvent[] {
  if (ending.status === "ContinuedAsNew") return [];
  const { FailureDetails } = ending.status === "Failed" ? ending.failure : {};
  return [
    {
      EventType: EventType.ExecutionCompleted,
      ...numbered,
      OrchestrationStatus: orchestrationStatus[ending.status],
      Result: ending.status === "Completed" ? ending.output : ending.failure.Reason,
      ...(FailureDetails === undefined ? {} : { FailureDetails }),
    },
  ];
}

function faultIn(error: unknown, { id, name }: Instance["row"], log: Log): Failure {
  if (!(error instanceof OrchestrationError || error instanceof NotJson)) {
    log.error("durable turn failed in the host", { instanceId: id, error: String(error) });
  } else if (error instanceof UnknownFunctionError) {
    const facts = { instanceId: id, orchestration: name, reason: error.message };
    log.error("an orchestration called a function that is not registered; in Azure it would wait forever", facts);
  }
  if (error instanceof NonDeterminismError) return { Reason: error.message, Details: "" };
  return describeOrchestratorFailure(name, reasonOf(error));
}

/** A fault of this host during a turn, too, fails the instance visibly, instead of letting it hang. */
function reasonOf(error: unknown): string {
  const isTheirs = error instanceof OrchestrationError || error instanceof NotJson;
  return isTheirs ? error.message : `the host could not process the turn: ${messageOf(error)}`;
}
