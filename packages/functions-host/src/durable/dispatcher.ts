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
import { afterConnections } from "./afterConnections.ts";
import type { GroupCommit } from "./groupCommit.ts";
import type { Instance } from "./instances.ts";
import { Steps, type StepsOptions } from "./steps.ts";

export interface DispatcherOptions extends StepsOptions {
  readonly commit: GroupCommit;
  /** How many connections the HTTP server has accepted. */
  readonly countConnections: () => number;
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
  const { instances, mailbox, commit, log, settings } = options;
  const steps = new Steps(options);
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
      hasMoved = await steps.step(key);
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

  return {
    wake,
    fail: (instance, reason) => steps.fail(instance, reason),
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
