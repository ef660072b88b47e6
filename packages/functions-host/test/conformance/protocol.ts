/**
 * The protocol between `durable-functions` and its host, row by row, each with the source of its rule. `sdk` is a file of the
 * package durable-functions 3.5.0 (below lib/src), `extension` one of azure-functions-durable-extension (below
 * src/WebJobs.Extensions.DurableTask), `core` one of Azure/durabletask (below src/DurableTask.Core), `worker` one of
 * azure-functions-nodejs-worker (below src).
 */

export interface FieldRow {
  readonly field: string;
  readonly value: unknown;
  readonly source: string;
}

/** Of what an orchestrator gets, in the first turn of `show` with the input {"a":1}. */
export const payloadFields: readonly FieldRow[] = [
  { field: "history", value: "array", source: "sdk: orchestrations/DurableOrchestrationBindingInfo.js" },
  { field: "input", value: { a: 1 }, source: "extension: ContextImplementations/DurableOrchestrationContext.cs" },
  { field: "instanceId", value: "payload", source: "sdk: orchestrations/DurableOrchestrationBindingInfo.js" },
  { field: "isReplaying", value: false, source: "sdk: orchestrations/DurableOrchestrationBindingInfo.js" },
  {
    field: "parentInstanceId",
    value: null,
    source: "extension: ContextImplementations/DurableOrchestrationContext.cs",
  },
  { field: "upperSchemaVersion", value: 1, source: "sdk: orchestrations/ReplaySchema.js (V2)" },
  { field: "upperSchemaVersionNew", value: 3, source: "sdk: orchestrations/ReplaySchema.js (V4)" },
  {
    field: "longRunningTimerIntervalDuration",
    value: 3 * 24 * 60 * 60 * 1000,
    source: "sdk: orchestrations/DurableOrchestrationContext.js, createTimer",
  },
  {
    field: "maximumShortTimerDuration",
    value: 922_337_203_685_000,
    source:
      "sdk: orchestrations/DurableOrchestrationContext.js, createTimer; the longest TimeSpan, so that none is split",
  },
  {
    field: "defaultHttpAsyncRequestSleepTimeMillseconds",
    value: 30_000,
    source:
      "sdk: orchestrations/DurableOrchestrationBindingInfo.js, with its spelling; extension: Options/HttpOptions.cs",
  },
];

export interface EventRow {
  readonly type: number;
  readonly name: string;
  /** Besides EventType, EventId and Timestamp. */
  readonly properties: readonly string[];
  /** Whether its EventId is the sequence id of a task; otherwise it is -1. */
  readonly isNumbered: boolean;
  readonly source: string;
}

const historyEvents = "sdk: history/HistoryEventType.js, orchestrations/TaskOrchestrationExecutor.js; core: History";

/** Every kind that there is in the histories of the orchestrations of this table. */
export const events: readonly EventRow[] = [
  {
    type: 0,
    name: "ExecutionStarted",
    properties: ["OrchestrationInstance", "ParentInstance", "Name", "Version", "Tags"],
    isNumbered: false,
    source: historyEvents,
  },
  { type: 4, name: "TaskScheduled", properties: ["Name", "Version"], isNumbered: true, source: historyEvents },
  {
    type: 5,
    name: "TaskCompleted",
    properties: ["TaskScheduledId", "Result"],
    isNumbered: false,
    source: historyEvents,
  },
  {
    type: 6,
    name: "TaskFailed",
    properties: ["TaskScheduledId", "Reason", "Details"],
    isNumbered: false,
    source: historyEvents,
  },
  {
    type: 7,
    name: "SubOrchestrationInstanceCreated",
    properties: ["Name", "Version", "InstanceId"],
    isNumbered: true,
    source: historyEvents,
  },
  {
    type: 8,
    name: "SubOrchestrationInstanceCompleted",
    properties: ["TaskScheduledId", "Result"],
    isNumbered: false,
    source: historyEvents,
  },
  {
    type: 9,
    name: "SubOrchestrationInstanceFailed",
    properties: ["TaskScheduledId", "Reason", "Details"],
    isNumbered: false,
    source: historyEvents,
  },
  { type: 10, name: "TimerCreated", properties: ["FireAt"], isNumbered: true, source: historyEvents },
  { type: 11, name: "TimerFired", properties: ["TimerId", "FireAt"], isNumbered: false, source: historyEvents },
  { type: 12, name: "OrchestratorStarted", properties: [], isNumbered: false, source: historyEvents },
  { type: 13, name: "OrchestratorCompleted", properties: [], isNumbered: false, source: historyEvents },
  { type: 15, name: "EventRaised", properties: ["Name", "Input"], isNumbered: false, source: historyEvents },
  { type: 19, name: "ExecutionSuspended", properties: ["Reason"], isNumbered: false, source: historyEvents },
  { type: 20, name: "ExecutionResumed", properties: ["Reason"], isNumbered: false, source: historyEvents },
];

