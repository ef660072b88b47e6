/** The app that was run on the real host: each function shows how the host handles one case. */
import { setTimeout as sleep } from "node:timers/promises";
import { app } from "@azure/functions";
import type { OrchestrationContext } from "durable-functions";
import * as df from "durable-functions";

/** Renders a value so that nothing is lost that plain JSON would lose. */
function show(value: unknown): string {
  if (value === undefined) return "undefined";
  return `${typeof value} ${JSON.stringify(value)}`;
}

/** Values that cannot be sent in a request. */
const made: Readonly<Record<string, () => unknown>> = {
  loneSurrogate: () => "a\ud800b",
  beyondInt64: () => 1e20,
  beneathInt64: () => -1e20,
  notANumber: () => Number.NaN,
  infinity: () => Number.POSITIVE_INFINITY,
  beyondDouble53: () => 2 ** 60,
  typed: () => ({ $type: "System.String", kept: { $type: "x", inner: 1 } }),
  reference: () => ({ first: { $ref: "1" }, second: 2 }),
  date: () => "2026-11-26T10:00:00.000Z",
  depth64: () => nest(64),
  depth65: () => nest(65),
};

function nest(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

const thrownValues = new Map<string, unknown>([
  ["object", { code: 7 }],
  ["string", "text"],
  ["nothing", undefined],
]);

df.app.activity("see", { handler: (input: unknown) => show(input) });
df.app.activity("answerLate", { handler: () => sleep(300) });
df.app.activity("give", {
  handler: ({ value, make }: { value?: unknown; make?: string }) => (make ? made[make]?.() : value),
});
df.app.activity("throw", {
  handler: ({ kind }: { kind: string }) => {
    const thrown = thrownValues.has(kind) ? thrownValues.get(kind) : new Error(kind);
    throw thrown;
  },
});

df.app.orchestration("seen", function* (context: OrchestrationContext) {
  const { value, make } = context.df.getInput<{ value?: unknown; make?: string }>();
  const seen: string = yield context.df.callActivity("see", make ? made[make]?.() : value);
  return seen;
});
df.app.orchestration("given", function* (context: OrchestrationContext) {
  return show(yield context.df.callActivity("give", context.df.getInput()));
});
df.app.orchestration("output", function* (context: OrchestrationContext) {
  yield context.df.callActivity("see");
  return made[context.df.getInput<string>()]?.();
});
df.app.orchestration("input", function* (context: OrchestrationContext) {
  yield context.df.callActivity("see");
  return show(context.df.getInput());
});
df.app.orchestration("ofChild", function* (context: OrchestrationContext) {
  const { make } = context.df.getInput<{ make: string }>();
  const seen: string = yield context.df.callSubOrchestrator("input", made[make]?.());
  return seen;
});
df.app.orchestration("event", function* (context: OrchestrationContext) {
  return show(yield context.df.waitForExternalEvent("go"));
});
df.app.orchestration("caught", function* (context: OrchestrationContext) {
  try {
    yield context.df.callActivity("throw", { kind: context.df.getInput() });
    return "";
  } catch (error) {
    return error instanceof Error ? error.message.split(" \n ")[0] : String(error);
  }
});
df.app.orchestration("throwText", function* (context: OrchestrationContext) {
  if (context.df.getInput() !== "at once") yield context.df.callActivity("see");
  throw thrownValues.get("string");
});
df.app.orchestration("timer", function* (context: OrchestrationContext) {
  const from = context.df.currentUtcDateTime.getTime();
  yield context.df.createTimer(new Date(from + context.df.getInput<number>()));
  return context.df.currentUtcDateTime.getTime() - from;
});
df.app.orchestration("quick", function* (context: OrchestrationContext) {
  yield context.df.callActivity("see");
  return "done";
});

app.get("cookie", () => ({
  cookies: [{ name: "a", value: "b c", maxAge: 5, path: "/", sameSite: "Lax", httpOnly: true }],
}));
app.get("cookies", () => ({ headers: { "set-cookie": "z=1" }, cookies: [{ name: "a", value: "b" }] }));
app.http("look", {
  methods: ["GET", "POST"],
  handler: (request) => ({ jsonBody: { header: request.headers.get("x-a"), hasBody: request.body !== null } }),
});
app.http("anything", {
  route: "anything/{*rest}",
  handler: (request) => ({ body: request.params["rest"] ?? "" }),
});
df.app.orchestration("leaving", function* (context: OrchestrationContext) {
  const { open, way, from } = context.df.getInput<{ open: string; way: string; from?: number }>();
  const now = context.df.currentUtcDateTime.getTime();
  if (from !== undefined) return now - from;
  const retry = new df.RetryOptions(1, 2);
  const tasks: Readonly<Record<string, () => df.Task>> = {
    timer: () => context.df.createTimer(new Date(now + 300)),
    activity: () => context.df.callActivity("answerLate"),
    child: () => context.df.callSubOrchestrator("timer", 300),
    retry: () => context.df.callActivityWithRetry("throw", retry, { kind: "boom" }),
    event: () => context.df.waitForExternalEvent("never"),
  };
  const left = tasks[open]?.();
  if (left === undefined) throw new Error(`"${open}" is no task.`);
  yield context.df.Task.any([context.df.callActivity("see"), left]);
  if (way === "throw") throw new Error("left");
  if (way === "continueAsNew") context.df.continueAsNew({ open, way, from: now });
  return "left";
});
/** What has happened in an orchestration, in order. */
const told = new Map<string, string[]>();
function tell(id: string, what: string): void {
  told.set(id, [...(told.get(id) ?? []), what]);
}
df.app.activity("tell", { handler: ({ id, what }: { id: string; what: string }) => tell(id, what) });
df.app.orchestration("tellsWhenGone", function* (context: OrchestrationContext) {
  yield context.df.waitForExternalEvent("go");
  yield context.df.callActivity("tell", { id: context.df.getInput(), what: "beside has ended" });
});
app.get("told", { route: "told/{id}", handler: ({ params }) => ({ jsonBody: told.get(params["id"] ?? "") ?? [] }) });
/** Catches the failure of a `Task.all` while something beside the failed task is open. */
df.app.orchestration("catches", function* (context: OrchestrationContext) {
  const id = context.df.instanceId;
  const { beside, next, isNext } = context.df.getInput<{ beside: string; next: string; isNext?: true }>();
  const say = (what: string) => context.df.callActivity("tell", { id, what });
  if (isNext === true) return yield say("next generation");
  const child = () => context.df.callSubOrchestrator("tellsWhenGone", id, `${id}-child`);
  const fail = () => context.df.callActivity("throw", { kind: "boom" });
  const timer = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 86_400_000));
  const { Task } = context.df;
  const waits: Readonly<Record<string, () => df.Task>> = {
    child: () => Task.all([fail(), child()]),
    "an event": () => Task.all([fail(), context.df.waitForExternalEvent("go")]),
    "a timer that is cancelled": () => Task.all([fail(), timer]),
    "a loser of Task.any": () => Task.any([fail(), child()]),
    "a Task.all in a Task.any": () => Task.any([Task.all([fail(), child()]), context.df.waitForExternalEvent("never")]),
  };
  try {
    const wait = waits[beside]?.();
    if (wait === undefined) throw new Error(`There is nothing to wait for in "${beside}".`);
    yield wait;
  } catch (error) {
    if (next === "throws") throw error;
  }
  timer.cancel();
  context.df.setCustomStatus("caught");
  if (next === "returns") return "returned";
  if (next === "continueAsNew") context.df.continueAsNew({ isNext: true });
  if (next === "events first") {
    yield Task.any([say("behind"), context.df.waitForExternalEvent("come on")]);
    context.df.setCustomStatus("has come on");
  }
  if (next !== "continueAsNew") yield say("after");
  return "done";
});
df.app.orchestration("missingActivity", function* (context: OrchestrationContext) {
  yield context.df.callActivity("notRegistered");
});
