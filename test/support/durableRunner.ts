/**
 * Runs orchestrations in memory on the SDK's own replay engine: no host, no store, a clock that jumps. One completion per
 * turn, so that the ids which a retry takes silently fall where the SDK expects them (docs/adr/0001). A seed decides which of
 * the open activities answers next.
 */
import type { Callback } from "../../packages/functions-host/src/core.ts";
import "../../src/orchestrations/launchable.ts";
import { messageOf } from "../../src/domain/messageOf.ts";
import { registrations } from "./core.ts";

export interface Run {
  readonly status: "Completed" | "Failed";
  readonly output: unknown;
  readonly customStatuses: readonly unknown[];
  /** Names of activities in the order of their calls, retries included. */
  readonly calls: readonly string[];
  readonly history: readonly HistoryEvent[];
  readonly turns: number;
  /** For each turn, the length of the history that it saw and the number of actions requested by its end. */
  readonly turnLog: readonly { readonly events: number; readonly actions: number }[];
  /** All requested actions, in order. */
  readonly actions: readonly Action[];
}

export interface RunOptions {
  /** 0 ≤ value < 1; decides the order of completions. */
  readonly random?: () => number;
  /** Runs an activity, by default once. A test may run it twice, or lose its answer. */
  readonly execute?: (name: string, run: () => Promise<unknown>) => Promise<unknown>;
  /** How many of the open activities run at the same time; by default one. */
  readonly together?: (open: number) => number;
  readonly maxTurns?: number;
  /** Holds external events; each is delivered in its own turn, before anything else. */
  readonly mailbox?: Mailbox;
  /** Whether to run a turn a second time from the same history, as after a crash before it was recorded. */
  readonly turnAgain?: () => boolean;
  /** Runs a sub-orchestration; by default, this runner runs it to its end with the same options. */
  readonly runChild?: (child: ChildRun, run: () => Promise<unknown>) => Promise<unknown>;
  /** Receives each generation of this orchestration and of its sub-orchestrations. */
  readonly onGeneration?: (run: Run) => void;
  /** Called when only timers are open, before the earliest of them fires; the time is the orchestration's. */
  readonly atRest?: (now: Date) => void | Promise<void>;
  /** Where the orchestration's clock begins; by default a fixed time. */
  readonly startTime?: () => number;
  /** Called with the time of each timer that fires, so that activities can live in the same time. */
  readonly onTimer?: (time: number) => void;
}

export interface ChildRun {
  readonly name: string;
  readonly input: unknown;
  readonly instanceId: string | undefined;
}

export interface Mailbox {
  raise(name: string, data?: unknown): void;
  take(): { readonly name: string; readonly data: unknown } | undefined;
}

export function createMailbox(): Mailbox {
  const events: { name: string; data: unknown }[] = [];
  return { raise: (name, data = null) => void events.push({ name, data }), take: () => events.shift() };
}

export interface HistoryEvent {
  readonly EventType: number;
  readonly [field: string]: unknown;
}

export interface Action {
  readonly actionType: number;
  readonly functionName?: string;
  readonly input?: unknown;
  /** Only for a sub-orchestration. */
  readonly instanceId?: string;
  readonly retryOptions?: { firstRetryIntervalInMilliseconds: number; maxNumberOfAttempts: number };
  readonly compoundActions?: readonly Action[];
  /** Only for a timer. */
  readonly fireAt?: string | Date;
  readonly isCanceled?: boolean;
}

const actionTypes = { callSubOrchestrator: 2, continueAsNew: 4, createTimer: 5, waitForExternalEvent: 6 };

/** A timer wakes an orchestration a little before its time, as on the real host (packages/functions-host/src/durable/dispatcher.ts). */
const earlyMs = 5;

interface OpenTimer {
  readonly index: number;
  readonly fireAt: number;
}

interface OpenTask {
  readonly action: Action;
  readonly attempt: number;
}

/** How an activity ended, before that is in the history. */
interface Ended {
  readonly id: number;
  readonly task: OpenTask;
  readonly outcome: { readonly result: unknown } | { readonly error: string };
}