export interface ActionRow {
  /** The app's orchestration that performs the action and then calls an activity. */
  readonly action: string;
  readonly type: number;
  /** The scheduled actions with their ids, in order. */
  readonly scheduled: readonly string[];
  readonly source: string;
}

const executor = "sdk: orchestrations/TaskOrchestrationExecutor.js";

export const actions: readonly ActionRow[] = [
  { action: "CallActivity", type: 0, scheduled: ["0 task say", "1 task say"], source: `${executor}, track` },
  {
    action: "CallActivityWithRetry",
    type: 1,
    scheduled: ["0 task failOnce", "1 timer", "2 task failOnce", "3 task say"],
    source: "sdk: task/RetryableTask.js, handleCompletion: an id for the delay, one for the next attempt",
  },
  {
    action: "CallActivityWithRetryInVain",
    type: 1,
    scheduled: ["0 task boom", "1 timer", "2 task boom", "3 timer", "4 task say"],
    source: "sdk: task/RetryableTask.js: the error is raised when the timer after the last failure has fired",
  },
  {
    action: "CallSubOrchestrator",
    type: 2,
    scheduled: ["0 child child", "1 task say"],
    source: "sdk: actions/CallSubOrchestratorAction.js",
  },
  {
    action: "CallSubOrchestratorWithRetry",
    type: 3,
    scheduled: ["0 child childOnce", "1 timer", "2 child childOnce", "3 task say"],
    source: "sdk: task/RetryableTask.js",
  },
  {
    action: "ContinueAsNew",
    type: 4,
    scheduled: ["0 task say"],
    source: `${executor}: takes no id; core: TaskOrchestrationDispatcher.cs, ids from 0 in each generation`,
  },
  { action: "CreateTimer", type: 5, scheduled: ["0 timer", "1 task say"], source: "sdk: task/DFTimerTask.js" },
  {
    action: "CreateTimerLong",
    type: 5,
    scheduled: ["0 timer", "1 task say", "2 task say"],
    source: "sdk: orchestrations/DurableOrchestrationContext.js, createTimer: not split, see maximumShortTimerDuration",
  },
  {
    action: "WaitForExternalEvent",
    type: 6,
    scheduled: ["0 task say"],
    source: `${executor}, trackOpenTask: keyed by name, no id`,
  },
  {
    action: "WhenAny",
    type: 11,
    scheduled: ["0 task say", "1 task say"],
    source: "sdk: actions/WhenAnyAction.js: its children only",
  },
  {
    action: "WhenAll",
    type: 12,
    scheduled: ["0 task say", "1 task say", "2 task say"],
    source: "sdk: actions/WhenAllAction.js: its children only",
  },
  {
    action: "WhenAllOfWhenAny",
    type: 12,
    scheduled: ["0 task say", "1 task say", "2 timer", "3 task say"],
    source: `${executor}, trackOpenTask: depth first`,
  },
  {
    action: "YieldedAgain",
    type: 11,
    scheduled: ["0 task say", "1 timer", "2 task say", "3 task say"],
    source: "azure-functions-durable-js issue 574: the same task again is no new one",
  },
];

const hex32 = /^[0-9a-f]{32}$/;

export interface OutcomeRow {
  readonly what: string;
  readonly orchestration: string;
  readonly input?: unknown;
  /** Raised one after another, before the orchestration can have waited for all of them. */
  readonly events?: readonly (readonly [name: string, data: unknown])[];
  readonly status?: "Completed" | "Failed";
  readonly output: unknown;
  readonly source: string;
}

