/**
 * The events of an orchestration's history, with the names that durable-functions reads. The SDK replays its generator from
 * this list on every turn, so an event, once written, never changes.
 */

export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventRaised: 15,
  GenericEvent: 17,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;

type Type = typeof EventType;

interface Common {
  /** -1 unless the event schedules a task; then the task's id. */
  readonly EventId: number;
  readonly Timestamp: string;
}

/** DurableTask's portable form of an exception. */
export interface FailureDetails {
  readonly ErrorType?: string;
  readonly ErrorMessage?: string;
  readonly StackTrace?: string | null;
  readonly IsNonRetriable?: boolean;
  readonly Properties?: unknown;
  readonly InnerFailure?: FailureDetails | null;
}

export interface Failure {
  readonly Reason: string;
  readonly Details: string;
  readonly FailureDetails?: FailureDetails;
}

/*
 * `Host` on an event is this host's own: the ledger is rebuilt from it after a restart. The SDK ignores it and the management
 * API leaves it out.
 */

/** On everything that the SDK numbers but does not show: the timers and later attempts of a retried task. */
export interface HiddenMark {
  /** The id of the first attempt. */
  readonly retryOf: number;
  /** On a timer: no attempt follows. */
  readonly last?: true;
  /** On a timer: the remaining attempts fail without being made, because the retry timeout is over. */
  readonly expired?: true;
}

export type TaskMark = { readonly retried: true } | HiddenMark;

export interface ExecutionStarted extends Common {
  /** The parent of the orchestration's span; only with distributed tracing. */
  readonly ParentTraceContext?: { readonly TraceParent: string };
  readonly EventType: Type["ExecutionStarted"];
  readonly OrchestrationInstance: { readonly InstanceId: string; readonly ExecutionId: string };
  readonly ParentInstance: {
    readonly Name: string;
    readonly OrchestrationInstance: { readonly InstanceId: string; readonly ExecutionId: string };
    readonly TaskScheduleId: number;
    readonly Version: string | null;
  } | null;
  readonly Name: string;
  readonly Version: string | null;
  readonly Tags: null;
}

export interface TaskScheduled extends Common {
  readonly EventType: Type["TaskScheduled"];
  readonly Name: string;
  readonly Version: null;
  readonly Host?: TaskMark;
}

export interface ChildCreated extends Common {
  readonly EventType: Type["SubOrchestrationInstanceCreated"];
  readonly Name: string;
  readonly Version: string | null;
  readonly InstanceId: string;
  readonly Host?: TaskMark;
}

export interface TaskCompleted extends Common {
  readonly EventType: Type["TaskCompleted"] | Type["SubOrchestrationInstanceCompleted"];
  readonly TaskScheduledId: number;
  /** JSON, `null` included: the SDK parses it unconditionally. */
  readonly Result: string;
}

export interface TaskFailed extends Common, Failure {
  readonly EventType: Type["TaskFailed"] | Type["SubOrchestrationInstanceFailed"];
  readonly TaskScheduledId: number;
}

export interface TimerCreated extends Common {
  readonly EventType: Type["TimerCreated"];
  readonly FireAt: string;
  readonly Host?: HiddenMark;
}

export interface TimerFired extends Common {
  readonly EventType: Type["TimerFired"];
  readonly TimerId: number;
  readonly FireAt: string;
}

export interface EventRaised extends Common {
  readonly EventType: Type["EventRaised"];
  readonly Name: string;
  readonly Input: string | null;
}

export interface ExecutionCompleted extends Common {
  readonly EventType: Type["ExecutionCompleted"];
  readonly OrchestrationStatus: number;
  readonly Result: string;
  readonly FailureDetails?: FailureDetails;
}

export interface OrchestratorCompleted extends Common {
  readonly EventType: Type["OrchestratorCompleted"];
  /**
   * `waits`: names of external events that were awaited for the first time in this turn. `leaves`: see `runTurn`. `awaits`: what is
   * raised under these names has to come before it ends (barrier.ts).
   */
  readonly Host?: { readonly waits: readonly string[]; readonly leaves?: boolean; readonly awaits?: readonly string[] };
}

export interface GenericEvent extends Common {
  readonly EventType: Type["GenericEvent"];
  readonly Data: string;
}

export type HistoryEvent =
  | ExecutionStarted
  | ExecutionCompleted
  | (Common & { readonly EventType: Type["ExecutionTerminated"]; readonly Input: string | null })
  | TaskScheduled
  | TaskCompleted
  | TaskFailed
  | ChildCreated
  | TimerCreated
  | TimerFired
  | (Common & { readonly EventType: Type["OrchestratorStarted"] })
  | OrchestratorCompleted
  | EventRaised
  | GenericEvent
  | (Common & {
      readonly EventType: Type["ExecutionSuspended"] | Type["ExecutionResumed"];
      readonly Reason: string | null;
    });

/** An event as the SDK gets it. */
export interface ReplayedEvent {
  readonly EventType: number;
  readonly IsPlayed: boolean;
  /** A Date, because the SDK would convert text with every replay. */
  readonly Timestamp: Date;
}

/**
 * A history in the form in which it is replayed. It only grows, and the SDK gets it as it is, so a turn costs only what is new
 * in it, and the replay itself.
 */
export interface History {
  /** Those of the `count` events that the SDK reads: about half of them. */
  readonly replayed: readonly ReplayedEvent[];
  readonly count: number;
}

export const emptyHistory: History = { replayed: [], count: 0 };

export function appendHistory({ replayed, count }: History, events: readonly HistoryEvent[]): History {
  return { replayed: [...replayed, ...asReplayed(events, true)], count: count + events.length };
}

/** `IsPlayed` is not stored: it says whether an earlier turn saw the event, which changes. */
export function asReplayed(events: readonly HistoryEvent[], isPlayed: boolean): ReplayedEvent[] {
  return events
    .filter(isLookedAt)
    .map((event) => ({ ...event, IsPlayed: isPlayed, Timestamp: new Date(event.Timestamp) }));
}

/** The SDK does not read events that schedule tasks (TaskOrchestrationExecutor.processEvent); they are in the history for people. */
function isLookedAt(event: HistoryEvent): boolean {
  switch (event.EventType) {
    case EventType.OrchestratorStarted:
    case EventType.ExecutionStarted:
    case EventType.TaskCompleted:
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceCompleted:
    case EventType.SubOrchestrationInstanceFailed:
    case EventType.TimerFired:
    case EventType.EventRaised:
      return true;
    default:
      return false;
  }
}
