/**
 * Keeps track of sequence ids. The SDK and the host number tasks independently and must agree (ids restart with every
 * generation); an SDK that waits for task 7 while the host completes task 8 waits forever. The ledger is a fold over the
 * history, so that a restart rebuilds exactly what the running host knew.
 *
 * A retried task takes ids that no action shows: when an attempt fails, the SDK takes one for the timer, and when that fires,
 * one for the next attempt. There is a timer after the last failure, too, and only when it fires does the SDK raise the error.
 */
import { describe } from "./actions.ts";
import { EventType, type Failure, type HistoryEvent } from "./history.ts";

export interface Retry {
  /** Id of the first attempt; the action of that id holds the retry options. */
  readonly root: number;
  readonly firstAttemptAt: number;
  attempts: number;
  failure: Failure | undefined;
  /** No attempt follows the timer that runs now. */
  last: boolean;
  expired: boolean;
}

/** What few orchestrations have. */
class Rare {
  readonly awaitedEvents = new Set<string>();
  /** The names of the events from outside, in lower case. */
  readonly heard = new Set<string>();
  /** The ids of tasks that have failed for good; for a retried task, that of its first attempt. */
  readonly failed = new Set<number>();
  readonly retriesByRoot = new Map<number, Retry>();
  /** By the id of the attempt or timer in progress. */
  readonly retriesByCurrent = new Map<number, Retry>();
}

/** Stays empty: the one of every ledger until it needs its own. */
const none = new Rare();

export class Ledger {
  /** Numbered actions in the order of their first appearance. */
  readonly atoms: { readonly id: number; readonly description: string }[] = [];
  /**
   * The orchestrator has nothing more to do; its orchestration ends with its open tasks (turn.ts), and when what is raised under
   * these names has come (barrier.ts).
   */
  leaving: { readonly awaits: readonly string[] } | undefined;
  #nextId = 0;
  readonly #open = new Map<number, "task" | "child" | "timer">();
  #rare = none;

  get #own(): Rare {
    if (this.#rare === none) this.#rare = new Rare();
    return this.#rare;
  }