const eventTypes = {
  executionStarted: 0,
  taskScheduled: 4,
  taskCompleted: 5,
  taskFailed: 6,
  childScheduled: 7,
  childCompleted: 8,
  childFailed: 9,
  timerCreated: 10,
  timerFired: 11,
  eventRaised: 15,
  orchestratorStarted: 12,
};

/** With continueAsNew, returns the run of the last generation. */
export async function runOrchestration(name: string, input: unknown, options: RunOptions = {}): Promise<Run> {
  const { maxTurns = 500 } = options;
  let next = input;
  for (let generation = 1; generation <= maxTurns; generation += 1) {
    const run = await runGeneration(name, next, options);
    options.onGeneration?.(run);
    const renewal = run.actions.find(({ actionType }) => actionType === actionTypes.continueAsNew);
    if (run.status === "Failed" || !renewal) return run;
    next = JSON.parse(JSON.stringify(renewal.input));
  }
  throw new Error(`${name} is not done after ${maxTurns} generations`);
}

async function runGeneration(name: string, input: unknown, options: RunOptions): Promise<Run> {
  const { random = () => 0, execute = (_name, run) => run(), together = () => 1, maxTurns = 500 } = options;
  const { mailbox, atRest, runChild = (_child, run) => run(), turnAgain = () => false } = options;
  const history: HistoryEvent[] = [];
  const open = new Map<number, OpenTask>();
  const timers = new Map<number, OpenTimer>();
  const customStatuses: unknown[] = [];
  const calls: string[] = [];
  let clock = options.startTime?.() ?? Date.parse("2026-11-24T00:00:00Z");
  const jumpTo = (fireAt: number) => {
    options.onTimer?.(fireAt);
    clock = Math.max(clock, fireAt - earlyMs);
  };
  let nextId = 0;
  let scheduled = 0;
  const turnLog: { events: number; actions: number }[] = [];
  /** Ended, but not yet in the history. */
  let ended: Ended[] = [];

  const stamp = () => new Date(clock).toISOString();
  const startTurn = () => {
    clock += 1;
    history.push({ EventType: eventTypes.orchestratorStarted, EventId: -1, IsPlayed: false, Timestamp: stamp() });
  };
  const schedule = (task: OpenTask) => {
    history.push({
      EventType: isChild(task.action) ? eventTypes.childScheduled : eventTypes.taskScheduled,
      EventId: nextId,
      Name: task.action.functionName,
      Timestamp: stamp(),
    });
    open.set(nextId, task);
    nextId += 1;
  };

  const scheduleTimer = (timer: OpenTimer) => {
    const FireAt = new Date(timer.fireAt).toISOString();
    history.push({ EventType: eventTypes.timerCreated, EventId: nextId, FireAt, Timestamp: stamp() });
    timers.set(nextId, timer);
    nextId += 1;
  };
  const fireEarliest = () => {
    const [first] = [...timers].toSorted(([, a], [, b]) => a.fireAt - b.fireAt);
    if (!first) throw new Error("the orchestration waits for nothing that could end");
    const [id, { fireAt }] = first;
    timers.delete(id);
    jumpTo(fireAt);
    startTurn();
    const FireAt = new Date(fireAt).toISOString();
    history.push({ EventType: eventTypes.timerFired, EventId: -1, TimerId: id, FireAt, Timestamp: stamp() });
  };
  const deliver = (event: ReturnType<Mailbox["take"]>): boolean => {
    if (!event) return false;
    startTurn();
    const { name: Name, data } = event;
    const Input = JSON.stringify(data);
    history.push({ EventType: eventTypes.eventRaised, EventId: -1, Name, Input, Timestamp: stamp() });
    return true;
  };

  startTurn();
  history.push({
    EventType: eventTypes.executionStarted,
    EventId: -1,
    Name: name,
    Input: JSON.stringify(input),
    Timestamp: stamp(),
  });

  for (let turn = 1; turn <= maxTurns; turn += 1) {
    const state = await takeTurn(name, { input, history });
    if (turnAgain()) expectSame(state, await takeTurn(name, { input, history }));
    if (state.customStatus !== undefined && !isSame(customStatuses.at(-1), state.customStatus)) {
      customStatuses.push(state.customStatus);
    }
    // Every turn lists all actions of the instance again, and twice the same object when a task was yielded twice.
    const actions = [...new Set(flatten(state.actions[0] ?? []))];
    turnLog.push({ events: history.length, actions: actions.length });
    for (const [id, { index }] of timers) if (actions[index]?.isCanceled) timers.delete(id);
    actions.forEach((action, index) => {
      if (index < scheduled || isNoTask(action)) return;
      if (action.actionType !== actionTypes.createTimer) schedule({ action, attempt: 1 });
      else scheduleTimer({ index, fireAt: new Date(action.fireAt ?? "").getTime() });
    });
    scheduled = actions.length;
    if (state.isDone || state.error !== undefined) {
      const status = state.error === undefined ? "Completed" : "Failed";
      const output = state.error ?? state.output;
      return { status, output, customStatuses, calls, history, turns: turn, turnLog, actions };
    }

    if (deliver(mailbox?.take())) continue;
    if (ended.length === 0 && open.size === 0) {
      await atRest?.(new Date(clock));
      if (!deliver(mailbox?.take())) fireEarliest();
      continue;
    }
    if (ended.length === 0) {
      const chosen = pick(open, random, together(open.size));
      for (const [id, { action }] of chosen) {
        open.delete(id);
        calls.push(action.functionName ?? "");
      }
      ended = await Promise.all(
        chosen.map(async ([id, task]) => {
          const { functionName = "", input: given } = task.action;
          return {
            id,
            task,
            outcome: await settle(() =>
              isChild(task.action)
                ? runChild(childOf(task.action), () => runToEnd(functionName, given, options))
                : execute(functionName, () => callActivity(functionName, given)),
            ),
          };
        }),
      );
    }
    const successes = ended.filter(({ outcome }) => "result" in outcome);
    startTurn();
    if (successes.length > 0) {
      // Successes take no id silently, so they may arrive together.
      ended = ended.filter(({ outcome }) => "error" in outcome);
      for (const { id, task, outcome } of successes) {
        const Result = JSON.stringify(("result" in outcome ? outcome.result : null) ?? null);
        history.push({
          EventType: isChild(task.action) ? eventTypes.childCompleted : eventTypes.taskCompleted,
          EventId: -1,
          TaskScheduledId: id,
          Result,
          Timestamp: stamp(),
        });
      }
      continue;
    }
    const failed = ended.shift();
    if (!failed || !("error" in failed.outcome)) throw new Error("nothing ended");
    const { id, task } = failed;
    const { functionName, retryOptions } = task.action;
    history.push({
      EventType: isChild(task.action) ? eventTypes.childFailed : eventTypes.taskFailed,
      EventId: -1,
      TaskScheduledId: id,
      Reason: `Activity function '${functionName}' failed: ${failed.outcome.error}`,
      Details: "{}",
      Timestamp: stamp(),
    });
    if (!retryOptions) continue;
    // The SDK takes an id for the delay and, when attempts are left, one for the next: see its RetryableTask.
    const timer = nextId;
    nextId += 1;
    const fireAt = clock + retryOptions.firstRetryIntervalInMilliseconds;
    history.push({
      EventType: eventTypes.timerCreated,
      EventId: timer,
      FireAt: new Date(fireAt).toISOString(),
      Timestamp: stamp(),
    });
    jumpTo(fireAt);
    startTurn();
    history.push({
      EventType: eventTypes.timerFired,
      EventId: -1,
      TimerId: timer,
      FireAt: new Date(fireAt).toISOString(),
      Timestamp: stamp(),
    });
    if (task.attempt < retryOptions.maxNumberOfAttempts) schedule({ action: task.action, attempt: task.attempt + 1 });
  }
  throw new Error(
    `${name} is not done after ${maxTurns} turns; open: ${[...open.values()].map((t) => t.action.functionName)}`,
  );
}

