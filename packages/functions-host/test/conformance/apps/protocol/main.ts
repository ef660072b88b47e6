/** One orchestration for each rule of the protocol between SDK and host. */
import { type InvocationContext, trigger } from "@azure/functions";
import type { OrchestrationContext, OrchestrationHandler, Task } from "durable-functions";
import * as df from "durable-functions";

df.app.client.generic("lendClient", {
  trigger: trigger.generic({ type: "manualTrigger" }),
  handler: (_input: unknown, client: df.DurableClient, _context: InvocationContext) => ({ client }),
});

const attempts = new Map<string, number>();

df.app.activity("say", { handler: (input: unknown) => input });
df.app.activity("nothing", { handler: () => undefined });
df.app.activity("boom", {
  handler: () => {
    throw new Error("boom");
  },
});
class DetailedError extends Error {
  override readonly name = "DetailedError";
  readonly code = 42;
}
df.app.setExceptionPropertiesProvider({
  getExceptionProperties: (error) => (error instanceof DetailedError ? { code: error.code } : undefined),
});
df.app.activity("boomWithDetails", {
  handler: () => {
    throw new DetailedError("in detail");
  },
});
/** Fails on the first attempt for each key. */
df.app.activity("failOnce", {
  handler: (key: string) => {
    attempts.set(key, (attempts.get(key) ?? 0) + 1);
    if (attempts.get(key) === 1) throw new Error("boom");
    return "done";
  },
});
df.app.orchestration("child", function* (context: OrchestrationContext) {
  const said: unknown = yield context.df.callActivity("say", context.df.getInput());
  return { said, id: context.df.instanceId, parent: context.df.parentInstanceId };
});
df.app.orchestration("childOnce", function* (context: OrchestrationContext) {
  return yield context.df.callActivity("failOnce", context.df.getInput());
});
df.app.orchestration("sad", function* (context: OrchestrationContext) {
  yield context.df.callActivity("nothing");
  throw new Error("sad");
});

const soon = (context: OrchestrationContext, ms = 5) => new Date(context.df.currentUtcDateTime.getTime() + ms);
const retry = () => new df.RetryOptions(1, 2);

/** The sequence id of the next action shows how many ids the action before it took. */
function actionThenNext(name: string, act: OrchestrationHandler) {
  df.app.orchestration(name, function* (context: OrchestrationContext) {
    const result: unknown = yield* act(context);
    yield context.df.callActivity("say", "next");
    return result ?? null;
  });
}

actionThenNext("CallActivity", function* ({ df: d }) {
  return yield d.callActivity("say", "x");
});
actionThenNext("CallActivityWithRetry", function* ({ df: d }) {
  return yield d.callActivityWithRetry("failOnce", retry(), d.instanceId);
});
actionThenNext("CallActivityWithRetryInVain", function* ({ df: d }) {
  try {
    return yield d.callActivityWithRetry("boom", retry());
  } catch (error) {
    return error instanceof Error && /^Activity function 'boom' failed: boom \n /.test(error.message);
  }
});
actionThenNext("CallSubOrchestrator", function* ({ df: d }) {
  return yield d.callSubOrchestrator("child", "x");
});
actionThenNext("CallSubOrchestratorWithRetry", function* ({ df: d }) {
  return yield d.callSubOrchestratorWithRetry("childOnce", retry(), d.instanceId);
});
actionThenNext("CreateTimer", function* (context) {
  yield context.df.createTimer(soon(context));
});
actionThenNext("CreateTimerLong", function* (context) {
  // Longer than the six days that the extension allows a timer by default.
  const timer = context.df.createTimer(soon(context, 40 * 86_400_000));
  yield context.df.Task.any([timer, context.df.callActivity("say", "x")]);
  timer.cancel();
});
actionThenNext("WaitForExternalEvent", function* ({ df: d }) {
  return yield d.waitForExternalEvent("go");
});
actionThenNext("WhenAny", function* ({ df: d }) {
  const winner: Task = yield d.Task.any([d.waitForExternalEvent("never"), d.callActivity("say", "x")]);
  return winner.result;
});
actionThenNext("WhenAll", function* ({ df: d }) {
  return yield d.Task.all([d.callActivity("say", 1), d.callActivity("say", 2)]);
});
actionThenNext("WhenAllOfWhenAny", function* (context) {
  const { df: d } = context;
  const timer = d.createTimer(soon(context, 60_000));
  yield d.Task.all([d.callActivity("say", 1), d.Task.any([d.callActivity("say", 2), timer])]);
  timer.cancel();
});
actionThenNext("YieldedAgain", function* (context) {
  const { df: d } = context;
  const timer = d.createTimer(soon(context, 60_000));
  for (const round of [1, 2]) yield d.Task.any([d.callActivity("say", round), timer]);
  timer.cancel();
});
df.app.orchestration("ContinueAsNew", function* (context: OrchestrationContext) {
  yield context.df.callActivity("say", "x");
  if (context.df.getInput() === "once more") return "end";
  context.df.continueAsNew({ round: 2 });
  return "ignored";
});

