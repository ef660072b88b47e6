/**
 * Runs orchestrations in memory on the SDK's own replay engine: no host, no store, a clock that jumps. One completion a
 * turn, so that the ids which a retry takes in silence fall where the SDK expects them (docs/adr/0001). A seed decides
 * which of the open activities answers next.
 */
import type { Binding } from "../../local/host/app.ts";
import { invoke } from "../../local/host/invoke.ts";
import { registrations } from "./core.ts";

export interface Run {
  readonly status: "Completed" | "Failed";
  readonly output: unknown;
  readonly customStatuses: readonly unknown[];
  /** Names of activities in the order in which they were called, tries included. */
  readonly calls: readonly string[];
  readonly history: readonly HistoryEvent[];
  readonly turns: number;
}

export interface RunOptions {
  /** 0 ≤ value < 1; decides the order of completions. */
  readonly random?: () => number;
  /** Runs an activity; by default once. A test may run it twice, or lose its answer. */
  readonly execute?: (name: string, run: () => Promise<unknown>) => Promise<unknown>;
  readonly maxTurns?: number;
  /** Holds external events; each is delivered in a turn of its own, before anything else is. */
  readonly mailbox?: Mailbox;
  /** Called when nothing but timers is open, before the earliest of them fires; the clock is the orchestration's. */
  readonly atRest?: (now: Date) => void | Promise<void>;
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

interface Action {
  readonly actionType: number;
  readonly functionName?: string;
  readonly input?: unknown;
  readonly retryOptions?: { firstRetryIntervalInMilliseconds: number; maxNumberOfAttempts: number };
  readonly compoundActions?: readonly Action[];
  /** Of a timer. */
  readonly fireAt?: string;
  readonly isCanceled?: boolean;
}

const actionTypes = { createTimer: 5, waitForExternalEvent: 6 };

interface OpenTimer {
  readonly index: number;
  readonly fireAt: number;
}

interface OpenTask {
  readonly action: Action;
  readonly attempt: number;
}

const eventTypes = {
  executionStarted: 0,
  taskScheduled: 4,
  taskCompleted: 5,
  taskFailed: 6,
  timerCreated: 10,
  timerFired: 11,
  eventRaised: 15,
  orchestratorStarted: 12,
};

export async function runOrchestration(name: string, input: unknown, options: RunOptions = {}): Promise<Run> {
  const { random = () => 0, execute = (_name, run) => run(), maxTurns = 500, mailbox, atRest } = options;
  const history: HistoryEvent[] = [];
  const open = new Map<number, OpenTask>();
  const timers = new Map<number, OpenTimer>();
  const customStatuses: unknown[] = [];
  const calls: string[] = [];
  let clock = Date.parse("2026-11-24T00:00:00Z");
  let nextId = 0;
  let scheduled = 0;

  const stamp = () => new Date(clock).toISOString();
  const startTurn = () => {
    clock += 1;
    history.push({ EventType: eventTypes.orchestratorStarted, EventId: -1, IsPlayed: false, Timestamp: stamp() });
  };
  const schedule = (task: OpenTask) => {
    history.push({
      EventType: eventTypes.taskScheduled,
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
    clock = Math.max(clock, fireAt);
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
    if (state.customStatus !== undefined && !isSame(customStatuses.at(-1), state.customStatus)) {
      customStatuses.push(state.customStatus);
    }
    // Every turn lists all actions of the instance anew, the same object twice when a task was yielded twice.
    const actions = [...new Set(flatten(state.actions[0] ?? []))];
    for (const [id, { index }] of timers) if (actions[index]?.isCanceled) timers.delete(id);
    actions.forEach((action, index) => {
      if (index < scheduled || action.actionType === actionTypes.waitForExternalEvent) return;
      if (action.actionType !== actionTypes.createTimer) schedule({ action, attempt: 1 });
      else scheduleTimer({ index, fireAt: Date.parse(action.fireAt ?? "") });
    });
    scheduled = actions.length;
    if (state.isDone || state.error !== undefined) {
      const status = state.error === undefined ? "Completed" : "Failed";
      return { status, output: state.error ?? state.output, customStatuses, calls, history, turns: turn };
    }

    if (deliver(mailbox?.take())) continue;
    if (open.size === 0) {
      await atRest?.(new Date(clock));
      if (!deliver(mailbox?.take())) fireEarliest();
      continue;
    }
    const [id, task] = pick(open, random);
    open.delete(id);
    const { functionName = "" } = task.action;
    calls.push(functionName);
    const ended = await settle(() => execute(functionName, () => callActivity(functionName, task.action.input)));
    startTurn();
    if ("result" in ended) {
      const Result = JSON.stringify(ended.result ?? null);
      history.push({
        EventType: eventTypes.taskCompleted,
        EventId: -1,
        TaskScheduledId: id,
        Result,
        Timestamp: stamp(),
      });
      continue;
    }
    const Reason = `Activity function '${functionName}' failed:  ${ended.error}`;
    history.push({
      EventType: eventTypes.taskFailed,
      EventId: -1,
      TaskScheduledId: id,
      Reason,
      Details: "{}",
      Timestamp: stamp(),
    });
    const { retryOptions } = task.action;
    if (!retryOptions) continue;
    // The SDK takes an id for the delay and, when tries are left, one for the next: see its RetryableTask.
    const timer = nextId;
    nextId += 1;
    const fireAt = clock + retryOptions.firstRetryIntervalInMilliseconds;
    history.push({
      EventType: eventTypes.timerCreated,
      EventId: timer,
      FireAt: new Date(fireAt).toISOString(),
      Timestamp: stamp(),
    });
    clock = fireAt;
    startTurn();
    history.push({
      EventType: eventTypes.timerFired,
      EventId: -1,
      TimerId: timer,
      FireAt: stamp(),
      Timestamp: stamp(),
    });
    if (task.attempt < retryOptions.maxNumberOfAttempts) schedule({ action: task.action, attempt: task.attempt + 1 });
  }
  throw new Error(
    `${name} is not done after ${maxTurns} turns; open: ${[...open.values()].map((t) => t.action.functionName)}`,
  );
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
    // The SDK writes into the events that it is given.
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
    return (await call(name, JSON.stringify(payload))) as OrchestratorState;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const at = text.indexOf(failureLabel);
    if (at < 0) throw error;
    return JSON.parse(text.slice(at + failureLabel.length)) as OrchestratorState;
  }
}

async function callActivity(name: string, input: unknown): Promise<unknown> {
  return await call(name, typeof input === "string" ? input : JSON.stringify(input));
}

async function call(name: string, data: string): Promise<unknown> {
  for (const [functionId, registration] of registrations.functions) {
    if (registration.metadata.name !== name) continue;
    const [bindingName, binding] = Object.entries(registration.metadata.bindings).find(([, { type }]) =>
      /trigger$/i.test(String(type)),
    ) ?? ["", undefined];
    const trigger: Binding = { ...binding, name: bindingName, type: String(binding?.["type"]), direction: "in" };
    const definition = { name, functionId, trigger, bindings: [trigger] };
    const { result } = await invoke(registrations, {
      definition,
      registration,
      input: { trigger: { string: data }, invocationId: crypto.randomUUID() },
    });
    return result;
  }
  throw new Error(`no function "${name}" is registered`);
}

function flatten(actions: readonly Action[]): readonly Action[] {
  return actions.flatMap((action) => (action.compoundActions ? flatten(action.compoundActions) : [action]));
}

function pick<T>(open: ReadonlyMap<number, T>, random: () => number): [number, T] {
  const entries = [...open];
  const entry = entries[Math.floor(random() * entries.length)];
  if (!entry) throw new Error("the orchestration waits for nothing that could end");
  return entry;
}

async function settle(work: () => Promise<unknown>): Promise<{ result: unknown } | { error: string }> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