function isChild({ actionType }: Action): boolean {
  return actionType === actionTypes.callSubOrchestrator;
}

/** Actions that never complete. */
function isNoTask({ actionType }: Action): boolean {
  return actionType === actionTypes.waitForExternalEvent || actionType === actionTypes.continueAsNew;
}

function childOf({ functionName = "", input, instanceId }: Action): ChildRun {
  return { name: functionName, input, instanceId };
}

/** External events go to one instance; nothing here sends any to a child. */
async function runToEnd(name: string, input: unknown, { mailbox: _own, ...options }: RunOptions): Promise<unknown> {
  const { status, output } = await runOrchestration(name, JSON.parse(JSON.stringify(input ?? null)), options);
  if (status === "Failed") throw new Error(String(output));
  return output;
}

/** The actions that an orchestration requests after this much of a history. */
export async function replay(history: readonly HistoryEvent[]): Promise<readonly Action[]> {
  const started = history.find(({ EventType }) => EventType === eventTypes.executionStarted);
  const input: unknown = JSON.parse(String(started?.["Input"]));
  const state = await takeTurn(String(started?.["Name"]), { input, history });
  return [...new Set(flatten(state.actions[0] ?? []))];
}

interface OrchestratorState {
  readonly isDone: boolean;
  readonly actions: readonly (readonly Action[])[];
  readonly output?: unknown;
  readonly error?: string;
  readonly customStatus?: unknown;
}

