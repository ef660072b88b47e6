/**
 * The loop of the durable engine.
 *
 * Everything that happens to an orchestration is a message in its inbox: it was started, an activity answered, a timer came
 * due, an event was raised, its termination was requested. A message makes its instance ready; nothing polls. Once per tick
 * of the event loop the pump takes the ready instances, up to the cap, and gives each of them a turn: the next messages go
 * into the history, the app replays it, and what the orchestrator asks for is planned (turn.ts, plan.ts).
 *
 * A turn changes memory immediately, and the disk with the next group commit, in one transaction: the messages it consumed, the
 * events it added, the activities, timers and children it asked for, the row of the instance. Visible effects (an activity runs,
 * a caller gets an answer) wait for that commit. A crash in between leaves the inbox as it was, and the turn is repeated;
 * orchestrators are deterministic, so the result is the same.
 *
 * An instance has one turn at a time. Orchestrations that have begun go before new ones, or a hundred that start at the same time
 * would all end at the same time, after the last turn of all; but not always, or beside enough old ones a new one would wait
 * forever. A first turn counts towards the cap until it is on disk, so that a flood of new ones cannot delay the commit.
 */
import type { Log } from "../log.ts";
import { messageOf } from "../messageOf.ts";
import type { MeetTurn } from "../turnFaults.ts";
import { afterConnections } from "./afterConnections.ts";
import type { Clock } from "./clock.ts";
import { describeOrchestratorFailure, explainUnstored } from "./failures.ts";
import type { GroupCommit } from "./groupCommit.ts";
import { EventType } from "./history.ts";
import { type Arrange, hiddenIdsFirst, nextStep } from "./inbox.ts";
import type { Instance, Instances } from "./instances.ts";
import { toJson } from "./json.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Mailbox } from "./mailbox.ts";
import { noEffects } from "./plan.ts";
import { isFinal, type WaitingMessage } from "./records.ts";
import type { DurableSpans } from "./spans.ts";
import { type Outcome, runTurn, type TurnContext } from "./turn.ts";
import { serves } from "./versions.ts";

export interface DispatcherOptions extends TurnContext {
  readonly instances: Instances;
  readonly mailbox: Mailbox;
  readonly lifecycle: Lifecycle;
  readonly commit: GroupCommit;
  readonly clock: Clock;
  readonly spans: DurableSpans;
  readonly log: Log;
  readonly arrange?: Arrange;
  /** How many connections the HTTP server has accepted. */
  readonly countConnections: () => number;
  /** Faults of the engine itself. */
  readonly meetTurn?: MeetTurn;
}

export interface Dispatcher {
  /** Call it when something arrives for an instance. */
  wake(instance: number): void;
  /** Ends an instance whose turn cannot be stored. */
  fail(instance: Instance, reason: string): void;
  start(): void;
  /** Takes no more turns; resolves when those in progress have ended. */
  close(): Promise<void>;
  /** How many instances have a turn or wait for one. */
  readonly size: number;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { instances, mailbox, lifecycle, commit, clock, log, settings } = options;
  const arrange = options.arrange ?? hiddenIdsFirst;
  const ready = new Set<number>();
  /** The ready ones that have not had a turn. */
  const fresh = new Set<number>();
  let turnsTaken = 0;
  const busy = new Set<number>();
  /** Busy ones for which something has arrived since their turn began. */
  const woken = new Set<number>();
  let turnsUnderWay = 0;
  let firstTurnsUnderWay = 0;
  let isPumpScheduled = false;
  let isRunning = false;
  let onIdle: (() => void) | undefined;

  function schedulePump(): void {
    if (isPumpScheduled || !isRunning) return;
    isPumpScheduled = true;
    requestPump();
  }
  const requestPump = afterConnections(pump, options.countConnections);

  function pump(): void {
    isPumpScheduled = false;
    if (!isRunning || commit.broken !== undefined) return;
    while (turnsUnderWay < settings.maxConcurrentOrchestratorFunctions && hasReady()) {
      const isFirst = ready.size === 0 || (canBegin() && turnsTaken % beginEvery === 0);
      const from = isFirst ? fresh : ready;
      const [key] = from;
      if (key === undefined) return;
      from.delete(key);
      turnsTaken += 1;
      void takeTurn(key, isFirst);
    }
  }