export const outcomes: readonly OutcomeRow[] = [
  {
    what: "no input is null, and isReplaying tells the past from the present",
    orchestration: "show",
    output: {
      input: null,
      before: true,
      after: false,
      instanceId: hex32,
      parentInstanceId: null,
      version: null,
    },
    source: "sdk: orchestrations/Orchestrator.js; orchestrations/TaskOrchestrationExecutor.js",
  },
  {
    what: "an activity that returns nothing gives null",
    orchestration: "void",
    output: "null",
    source: "sdk: orchestrations/TaskOrchestrationExecutor.js parses Result, whatever it is",
  },
  {
    what: "an orchestrator that returns nothing",
    orchestration: "returnsNothing",
    output: null,
    source: "extension: OutOfProcOrchestrationShim.cs",
  },
  {
    what: "the type of an activity's input",
    orchestration: "activityInput",
    output: ['string "123"', "number 123", 'string "abc"', 'object {"a":1}'],
    source:
      "sdk: orchestrations/DurableOrchestrationContext.js encodes strings; azure-functions: converters/fromRpcTypedData",
  },
  {
    what: "two waiters for one name: the last one first",
    orchestration: "twoWaiters",
    events: [
      ["go", 1],
      ["go", 2],
    ],
    output: [2, 1],
    source: "sdk: orchestrations/TaskOrchestrationExecutor.js, tryGetTaskFromOpenTasks: pop",
  },
  {
    what: "an event before anybody waits for it",
    orchestration: "earlyEvent",
    events: [
      ["FIRST", 1],
      ["second", 2],
    ],
    output: 1,
    source: "sdk: orchestrations/TaskOrchestrationExecutor.js, deferredTasks",
  },
  {
    what: "a timer that nobody awaits does not hold up the end",
    orchestration: "leavesTimer",
    output: "x",
    source: "sdk: orchestrations/OrchestratorState.js, isDone; core: TaskOrchestrationExecutor.cs",
  },
  {
    what: "a failure of an activity, as the orchestrator reads it",
    orchestration: "tellsFailure",
    input: { kind: "activity", name: "boom" },
    output: /^Activity function 'boom' failed: boom \n \{.*"Message":"boom".*\}$/,
    source: "sdk: orchestrations/TaskOrchestrationExecutor.js: Reason, space, newline, space, Details",
  },
  {
    what: "a failure of a child, as its parent reads it",
    orchestration: "tellsFailure",
    input: { kind: "child", name: "sad" },
    output: "Orchestrator function 'sad' failed: sad \n Message: sad, StackTrace: ",
    source: "extension: Listener/TaskOrchestrationShim.cs; OutOfProcOrchestrationShim.cs",
  },
  {
    what: "a failure with details, where the app has a provider of exception properties",
    orchestration: "tellsDetails",
    input: false,
    output: {
      message: "DetailedError: in detail",
      taskName: "boomWithDetails",
      errorType: "DetailedError",
      errorMessage: "in detail",
      properties: { code: 42 },
      inner: null,
    },
    source: "sdk: error/ExceptionPropertiesProvider.js, error/TaskFailedError.js",
  },
  {
    what: "a failure of the orchestrator itself",
    orchestration: "sad",
    status: "Failed",
    output: "Orchestrator function 'sad' failed: sad",
    source: "extension: OutOfProcOrchestrationShim.cs",
  },
  {
    what: "an orchestrator that is an async generator",
    orchestration: "asyncGenerator",
    status: "Failed",
    output: /this\.generator\.next is not a function|programming constraint violation/,
    source: "sdk: orchestrations/TaskOrchestrationExecutor.js",
  },
  {
    what: "an orchestrator that is no generator",
    orchestration: "noGenerator",
    status: "Failed",
    output: /generator/,
    source: "sdk: orchestrations/TaskOrchestrationExecutor.js",
  },
  {
    what: "an orchestrator that yields something else than a task",
    orchestration: "noTask",
    status: "Failed",
    output: /Durable Functions programming constraint violation/,
    source: "sdk: orchestrations/TaskOrchestrationExecutor.js",
  },
  {
    what: "Task.any of nothing",
    orchestration: "anyOfNone",
    status: "Failed",
    output: /^Orchestrator function 'anyOfNone' failed: /,
    source: "sdk: task/CompoundTask.js",
  },
  {
    what: "a child under the id of its parent",
    orchestration: "childOfOwnName",
    status: "Failed",
    output: /cannot have the instance ID of its parent/,
    source: "core: TaskOrchestrationContext.cs; the words are this host's",
  },
  {
    what: "a child under an id that begins with @",
    orchestration: "childNamed",
    input: "@child",
    status: "Failed",
    output: /Orchestration instance ids must not start with @/,
    source: "extension: ContextImplementations/DurableOrchestrationContext.cs, CallDurableTaskFunctionAsync",
  },
  {
    what: "an error after continueAsNew fails it all the same",
    orchestration: "again",
    input: { round: 1, throws: true },
    events: [["go", null]],
    status: "Failed",
    output: "Orchestrator function 'again' failed: after continueAsNew",
    source: "extension: OutOfProcOrchestrationShim.cs",
  },
  {
    what: "more actions than host.json allows",
    orchestration: "manyActions",
    input: 21,
    status: "Failed",
    output: /21 actions; at most 20 are allowed/,
    source: "extension: ContextImplementations/DurableOrchestrationContext.cs, IncrementActionsOrThrowException",
  },
  {
    what: "as many actions as host.json allows",
    orchestration: "manyActions",
    input: 20,
    output: 20,
    source: "as above",
  },
  {
    what: "a custom status of 8,703 characters of JSON",
    orchestration: "status",
    input: 8_701,
    output: "done",
    source: "extension: ContextImplementations/DurableOrchestrationContext.cs, MaxCustomStatusPayloadSizeInKB",
  },
  {
    what: "a custom status of 8,704 characters of JSON",
    orchestration: "status",
    input: 8_702,
    status: "Failed",
    output: /must not exceed 16 KB\. The current payload size is 17 KB\./,
    source: "as above",
  },
];