const failureLabel = "$OutOfProcData$:";

async function takeTurn(name: string, { input, history }: { input: unknown; history: readonly HistoryEvent[] }) {
  const payload = {
    // The SDK modifies the events that it receives.
    history: history.map((event) => ({ ...event })),
    input,
    instanceId: "instance",
    isReplaying: false,
    parentInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "10675199.02:48:05",
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
  try {
    return (await call(name, payload)) as OrchestratorState;
  } catch (error) {
    const text = messageOf(error);
    const at = text.indexOf(failureLabel);
    if (at < 0) throw error;
    return JSON.parse(text.slice(at + failureLabel.length)) as OrchestratorState;
  }
}

function expectSame(first: OrchestratorState, second: OrchestratorState): void {
  if (!isSame(first, second)) {
    throw new Error(`a repeated turn requests other actions: ${JSON.stringify([first, second])}`);
  }
}

/** Passes the input through JSON, as the host does. */
export async function callActivity(name: string, input: unknown): Promise<unknown> {
  return await call(name, JSON.parse(typeof input === "string" ? input : JSON.stringify(input)));
}

const silent = () => undefined;

/** The registered callback itself: an invocation's hooks, bindings and log do not affect what it decides. */
async function call(name: string, trigger: unknown): Promise<unknown> {
  const log = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };
  return await findCallback(name)(trigger, { invocationId: "invocation", functionName: name, ...log });
}

const callbacks = new Map<string, Callback>();

function findCallback(name: string): Callback {
  const known = callbacks.get(name);
  if (known) return known;
  for (const { metadata, callback } of registrations.functions.values()) {
    if (metadata.name !== name) continue;
    callbacks.set(name, callback);
    return callback;
  }
  throw new Error(`no function "${name}" is registered`);
}

function flatten(actions: readonly Action[]): readonly Action[] {
  return actions.flatMap((action) => (action.compoundActions ? flatten(action.compoundActions) : [action]));
}

/** Some of the open ones, in random order. */
function pick<T>(open: ReadonlyMap<number, T>, random: () => number, count: number): readonly [number, T][] {
  const entries = [...open];
  const chosen: [number, T][] = [];
  while (chosen.length < count) {
    const [entry] = entries.splice(Math.floor(random() * entries.length), 1);
    if (!entry) break;
    chosen.push(entry);
  }
  if (chosen.length === 0) throw new Error("the orchestration waits for nothing that could end");
  return chosen;
}

async function settle(work: () => Promise<unknown>): Promise<{ result: unknown } | { error: string }> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