  get awaitedEvents(): ReadonlySet<string> {
    return this.#rare.awaitedEvents;
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** Whether the SDK takes an id when it sees the event, though the orchestrator asks for nothing (see inbox.ts). */
  takesHiddenId(event: HistoryEvent): boolean {
    switch (event.EventType) {
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        return this.retryOf(event.TaskScheduledId) !== undefined;
      case EventType.TimerFired:
        return this.retryOf(event.TimerId)?.last === false;
      default:
        return false;
    }
  }

  /** Whether some event may come that takes a hidden id. */
  get expectsHiddenIds(): boolean {
    return this.#rare.retriesByRoot.size > 0;
  }

  retryOf(id: number): Retry | undefined {
    return this.#rare.retriesByCurrent.get(id);
  }

  /** The position of the action with this id among the flattened ones. */
  positionOf(id: number): number | undefined {
    // Ids ascend.
    let [first, end] = [0, this.atoms.length];
    while (first < end) {
      const middle = (first + end) >> 1;
      if ((this.atoms[middle]?.id ?? id) < id) first = middle + 1;
      else end = middle;
    }
    return this.atoms[first]?.id === id ? first : undefined;
  }

  /** Whether anything that was started has no result: an activity, a child, a timer, an attempt that follows. */
  get hasOpenTasks(): boolean {
    return this.#open.size > 0;
  }

  isOpen(id: number): boolean {
    return this.#open.has(id);
  }

  /** False for a completion that nothing waits for: of a cancelled timer, or of a task that already has a result. */
  expects(event: HistoryEvent): boolean {
    switch (event.EventType) {
      case EventType.TaskCompleted:
      case EventType.TaskFailed:
        return this.#open.get(event.TaskScheduledId) === "task";
      case EventType.SubOrchestrationInstanceCompleted:
      case EventType.SubOrchestrationInstanceFailed:
        return this.#open.get(event.TaskScheduledId) === "child";
      case EventType.TimerFired:
        return this.#open.get(event.TimerId) === "timer";
      default:
        return true;
    }
  }

  /** Whether the task neither has a result nor has failed after all its attempts. */
  isUnderWay(id: number): boolean {
    return this.#open.has(id) || this.#rare.retriesByRoot.has(id);
  }

  /** Whether an event of this name has ever come. */
  hasHeard(name: string): boolean {
    return this.#rare.heard.has(name.toLowerCase());
  }

  /** Whether the orchestrator, which is leaving, still needs this event to end. */
  leavesAfter(name: string): boolean {
    return this.leaving?.awaits.some((awaited) => awaited.toLowerCase() === name.toLowerCase()) === true;
  }

  hasFailed(id: number): boolean {
    return this.#rare.failed.has(id);
  }

  cancelTimer(id: number): void {
    this.#open.delete(id);
  }

  apply(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated: {
        const isTask = event.EventType === EventType.TaskScheduled;
        this.#take(event.EventId, isTask ? "task" : "child");
        if (event.Host !== undefined && "retryOf" in event.Host) {
          this.#continue(event.Host.retryOf, event.EventId);
          return;
        }
        const retried = event.Host !== undefined;
        if (retried) this.#beginRetry(event.EventId, event.Timestamp);
        this.#addAtom(
          event.EventId,
          isTask ? describe.activity(event.Name, retried) : describe.child(event.Name, retried),
        );
        return;
      }
      case EventType.TimerCreated: {
        this.#take(event.EventId, "timer");
        const retry = event.Host === undefined ? undefined : this.#rare.retriesByRoot.get(event.Host.retryOf);
        if (retry === undefined) {
          this.#addAtom(event.EventId, describe.timer);
          return;
        }
        retry.last = event.Host?.last === true;
        retry.expired = event.Host?.expired === true;
        this.#own.retriesByCurrent.set(event.EventId, retry);
        return;
      }
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted: {
        const retry = this.#close(event.TaskScheduledId);
        if (retry !== undefined) this.#rare.retriesByRoot.delete(retry.root);
        return;
      }
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed: {
        const retry = this.#close(event.TaskScheduledId);
        if (retry === undefined) this.#own.failed.add(event.TaskScheduledId);
        else retry.failure = event;
        return;
      }
      case EventType.TimerFired: {
        const retry = this.#close(event.TimerId);
        if (retry?.last === true) {
          this.#rare.retriesByRoot.delete(retry.root);
          this.#own.failed.add(retry.root);
        }
        return;
      }
      case EventType.OrchestratorCompleted: {
        for (const name of event.Host?.waits ?? []) this.#own.awaitedEvents.add(name);
        if (event.Host?.leaves === true) this.leaving = { awaits: event.Host.awaits ?? [] };
        return;
      }
      case EventType.EventRaised: {
        this.#own.heard.add(event.Name.toLowerCase());
        return;
      }
      default:
    }
  }

  /** The name under which the orchestrator awaits this event. The SDK compares names case-sensitively, the extension does not. */
  awaitedName(name: string): string {
    if (this.awaitedEvents.has(name)) return name;
    const lower = name.toLowerCase();
    for (const awaited of this.awaitedEvents) if (awaited.toLowerCase() === lower) return awaited;
    return name;
  }

  #take(id: number, kind: "task" | "child" | "timer"): void {
    this.#nextId = id + 1;
    this.#open.set(id, kind);
  }

  #close(id: number): Retry | undefined {
    this.#open.delete(id);
    const retry = this.#rare.retriesByCurrent.get(id);
    this.#rare.retriesByCurrent.delete(id);
    return retry;
  }

  #addAtom(id: number, description: string): void {
    this.atoms.push({ id, description });
  }

  #beginRetry(root: number, timestamp: string): void {
    const retry: Retry = {
      root,
      firstAttemptAt: Date.parse(timestamp),
      attempts: 1,
      failure: undefined,
      last: false,
      expired: false,
    };
    this.#own.retriesByRoot.set(root, retry);
    this.#own.retriesByCurrent.set(root, retry);
  }

  #continue(root: number, id: number): void {
    const retry = this.#rare.retriesByRoot.get(root);
    if (retry === undefined) throw new Error(`Attempt ${id} belongs to no open retried task (${root}).`);
    retry.attempts += 1;
    this.#own.retriesByCurrent.set(id, retry);
  }
}
