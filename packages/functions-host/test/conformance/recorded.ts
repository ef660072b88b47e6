/**
 * What the real host answered: Azure Functions host 4.1037, Durable Task extension 3.19.0, node worker 3.9.1 and Azurite, on
 * 2026-11-26. Rows whose `source` is not "recorded" follow the source that they name, because the recording does not have
 * that answer word for word.
 */

const recorded = "recorded";
/** On the same versions, with random orchestrations and requests, on 2026-11-27. */
const recordedAgain = "recorded on 2026-11-27";
/** On the same versions, beside the whole of Mooring's tests. */
const secondLook = "recorded on 2026-11-29";
const durableClient = "extension: DurableClient.cs, GetDurableOrchestrationStatusAsync";
const httpApi = "extension: HttpApiHandler.cs";
const shim = "extension: OutOfProcOrchestrationShim.cs, ProcessAsyncActionsV2";
const worker = "azure-functions-nodejs-worker: ensureErrorType";

export interface PayloadRow {
  readonly what: string;
  readonly orchestration: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly status?: "Completed" | "Failed";
  readonly source: string;
}

/** Orchestrations of the conformance app, and how they end. */
export const payloads: readonly PayloadRow[] = [
  {
    what: "true into an activity",
    orchestration: "seen",
    input: { value: true },
    output: 'string "True"',
    source: recorded,
  },
  {
    what: "false into an activity",
    orchestration: "seen",
    input: { value: false },
    output: 'string "False"',
    source: recorded,
  },
  {
    what: "null into an activity",
    orchestration: "seen",
    input: { value: null },
    output: "undefined",
    source: recorded,
  },
  {
    what: "booleans inside an object",
    orchestration: "seen",
    input: { value: { a: true, b: [false] } },
    output: 'object {"a":true,"b":[false]}',
    source: recorded,
  },
  {
    what: "true out of an activity",
    orchestration: "given",
    input: { value: true },
    output: "boolean true",
    source: recordedAgain,
  },
  {
    what: "false out of an activity",
    orchestration: "given",
    input: { value: false },
    output: "boolean false",
    source: recordedAgain,
  },
  {
    what: "booleans inside a result",
    orchestration: "given",
    input: { value: { a: true } },
    output: 'object {"a":true}',
    source: recorded,
  },
  {
    what: "a whole number above 64 bits out of an activity",
    orchestration: "given",
    input: { make: "beyondInt64" },
    output: `number ${2 ** 63}`,
    source: recorded,
  },
  {
    what: "a whole number below 64 bits out of an activity",
    orchestration: "given",
    input: { make: "beneathInt64" },
    output: `number ${-(2 ** 63)}`,
    source: "as above, the other end of int64",
  },
  {
    what: "a whole number above 2^53",
    orchestration: "given",
    input: { make: "beyondDouble53" },
    output: `number ${2 ** 60}`,
    source: recorded,
  },
  {
    what: "no number out of an activity",
    orchestration: "given",
    input: { make: "notANumber" },
    output: 'string "NaN"',
    source: recordedAgain,
  },
  {
    what: "infinity out of an activity",
    orchestration: "given",
    input: { make: "infinity" },
    output: 'string "Infinity"',
    source: recordedAgain,
  },
  {
    what: "half a surrogate pair out of an activity",
    orchestration: "given",
    input: { make: "loneSurrogate" },
    output: 'string "a\ufffdb"',
    source: recorded,
  },
  {
    what: "half a surrogate pair into an activity",
    orchestration: "seen",
    input: { make: "loneSurrogate" },
    output: 'string "a\ufffdb"',
    source: recorded,
  },
  {
    what: "half a surrogate pair as an output",
    orchestration: "output",
    input: "loneSurrogate",
    output: "a\ufffdb",
    source: recorded,
  },
  {
    what: "half a surrogate pair into a sub-orchestration",
    orchestration: "ofChild",
    input: { make: "loneSurrogate" },
    output: 'string "a\ufffdb"',
    source: secondLook,
  },
  {
    what: "$type into a sub-orchestration",
    orchestration: "ofChild",
    input: { make: "typed" },
    output: 'object {"kept":{"$type":"x","inner":1}}',
    source: secondLook,
  },
  {
    what: "half a surrogate pair as an orchestration's own input",
    orchestration: "input",
    input: "a\ud800b",
    output: 'string "a\ufffdb"',
    source: secondLook,
  },
  {
    what: "$type out of an activity",
    orchestration: "given",
    input: { make: "typed" },
    output: 'object {"kept":{"$type":"x","inner":1}}',
    source: recordedAgain,
  },
  {
    what: "$type into an activity",
    orchestration: "seen",
    input: { make: "typed" },
    output: 'object {"kept":{"$type":"x","inner":1}}',
    source: recordedAgain,
  },
  {
    what: "$ref out of an activity",
    orchestration: "given",
    input: { make: "reference" },
    output: 'object {"first":{"$ref":"1"},"second":2}',
    source: recordedAgain,
  },
  {
    what: "$id in front of the rest, out of an activity",
    orchestration: "given",
    input: { value: { $id: "1", v: 1 } },
    output: 'object {"v":1}',
    source: recordedAgain,
  },
  {
    what: "$values out of an activity",
    orchestration: "given",
    input: { value: { $values: [1, 2] } },
    output: "object [1,2]",
    source: recordedAgain,
  },
  {
    what: "$id in a list, out of an activity",
    orchestration: "given",
    input: { value: [{ $id: "2", a: 1 }] },
    output: 'object [{"$id":"2","a":1}]',
    source: recordedAgain,
  },
  {
    what: "$ref as an output",
    orchestration: "output",
    input: "reference",
    output: { first: { $ref: "1" }, second: 2 },
    source: recordedAgain,
  },
  {
    what: "$ref in an orchestration's own input",
    orchestration: "input",
    input: { $ref: "1" },
    output: 'object {"$ref":"1"}',
    source: recorded,
  },
  {
    what: "a date stays the text it was",
    orchestration: "given",
    input: { make: "date" },
    output: 'string "2026-11-26T10:00:00.000Z"',
    source: recorded,
  },
  {
    what: "64 levels out of an activity",
    orchestration: "given",
    input: { make: "depth64" },
    output: expect64(),
    source: recorded,
  },
  {
    what: "an orchestration whose output has 65 levels",
    orchestration: "output",
    input: "depth65",
    output: /MaxDepth of 64/,
    status: "Failed",
    source: `${recorded}: that it fails`,
  },
  {
    what: "65 levels out of an activity",
    orchestration: "given",
    input: { make: "depth65" },
    output: /MaxDepth of 64/,
    status: "Failed",
    source: `${recorded}: that it fails`,
  },
  {
    what: "an Error",
    orchestration: "caught",
    input: "boom",
    output: "Activity function 'throw' failed: boom",
    source: recorded,
  },
  {
    what: "an Error without a message",
    orchestration: "caught",
    input: "",
    output: "Activity function 'throw' failed: ",
    source: recorded,
  },
  {
    what: "a thrown object",
    orchestration: "caught",
    input: "object",
    output: `Activity function 'throw' failed: {"code":7}`,
    source: recorded,
  },
  {
    what: "a thrown string",
    orchestration: "caught",
    input: "string",
    output: "Activity function 'throw' failed: text",
    source: worker,
  },
  {
    what: "undefined thrown, which is no failure",
    orchestration: "caught",
    input: "nothing",
    output: "",
    source: worker,
  },
  {
    what: "an orchestrator that throws a string at once",
    orchestration: "throwText",
    input: "at once",
    output:
      /^Orchestrator function 'throwText' failed: One or more errors occurred\. \(Result: Failure\nException: false/,
    status: "Failed",
    source: recorded,
  },
  {
    what: "an orchestrator that throws a string after an activity",
    orchestration: "throwText",
    input: null,
    output: /^Non-Deterministic workflow detected: /,
    status: "Failed",
    source: recordedAgain,
  },
  {
    what: "an orchestrator that does not exist",
    orchestration: "missing",
    input: null,
    output: /^The function 'missing' doesn't exist, is disabled, or is not an orchestrator function/,
    status: "Failed",
    source: recorded,
  },
];

function expect64(): string {
  return `object ${"[".repeat(64)}1${"]".repeat(64)}`;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | null>>;
  /** JSON, or empty; a RegExp where the full text is not known. */
  readonly body?: unknown;
  readonly text?: string;
}

export interface RequestRow {
  readonly what: string;
  readonly method?: string;
  /** `{hook}` is the webhook URL. */
  readonly path: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly requestBody?: string;
  readonly answer: Answer;
  readonly source: string;
}

const exceptionOf = (message: string) => ({
  Message: message,
  ExceptionMessage: expectText,
  ExceptionType: expectText,
  StackTrace: expectText,
});
/** Stands for any text. */
export const expectText = Symbol("text");

function expectStatus(id: string) {
  return {
    name: expectText,
    instanceId: id,
    runtimeStatus: expectText,
    input: null,
    customStatus: null,
    output: "done",
    createdTime: expectText,
    lastUpdatedTime: expectText,
  };
}

/** `running` waits for an event, `ended` has completed, `failed` has failed. */
export const requests: readonly RequestRow[] = [
  {
    what: "a start under an id that runs",
    method: "POST",
    path: "{hook}/orchestrators/quick/running",
    answer: { status: 409, body: { Message: "An Orchestration instance with the status Running already exists." } },
    source: recorded,
  },
  {
    what: "a start of an orchestrator that does not exist",
    method: "POST",
    path: "{hook}/orchestrators/missing/unknown",
    answer: { status: 202 },
    source: recorded,
  },
  {
    what: "an id with a slash",
    method: "POST",
    path: "{hook}/orchestrators/quick/a%2Fb",
    answer: { status: 404 },
    source: recorded,
  },
  {
    what: "an id with a backslash",
    method: "POST",
    path: "{hook}/orchestrators/quick/a%5Cb",
    answer: { status: 404 },
    source: recorded,
  },
  {
    what: "an id that begins like an entity's",
    method: "POST",
    path: "{hook}/orchestrators/quick/@x",
    answer: { status: 202 },
    source: recorded,
  },
  {
    what: "an id of 101 characters",
    method: "POST",
    path: `{hook}/orchestrators/quick/${"x".repeat(101)}`,
    answer: { status: 202 },
    source: recorded,
  },
  {
    what: "an id that is not ASCII",
    method: "POST",
    path: "{hook}/orchestrators/quick/caf%C3%A9",
    answer: { status: 500, body: exceptionOf("Something went wrong while processing your request") },
    source: `${recorded}; the words: Kestrel's for such a header`,
  },
  {
    what: "a start with bad JSON",
    method: "POST",
    path: "{hook}/orchestrators/quick",
    requestBody: "{",
    answer: { status: 400, body: exceptionOf("Invalid JSON content") },
    source: recorded,
  },
  {
    what: "an event with bad JSON",
    method: "POST",
    path: "{hook}/instances/running/raiseEvent/other",
    contentType: "application/json",
    requestBody: "{",
    answer: { status: 400, body: exceptionOf("Invalid JSON content") },
    source: recorded,
  },
  {
    what: "an event that is not JSON",
    method: "POST",
    path: "{hook}/instances/running/raiseEvent/other",
    contentType: "text/plain",
    requestBody: "1",
    answer: { status: 400, body: { Message: "Only application/json request content is supported" } },
    source: httpApi,
  },
  {
    what: "an event to nobody",
    method: "POST",
    path: "{hook}/instances/nobody/raiseEvent/other",
    contentType: "application/json",
    requestBody: "1",
    answer: { status: 404, body: "" },
    source: httpApi,
  },
  {
    what: "an event to what has ended",
    method: "POST",
    path: "{hook}/instances/ended/raiseEvent/other",
    contentType: "application/json",
    requestBody: "1",
    answer: { status: 410, body: "" },
    source: httpApi,
  },
  {
    what: "a rewind of nobody",
    method: "POST",
    path: "{hook}/instances/nobody/rewind?reason=x",
    answer: { status: 404, body: 'No orchestration with instance ID "$nobody" found.' },
    source: secondLook,
  },
  {
    what: "a restart of nobody",
    method: "POST",
    path: "{hook}/instances/nobody/restart",
    answer: { status: 400, body: exceptionOf("InstanceId does not match a valid orchestration instance.") },
    source: httpApi,
  },
  {
    what: "a purge without a beginning",
    method: "DELETE",
    path: "{hook}/instances?runtimeStatus=Completed",
    answer: { status: 400, body: "Please provide value for 'createdTimeFrom' parameter." },
    source: recorded,
  },
  {
    what: "a purge that finds nothing",
    method: "DELETE",
    path: "{hook}/instances?createdTimeFrom=2099-01-01T00:00:00Z",
    answer: { status: 404 },
    source: httpApi,
  },
  {
    what: "a purge of nobody",
    method: "DELETE",
    path: "{hook}/instances/nobody",
    answer: { status: 404 },
    source: httpApi,
  },
  {
    what: "a purge of what runs",
    method: "DELETE",
    path: "{hook}/instances/running",
    answer: {
      status: 412,
      body: "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID running has status Running",
    },
    source: recordedAgain,
  },
  {
    what: "a page of no entries",
    path: "{hook}/instances?top=0",
    answer: { status: 200, body: [], headers: { "x-ms-continuation-token": "something" } },
    source: recorded,
  },
  { what: "the status of nobody", path: "{hook}/instances/nobody", answer: { status: 404, body: "" }, source: httpApi },
  {
    what: "a start",
    method: "POST",
    path: "{hook}/orchestrators/quick/started",
    requestBody: '{"a":1}',
    answer: { status: 202, headers: { "retry-after": "10", location: "something" } },
    source: httpApi,
  },
  {
    what: "a start in any case of the names",
    method: "POST",
    path: "{hook}/ORCHESTRATORS/QUICK/startedInCapitals",
    answer: { status: 202 },
    source: httpApi,
  },
  {
    what: "a start that waits for the output",
    method: "POST",
    path: "{hook}/orchestrators/quick?timeout=10&pollingInterval=1",
    answer: { status: 200, body: "done" },
    source: httpApi,
  },
  {
    what: "a start with a timeout and no interval, which does not wait",
    method: "POST",
    path: "{hook}/orchestrators/event/unwatched?timeout=10",
    answer: { status: 202, headers: { "retry-after": "10" } },
    source: `${httpApi}, HandleStartOrchestratorRequestAsync`,
  },
  {
    what: "a start under an id that is not allowed",
    method: "POST",
    path: "{hook}/orchestrators/quick/a%3Fb",
    answer: { status: 400, body: { Message: expectText } },
    source: `${httpApi}, HandleStartOrchestratorRequestAsync: the bare message`,
  },
  {
    what: "a start with GET",
    path: "{hook}/orchestrators/quick",
    answer: { status: 404, body: "" },
    source: httpApi,
  },
  {
    what: "the status of what runs",
    path: "{hook}/instances/running",
    answer: { status: 202, headers: { "retry-after": "5", location: "something" } },
    source: `${httpApi}, HandleGetStatusRequestAsync`,
  },
  {
    what: "the status of what has ended",
    path: "{hook}/instances/ended",
    answer: {
      status: 200,
      headers: { location: null, "retry-after": null },
      body: {
        name: "quick",
        instanceId: "ended",
        runtimeStatus: "Completed",
        input: null,
        customStatus: null,
        output: "done",
        createdTime: expectText,
        lastUpdatedTime: expectText,
      },
    },
    source: `${httpApi}, ConvertFrom`,
  },
  {
    what: "the status of what has failed",
    path: "{hook}/instances/failed",
    answer: { status: 200 },
    source: httpApi,
  },
  {
    what: "the status of what has failed, as an error",
    path: "{hook}/instances/failed?returnInternalServerErrorOnFailure=true",
    answer: { status: 500 },
    source: httpApi,
  },
  {
    what: "a list by status and prefix",
    path: "{hook}/instances?runtimeStatus=Completed,Nonsense&runtimeStatus=Failed&instanceIdPrefix=ende&showInput=false",
    answer: { status: 200, body: [expectStatus("ended")] },
    source: `${httpApi}, TryGetIEnumerableQueryParameterValue`,
  },
  {
    what: "a list by the number of a status",
    path: "{hook}/instances?runtimeStatus=1&instanceIdPrefix=ended",
    answer: { status: 200, body: [expectStatus("ended")] },
    source: ".NET: Enum.TryParse",
  },
  {
    what: "a list by a status in another case, which is no status",
    path: "{hook}/instances?runtimeStatus=running&instanceIdPrefix=ended",
    answer: { status: 200, body: [expectStatus("ended")] },
    source: ".NET: Enum.TryParse",
  },
  {
    what: "a list of a time before there was anything",
    path: "{hook}/instances?createdTimeTo=2001-01-01T00:00:00Z",
    answer: { status: 200, body: [], headers: { "x-ms-continuation-token": null } },
    source: httpApi,
  },
  ...(["terminate", "suspend", "resume"] as const).flatMap((operation): RequestRow[] => [
    {
      what: `${operation} of nobody`,
      method: "POST",
      path: `{hook}/instances/nobody/${operation}?reason=x`,
      answer: { status: 404, body: "" },
      source: httpApi,
    },
    {
      what: `${operation} of what has ended`,
      method: "POST",
      path: `{hook}/instances/ended/${operation}?reason=x`,
      answer: { status: 410, body: "" },
      source: httpApi,
    },
    {
      what: `${operation} with GET`,
      path: `{hook}/instances/running/${operation}`,
      answer: { status: 404, body: "" },
      source: httpApi,
    },
  ]),
  {
    what: "resume of what is not suspended",
    method: "POST",
    path: "{hook}/instances/running/resume?reason=x",
    answer: { status: 500, body: exceptionOf("Something went wrong while processing your request") },
    source: `${httpApi}: an InvalidOperationException of DurableClient.cs`,
  },
  {
    what: "an operation that there is not",
    method: "POST",
    path: "{hook}/instances/running/dance",
    answer: { status: 404, body: "" },
    source: httpApi,
  },
  {
    what: "a restart that waits for the output",
    method: "POST",
    path: "{hook}/instances/ended/restart?timeout=10&pollingInterval=1",
    answer: { status: 200, body: "done" },
    source: `${httpApi}, HandleRestartInstanceRequestAsync`,
  },
  {
    what: "a restart under the id of what runs",
    method: "POST",
    path: "{hook}/instances/running/restart?restartWithNewInstanceId=false",
    answer: { status: 409, body: exceptionOf("A non-terminal instance with this instance ID already exists.") },
    source: `${httpApi}, HandleRestartInstanceRequestAsync`,
  },
  {
    what: "an event for what runs, in another case",
    method: "POST",
    path: "{hook}/instances/running/RAISEEVENT/other",
    contentType: "application/json; charset=utf-8",
    requestBody: "1",
    answer: { status: 202, body: "" },
    source: httpApi,
  },
  {
    what: "an event without a body, as the SDK sends it",
    method: "POST",
    path: "{hook}/instances/running/raiseEvent/other",
    contentType: "application/json",
    answer: { status: 400, body: exceptionOf("Invalid JSON content") },
    source: `${httpApi}, HandleRaiseEventRequestAsync`,
  },
  {
    what: "a webhook with a wrong key",
    path: "/runtime/webhooks/durabletask/instances/running?code=wrong",
    answer: { status: 401 },
    source: recorded,
  },
  {
    what: "the SDK's own endpoint without its address",
    path: "/durabletask/instances/running",
    answer: { status: 401 },
    source: "here the RPC endpoint is on the host's own port; there it has a port of its own",
  },
  { what: "a wrong verb", method: "PUT", path: "{hook}/instances/running", answer: { status: 404 }, source: httpApi },
  {
    what: "a webhook without a key",
    path: "/runtime/webhooks/durabletask/instances/running",
    answer: { status: 401, headers: { "www-authenticate": "Bearer" } },
    source: recorded,
  },
  {
    what: "the root",
    path: "/",
    answer: { status: 200, headers: { "content-type": "text/html; charset=utf-8" } },
    source: recorded,
  },
  { what: "ping", path: "/admin/host/ping", answer: { status: 200 }, source: recorded },
  {
    what: "the host's status",
    path: "/admin/host/status",
    answer: { status: 401, headers: { "www-authenticate": "Bearer" } },
    source: recorded,
  },
  {
    what: "a cookie",
    path: "/api/cookie",
    answer: { status: 200, headers: { "set-cookie": "a=b%20c; max-age=5; path=/; samesite=lax; httponly" } },
    source: recorded,
  },
  {
    what: "a cookie without a path, beside a header",
    path: "/api/cookies",
    answer: { status: 200, headers: { "set-cookie": "z=1, a=b; path=/" } },
    source: `${recordedAgain}, in the other order`,
  },
  {
    what: "a header in UTF-8",
    path: "/api/look",
    headers: { "x-a": "\u00c3\u00a9" },
    answer: { status: 200, body: { header: "\u00e9", hasBody: false } },
    source: recordedAgain,
  },
  {
    what: "a header that is not UTF-8",
    path: "/api/look",
    headers: { "x-a": "\u00e9" },
    answer: { status: 400, body: "" },
    source: recordedAgain,
  },
  {
    what: "a POST without a body",
    method: "POST",
    path: "/api/look",
    answer: { status: 200, body: { header: null, hasBody: false } },
    source: recordedAgain,
  },
  {
    what: "a slash at the end of a catch-all parameter",
    path: "/api/anything/x/",
    answer: { status: 200, text: "x/" },
    source: recordedAgain,
  },
  ...["//api/cookie", "/api//cookie", "/api/anything//x", "/api/anything//", "/admin/", "/admin/host", "/admin/x"].map(
    (path) => ({ what: path, path, answer: { status: 404, body: "" }, source: recordedAgain }),
  ),
  ...["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"].flatMap((method) =>
    ["/admin/host/ping", "/admin/host/status", "/admin/x"].map((path) => ({
      what: `${method} ${path}`,
      method,
      path,
      answer: { status: 404, body: "" },
      source: recordedAgain,
    })),
  ),
  { what: "POST /", method: "POST", path: "/", answer: { status: 200 }, source: recordedAgain },
  { what: "a NUL in a path", path: "/api/anything/a%00b", answer: { status: 400, body: "" }, source: recorded },
  {
    what: "a request line of 8,184 bytes",
    path: `/api/nothing?${"a".repeat(8_156)}`,
    answer: { status: 404, body: "" },
    source: recorded,
  },
  {
    what: "a request line of 8,194 bytes",
    path: `/api/nothing?${"a".repeat(8_166)}`,
    answer: { status: 414, body: "" },
    source: recorded,
  },
  { what: "what no function serves", path: "/api/nothing", answer: { status: 404, body: "" }, source: recorded },
];

/** What an operation makes of the status and the output, with and without a reason. */
export const reasons: readonly {
  readonly operations: readonly string[];
  readonly status: string;
  readonly output: string | null;
  readonly source: string;
}[] = [
  { operations: ["suspend?reason=s"], status: "Suspended", output: "s", source: recordedAgain },
  { operations: ["suspend"], status: "Suspended", output: null, source: recordedAgain },
  { operations: ["suspend?reason="], status: "Suspended", output: "", source: recordedAgain },
  { operations: ["suspend?reason=s", "resume"], status: "Running", output: "s", source: recordedAgain },
  { operations: ["suspend?reason=s", "resume?reason=r"], status: "Running", output: "r", source: recordedAgain },
  { operations: ["suspend?reason=s", "terminate"], status: "Terminated", output: "s", source: recordedAgain },
  { operations: ["terminate"], status: "Terminated", output: null, source: recordedAgain },
  { operations: ["terminate?reason="], status: "Terminated", output: "", source: recordedAgain },
];

/** An orchestrator that has returned or thrown, and left something open: the end of its history. */
export const departures: readonly {
  readonly open: string;
  readonly way: "return" | "throw";
  readonly history: readonly string[];
  readonly source: string;
}[] = [
  {
    open: "timer",
    way: "return",
    history: ["TimerCreated", "TaskCompleted", "TimerFired", "ExecutionCompleted"],
    source: recordedAgain,
  },
  {
    open: "timer",
    way: "throw",
    history: ["TimerCreated", "TaskCompleted", "TimerFired", "ExecutionCompleted"],
    source: recordedAgain,
  },
  {
    open: "activity",
    way: "return",
    history: ["TaskCompleted", "TaskCompleted", "ExecutionCompleted"],
    source: recordedAgain,
  },
  {
    open: "activity",
    way: "throw",
    history: ["TaskCompleted", "TaskCompleted", "ExecutionCompleted"],
    source: recordedAgain,
  },
  {
    open: "child",
    way: "return",
    history: ["TaskCompleted", "SubOrchestrationInstanceCompleted", "ExecutionCompleted"],
    source: recordedAgain,
  },
  {
    open: "retry",
    way: "return",
    history: [
      "TaskCompleted",
      "TaskFailed",
      "TimerCreated",
      "TimerFired",
      "TaskFailed",
      "TimerCreated",
      "TimerFired",
      "ExecutionCompleted",
    ],
    source: recordedAgain,
  },
  { open: "event", way: "return", history: ["TaskCompleted", "ExecutionCompleted"], source: recordedAgain },
];

/** When an orchestrator that has caught the failure of a `Task.all` goes on: the order in which its work is done. */
export const barriers: readonly {
  readonly beside: string;
  readonly next: string;
  /** Raised when the orchestrator has caught the failure. */
  readonly early?: string;
  readonly order: readonly string[];
  readonly source: string;
}[] = [
  { beside: "child", next: "activity", order: ["beside has ended", "after"], source: recordedAgain },
  { beside: "child", next: "returns", order: ["beside has ended"], source: shim },
  { beside: "child", next: "continueAsNew", order: ["beside has ended", "next generation"], source: shim },
  {
    beside: "child",
    next: "events first",
    early: "come on",
    order: ["beside has ended", "after", "behind"],
    source: recordedAgain,
  },
  { beside: "an event", next: "activity", order: ["event", "after"], source: recordedAgain },
  { beside: "an event", next: "returns", order: ["event"], source: recordedAgain },
  { beside: "an event", next: "throws", order: ["event"], source: recordedAgain },
  { beside: "an event", next: "continueAsNew", order: ["event", "next generation"], source: recordedAgain },
  { beside: "a Task.all in a Task.any", next: "activity", order: ["beside has ended", "after"], source: recordedAgain },
  { beside: "a timer that is cancelled", next: "activity", order: ["after"], source: recordedAgain },
  { beside: "a loser of Task.any", next: "activity", order: ["after", "beside has ended"], source: recordedAgain },
];

/** The field names of a history entry, with `showHistory=true`. */
export const historyFields: readonly {
  readonly entry: string;
  readonly fields: readonly string[];
  readonly source: string;
}[] = [
  {
    entry: "ExecutionStarted",
    fields: [
      "Correlation",
      "EventType",
      "FunctionName",
      "GenerateNewTrace",
      "Generation",
      "Input",
      "ParentTraceContext",
      "ScheduledStartTime",
      "Timestamp",
    ],
    source: `${recorded}; ${durableClient}`,
  },
  {
    entry: "TaskCompleted",
    fields: ["EventType", "FunctionName", "Input", "ScheduledTime", "Timestamp"],
    source: durableClient,
  },
  {
    entry: "TaskFailed",
    fields: ["Details", "EventType", "FailureDetails", "FunctionName", "Input", "Reason", "ScheduledTime", "Timestamp"],
    source: `${recorded}; ${durableClient}`,
  },
  {
    entry: "ExecutionCompleted",
    fields: ["EventType", "FailureDetails", "OrchestrationStatus", "Timestamp"],
    source: durableClient,
  },
];