  function canBegin(): boolean {
    return fresh.size > 0 && firstTurnsUnderWay < settings.maxConcurrentOrchestratorFunctions;
  }

  function hasReady(): boolean {
    return ready.size > 0 || canBegin();
  }

  function wake(key: number): void {
    if (busy.has(key)) {
      woken.add(key);
      return;
    }
    if (ready.has(key) || fresh.has(key)) return;
    (instances.isFresh(key) ? fresh : ready).add(key);
    schedulePump();
  }

  async function takeTurn(key: number, isFirst: boolean): Promise<void> {
    turnsUnderWay += 1;
    if (isFirst) firstTurnsUnderWay += 1;
    busy.add(key);
    let hasMoved = false;
    try {
      hasMoved = await step(key);
    } catch (error) {
      // A fault of this host. The messages stay, and the next one triggers another attempt.
      log.error("durable instance could not be processed", { instance: key, error: String(error) });
    }
    busy.delete(key);
    const hasNews = woken.delete(key);
    if (mailbox.waiting(key).length > 0 && (hasMoved || hasNews)) wake(key);
    turnsUnderWay -= 1;
    if (isFirst) commit.add(nothing, onBegun);
    if (hasReady()) schedulePump();
    if (busy.size === 0) onIdle?.();
  }

  function onBegun(): void {
    firstTurnsUnderWay -= 1;
    if (hasReady()) schedulePump();
  }

  /** False when there is nothing to do until another message comes. */
  async function step(key: number): Promise<boolean> {
    const instance = instances.load(key);
    const waiting = mailbox.waiting(key);
    if (instance === undefined) {
      mailbox.discard(waiting);
      mailbox.forget(key);
      return false;
    }
    const { dropped, control, batch } = nextStep(instance, waiting, arrange);
    mailbox.discard(dropped);
    instances.hold(instance);
    try {
      if (control === undefined && isRejected(instance)) return false;
      if (control !== undefined) obey(instance, control);
      else if (batch.length > 0) save(instance, batch, await reckon(instance, batch));
    } finally {
      instances.release(instance);
    }
    mailbox.tidy(key);
    return control !== undefined || batch.length > 0;
  }

  /** Its messages wait in its inbox until a host of its version is started on this store. */
  function isRejected({ row: { id, name, version } }: Instance): boolean {
    if (settings.versionFailureStrategy === "Fail" || serves(settings, version)) return false;
    log.warn("an orchestration is of another version and waits for a host that serves it", {
      instanceId: id,
      name,
      version: version ?? "none",
      ofThisHost: settings.defaultVersion ?? "none",
    });
    return true;
  }

  async function reckon(instance: Instance, batch: readonly WaitingMessage[]): Promise<Outcome> {
    const now = wakingTime(batch, { now: clock.now(), last: instance.row.updated });
    options.spans.running(instance.row, instance.traceParent);
    const delivered = batch.map(({ event }) => event);
    return await runTurn(options, instance, delivered, { now, refuse: () => refuse(instance) });
  }

  async function refuse({ row: { id, name, version } }: Instance): Promise<string | undefined> {
    const fault = await options.meetTurn?.({ name, instanceId: id });
    if (fault !== undefined || serves(settings, version)) return fault;
    return `Its version '${version ?? ""}' is not one that version '${settings.defaultVersion}' serves.`;
  }

  function save(instance: Instance, batch: readonly WaitingMessage[], outcome: Outcome): void {
    // Ended from outside while the app was replaying.
    if (isFinal(instance.row.status)) return;
    try {
      carryOut(instance, batch, outcome);
    } catch (error) {
      // Its events are too long for one text, perhaps. The instance in memory knows of them, so nothing can follow.
      log.error("what an orchestration decided could not be recorded; it fails", {
        instanceId: instance.row.id,
        error: String(error),
      });
      fail(instance, explainUnstored(messageOf(error)));
    }
  }