df.app.orchestration("again", function* (context: OrchestrationContext) {
  const input = context.df.getInput<{ round: number; throws?: boolean; heard?: unknown } | null>();
  if ((input?.round ?? 1) > 1) {
    yield context.df.callActivity("say", "x");
    return { round: input?.round, note: yield context.df.waitForExternalEvent("note") };
  }
  context.df.setCustomStatus("first round");
  yield context.df.waitForExternalEvent("go");
  context.df.continueAsNew({ round: 2 });
  if (input?.throws) throw new Error("after continueAsNew");
  return "ignored";
});
df.app.orchestration("waitsWithoutStatus", function* (context: OrchestrationContext) {
  context.df.setCustomStatus("shown");
  yield context.df.waitForExternalEvent("go");
  context.df.setCustomStatus("");
  yield context.df.waitForExternalEvent("go");
});
df.app.orchestration("show", function* (context: OrchestrationContext) {
  const before = context.df.isReplaying;
  yield context.df.callActivity("nothing");
  const { instanceId, parentInstanceId = null, version = null } = context.df;
  return { input: context.df.getInput(), before, after: context.df.isReplaying, instanceId, parentInstanceId, version };
});
df.app.orchestration("void", function* (context: OrchestrationContext) {
  return String(yield context.df.callActivity("nothing"));
});
df.app.orchestration("returnsNothing", function* (context: OrchestrationContext) {
  yield context.df.callActivity("nothing");
});
df.app.orchestration("twoWaiters", function* (context: OrchestrationContext) {
  const [first, second] = [context.df.waitForExternalEvent("go"), context.df.waitForExternalEvent("go")];
  return yield context.df.Task.all([first, second]);
});
df.app.orchestration("earlyEvent", function* (context: OrchestrationContext) {
  yield context.df.waitForExternalEvent("second");
  return yield context.df.waitForExternalEvent("FIRST");
});
df.app.orchestration("leavesTimer", function* (context: OrchestrationContext) {
  context.df.createTimer(soon(context, 3_600_000));
  return yield context.df.callActivity("say", "x");
});
df.app.orchestration("tellsFailure", function* (context: OrchestrationContext) {
  const { kind, name } = context.df.getInput<{ kind: "activity" | "child"; name: string }>();
  try {
    yield kind === "activity" ? context.df.callActivity(name) : context.df.callSubOrchestrator(name);
    return "no error";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
});
df.app.orchestration("detailed", function* (context: OrchestrationContext) {
  yield context.df.callActivity("boomWithDetails");
});
df.app.orchestration("tellsDetails", function* (context: OrchestrationContext) {
  const isChild = context.df.getInput<boolean>();
  try {
    return yield isChild ? context.df.callSubOrchestrator("detailed") : context.df.callActivity("boomWithDetails");
  } catch (error) {
    if (!(error instanceof df.TaskFailedError)) return String(error);
    const { message, failureDetails, taskName } = error;
    const { errorType, errorMessage, properties, innerFailure } = failureDetails;
    return { message, taskName, errorType, errorMessage, properties, inner: innerFailure?.errorType ?? null };
  }
});
df.app.orchestration("childNamed", function* (context: OrchestrationContext) {
  return yield context.df.callSubOrchestrator("child", 1, context.df.getInput());
});
df.app.orchestration("childOfOwnName", function* (context: OrchestrationContext) {
  return yield context.df.callSubOrchestrator("child", 1, context.df.instanceId);
});
df.app.orchestration("manyActions", function* (context: OrchestrationContext) {
  const tasks = Array.from({ length: context.df.getInput<number>() }, () => context.df.callActivity("nothing"));
  return (yield context.df.Task.all(tasks)).length;
});
df.app.orchestration("status", function* (context: OrchestrationContext) {
  context.df.setCustomStatus("x".repeat(context.df.getInput<number>()));
  yield context.df.callActivity("nothing");
  return "done";
});
// The SDK's types reject these, but what the host does with them is part of the protocol.
const untyped = (handler: unknown) => handler as OrchestrationHandler;
df.app.orchestration(
  "asyncGenerator",
  untyped(async function* () {
    yield undefined;
  }),
);
df.app.orchestration(
  "noGenerator",
  untyped(() => 1),
);
df.app.orchestration(
  "noTask",
  untyped(function* () {
    yield 42;
  }),
);
df.app.orchestration("anyOfNone", function* (context: OrchestrationContext) {
  yield context.df.Task.any([]);
});
df.app.orchestration("activityInput", function* (context: OrchestrationContext) {
  const results: unknown[] = yield context.df.Task.all(
    ["123", 123, "abc", { a: 1 }].map((input) => context.df.callActivity("say", input)),
  );
  return results.map((result) => `${typeof result} ${JSON.stringify(result)}`);
});