  function carryOut(instance: Instance, batch: readonly WaitingMessage[], outcome: Outcome): void {
    instance.gathering = outcome.gathering;
    const { ending, unread } = outcome;
    const used = unread.length === 0 ? batch : batch.filter((_, position) => !unread.includes(position));
    if (ending === undefined) {
      lifecycle.advance(instance, used, "Running", outcome);
    } else if (ending.status === "ContinuedAsNew") {
      lifecycle.continueAsNew(instance, used, ending.input, outcome);
    } else if (ending.status === "Completed") {
      lifecycle.finish(instance, batch, { ...outcome, status: "Completed", output: ending.output, failure: undefined });
    } else {
      const { failure } = ending;
      lifecycle.finish(instance, batch, { ...outcome, status: "Failed", output: toJson(failure.Reason), failure });
    }
  }

  /** Suspend, resume, terminate: handled without a replay. */
  function obey(instance: Instance, message: WaitingMessage): void {
    const { event } = message;
    if (event.EventType === EventType.ExecutionTerminated) {
      end(instance, [message], event.Input);
      return;
    }
    const resumed = instance.history.count === 0 ? "Pending" : "Running";
    const { customStatus } = instance.row;
    const reason = "Reason" in event ? event.Reason : null;
    const output = typeof reason === "string" ? toJson(reason) : null;
    const status = event.EventType === EventType.ExecutionSuspended ? "Suspended" : resumed;
    lifecycle.advance(instance, [message], status, { events: [event], effects: noEffects(), customStatus, output });
  }

  function end(instance: Instance, used: readonly WaitingMessage[], reason: string | null): void {
    const { row, ledger } = instance;
    const now = clock.now();
    lifecycle.finish(instance, used, {
      events: [
        {
          EventType: EventType.ExecutionTerminated,
          EventId: -1,
          Timestamp: new Date(now).toISOString(),
          Input: reason,
        },
        {
          EventType: EventType.ExecutionCompleted,
          EventId: ledger.nextId,
          Timestamp: new Date(now).toISOString(),
          OrchestrationStatus: terminatedStatus,
          Result: reason ?? "null",
        },
      ],
      effects: noEffects(),
      customStatus: row.customStatus,
      status: "Terminated",
      output: reason === null ? (row.output ?? "null") : toJson(reason),
      // For a parent; the SDK requires text in both.
      failure: { Reason: reason ?? "", Details: "" },
    });
  }

  function fail(instance: Instance, reason: string): void {
    const { row, ledger } = instance;
    const failure = describeOrchestratorFailure(row.name, reason);
    lifecycle.finish(instance, [], {
      events: [
        {
          EventType: EventType.ExecutionCompleted,
          EventId: ledger.nextId,
          Timestamp: new Date(clock.now()).toISOString(),
          OrchestrationStatus: failedStatus,
          Result: failure.Reason,
        },
      ],
      effects: noEffects(),
      customStatus: row.customStatus,
      status: "Failed",
      output: toJson(failure.Reason),
      failure,
    });
  }

  return {
    wake,
    fail,
    start() {
      isRunning = true;
      if (hasReady()) schedulePump();
    },
    async close() {
      isRunning = false;
      if (busy.size > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    },
    get size() {
      return new Set([...ready, ...fresh, ...busy, ...woken]).size;
    },
  };
}

const nothing = () => {};

/** One turn in so many is that of a new orchestration, even if old ones wait. */
const beginEvery = 4;

/** DurableTask's numbers for them. */
const failedStatus = 3;
const terminatedStatus = 5;

/** How early a timer wakes an orchestration, by its own clock. */
const earlyMs = 5;
/** A timer that fires later than this was delayed by something else, such as a host that was down. */
const promptMs = 1_000;

/**
 * The orchestration's time in a turn. On the real host a timer wakes it a little before its fire time (seen at every try, with
 * extension 3.19.0). An orchestrator that then checks the clock to see whether the time is over waits again there, and so it
 * does here. Its time never goes back.
 */
function wakingTime(batch: readonly WaitingMessage[], { now, last }: { now: number; last: number }): number {
  const due = batch.reduce((earliest, message) => Math.min(earliest, message.due ?? now), now);
  return due < now - promptMs || batch.every((message) => message.due === null) ? now : Math.max(last, due - earlyMs);
}
