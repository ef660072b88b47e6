/** An app with one function for each behaviour that the engine has to get right. */
import { setTimeout as sleep } from "node:timers/promises";
import { type InvocationContext, trigger } from "@azure/functions";
import type { OrchestrationContext, Task } from "durable-functions";
import * as df from "durable-functions";

/** What activities saw, for tests that count; they get it together with the client. */
const seen = {
  runs: new Map<string, number>(),
  running: 0,
  mostRunning: 0,
  switches: new Set<string>(),
  /** Each ends an activity that waits. */
  gates: new Map<string, () => void>(),
};
export type Seen = typeof seen;

df.app.client.generic("lendClient", {
  trigger: trigger.generic({ type: "manualTrigger" }),
  handler: (_input: unknown, client: df.DurableClient) => ({ client, seen }),
});

function count(key: string): number {
  const runs = (seen.runs.get(key) ?? 0) + 1;
  seen.runs.set(key, runs);
  return runs;
}

df.app.activity("hello", { handler: (name: string) => `Hello ${name}` });
df.app.activity("nothing", { handler: () => undefined });
df.app.activity("typeOf", { handler: (input: unknown) => (input === null ? "null" : typeof input) });
df.app.activity("slow", {
  handler: async ({ key, ms }: { key: string; ms: number }) => {
    count(key);
    seen.running += 1;
    seen.mostRunning = Math.max(seen.mostRunning, seen.running);
    await sleep(ms);
    seen.running -= 1;
    return key;
  },
});
df.app.activity("flaky", {
  handler: ({ key, failures }: { key: string; failures: number }) => {
    const run = count(key);
    if (run <= failures) throw new Error(`boom ${run}`);
    return `${key} at attempt ${run}`;
  },
});
df.app.activity("startGreeting", {
  extraInputs: [df.input.durableClient()],
  handler: async (name: string, context: InvocationContext) =>
    await df.getClient(context).startNew("greet", { instanceId: `greeting-of-${name}`, input: name }),
});
df.app.activity("needsSwitch", {
  handler: (key: string) => {
    count(key);
    if (!seen.switches.has(key)) throw new Error(`${key} is off`);
    return `${key} is on`;
  },
});

df.app.activity("gated", {
  handler: async (key: string) => {
    count(key);
    await new Promise<void>((open) => seen.gates.set(key, open));
    return `${key} is open`;
  },
});

df.app.orchestration("greet", function* (context: OrchestrationContext) {
  return yield context.df.callActivity("hello", context.df.getInput());
});

df.app.orchestration("startAnother", function* (context: OrchestrationContext) {
  return yield context.df.callActivity("startGreeting", context.df.getInput());
});

df.app.orchestration("types", function* (context: OrchestrationContext) {
  const inputs = ["123", 123, true, { a: 1 }, "text", null, undefined];
  return yield context.df.Task.all(inputs.map((input) => context.df.callActivity("typeOf", input)));
});

df.app.orchestration("voidActivity", function* (context: OrchestrationContext) {
  const result: unknown = yield context.df.callActivity("nothing");
  return result === null ? "null" : typeof result;
});

df.app.orchestration("showStart", function* (context: OrchestrationContext) {
  yield context.df.callActivity("nothing");
  const { instanceId, parentInstanceId = null, version = null } = context.df;
  return { input: context.df.getInput(), instanceId, parentInstanceId, version };
});

df.app.orchestration("fail", function* (context: OrchestrationContext) {
  yield context.df.callActivity("nothing");
  throw new Error(String(context.df.getInput() ?? "no reason"));
});

interface RetryInput {
  readonly key: string;
  readonly failures: number;
  readonly attempts: number;
  readonly interval?: number;
  readonly coefficient?: number;
  readonly timeout?: number;
}

function retryOptions({ attempts, interval = 1, coefficient, timeout }: RetryInput): df.RetryOptions {
  const options = new df.RetryOptions(interval, attempts);
  if (coefficient !== undefined) options.backoffCoefficient = coefficient;
  if (timeout !== undefined) options.retryTimeoutInMilliseconds = timeout;
  return options;
}

df.app.orchestration("retry", function* (context: OrchestrationContext) {
  const input = context.df.getInput<RetryInput>();
  try {
    return yield context.df.callActivityWithRetry("flaky", retryOptions(input), input);
  } catch (error) {
    const after: unknown = yield context.df.callActivity("hello", "after");
    return { caught: String(error), after };
  }
});

df.app.orchestration("retryChild", function* (context: OrchestrationContext) {
  const input = context.df.getInput<RetryInput>();
  try {
    return yield context.df.callSubOrchestratorWithRetry("flakyChild", retryOptions(input), input);
  } catch (error) {
    return { caught: String(error) };
  }
});

df.app.orchestration("flakyChild", function* (context: OrchestrationContext) {
  return yield context.df.callActivity("flaky", context.df.getInput());
});

df.app.orchestration("parallelRetries", function* (context: OrchestrationContext) {
  const key = context.df.getInput<string>();
  const options = new df.RetryOptions(2, 5);
  const flaky = [1, 3, 0].map((failures, index) =>
    context.df.callActivityWithRetry("flaky", options, { key: `${key}${index}`, failures }),
  );
  const plain = context.df.callActivity("hello", "plain");
  const first: unknown = yield plain;
  const late = context.df.callActivity("hello", "late");
  const rest: unknown = yield context.df.Task.all([...flaky, late]);
  return [first, rest];
});

df.app.orchestration("callChild", function* (context: OrchestrationContext) {
  const { name, input, id } = context.df.getInput<{ name: string; input?: unknown; id?: string }>();
  try {
    return yield context.df.callSubOrchestrator(name, input, id);
  } catch (error) {
    return { caught: String(error) };
  }
});

df.app.orchestration("greetAll", function* (context: OrchestrationContext) {
  const names = context.df.getInput<string[]>();
  const greetings: unknown = yield context.df.Task.all(
    names.map((name) => context.df.callSubOrchestrator("greet", name, name)),
  );
  return greetings;
});

df.app.orchestration("wait", function* (context: OrchestrationContext) {
  const ms = context.df.getInput<number>();
  const from = context.df.currentUtcDateTime.getTime();
  yield context.df.createTimer(new Date(from + ms));
  return context.df.currentUtcDateTime.getTime() - from;
});

df.app.orchestration("eventOrTimeout", function* (context: OrchestrationContext) {
  const timeout = context.df.createTimer(
    new Date(context.df.currentUtcDateTime.getTime() + context.df.getInput<number>()),
  );
  const approval = context.df.waitForExternalEvent("Approval");
  const winner: Task = yield context.df.Task.any([approval, timeout]);
  if (winner === timeout) return "timeout";
  timeout.cancel();
  const after: unknown = yield context.df.callActivity("hello", "after");
  return [approval.result, after];
});

df.app.orchestration("timerLoop", function* (context: OrchestrationContext) {
  const timeout = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 60_000));
  const got: unknown[] = [];
  for (let round = 0; round < 4; round++) {
    const work = context.df.callActivity("hello", String(round));
    const winner: Task = yield context.df.Task.any([work, timeout]);
    got.push(winner === timeout ? "timeout" : winner.result);
  }
  timeout.cancel();
  return got;
});

df.app.orchestration("twoEvents", function* (context: OrchestrationContext) {
  const first: unknown = yield context.df.waitForExternalEvent("one");
  const second: unknown = yield context.df.waitForExternalEvent("two");
  return [first, second];
});

df.app.orchestration("status", function* (context: OrchestrationContext) {
  const status = context.df.getInput<unknown>();
  context.df.setCustomStatus({ step: 1 });
  yield context.df.waitForExternalEvent("go");
  context.df.setCustomStatus(status);
  yield context.df.waitForExternalEvent("go");
  return "done";
});

df.app.orchestration("countdown", function* (context: OrchestrationContext) {
  const { left, heard } = context.df.getInput<{ left: number; heard: unknown[] }>();
  context.df.setCustomStatus({ left });
  yield context.df.callActivity("hello", String(left));
  if (left === 0) return { heard, note: yield context.df.waitForExternalEvent("note") };
  context.df.continueAsNew({ left: left - 1, heard: [...heard, left] });
  return "ignored";
});

df.app.orchestration("stringAgain", function* (context: OrchestrationContext) {
  const input = context.df.getInput<string>();
  yield context.df.callActivity("nothing");
  if (input === "again") context.df.continueAsNew("s");
  return input;
});

df.app.orchestration("callUnknown", function* (context: OrchestrationContext) {
  const kind = context.df.getInput<string>();
  if (kind === "activity") yield context.df.callActivity("missing");
  else yield context.df.callSubOrchestrator("missing");
});

df.app.orchestration("changeable", function* (context: OrchestrationContext) {
  const key = context.df.getInput<string>();
  yield context.df.callActivity(seen.switches.has(key) ? "nothing" : "hello", key);
  yield context.df.waitForExternalEvent("go");
});

df.app.orchestration("notATask", function* () {
  // The SDK must reject this at run time, as its types do.
  yield* [42] as unknown[] as Task[];
});

df.app.orchestration("asksForMore", function* ({ df: d }: OrchestrationContext) {
  const [one, two] = [new df.EntityId("account", "one"), new df.EntityId("account", "two")];
  switch (d.getInput<string>()) {
    case "callHttp":
      return yield d.callHttp({ method: "GET", url: "http://127.0.0.1:1" });
    case "callEntity":
      return yield d.callEntity(one, "get");
    case "lock":
      return yield d.lock(one, two);
    default:
      d.signalEntity(two, "add", 1);
      return "signalled";
  }
});

df.app.orchestration("fanOut", function* (context: OrchestrationContext) {
  const { width, ms, key } = context.df.getInput<{ width: number; ms: number; key: string }>();
  const tasks = Array.from({ length: width }, () => context.df.callActivity("slow", { key, ms }));
  const results: unknown[] = yield context.df.Task.all(tasks);
  return results.length;
});

df.app.orchestration("oneEvent", function* (context: OrchestrationContext) {
  return yield context.df.waitForExternalEvent("go");
});

/** Waits for children, each of which waits for an event, and for an activity that fails if the input says so. */
df.app.orchestration("gather", function* (context: OrchestrationContext) {
  const { key, failures } = context.df.getInput<{ key: string; failures: number }>();
  count(`turns of ${key}`);
  const children = ["one", "two", "three"].map((name) =>
    context.df.callSubOrchestrator("oneEvent", undefined, `${key}-${name}`),
  );
  const work = context.df.callActivityWithRetry("flaky", new df.RetryOptions(1, 2), { key, failures });
  try {
    return yield context.df.Task.all([...children, work]);
  } catch (error) {
    context.df.setCustomStatus("failed");
    return String(error);
  }
});

df.app.orchestration("unspeakable", function* (context: OrchestrationContext) {
  if (context.df.getInput() === "input") yield context.df.callActivity("hello", 1n);
  return 1n;
});

/** Fails beside work that has no result yet. */
df.app.orchestration("failBeside", function* (context: OrchestrationContext) {
  const { key, beside } = context.df.getInput<{ key: string; beside: "activity" | "child" }>();
  const work = {
    activity: () => context.df.callActivity("gated", `${key} beside`),
    child: () => context.df.callSubOrchestrator("oneEvent", undefined, `${key}-child`),
  };
  const [left, failing] = [work[beside](), context.df.callActivity("needsSwitch", key)];
  yield context.df.Task.any([left, failing]);
  const result: unknown = yield failing;
  return [yield left, result];
});

/** Catches the failure of a `Task.all` while its other tasks are open, and goes on with two activities. */
df.app.orchestration("goOn", function* (context: OrchestrationContext) {
  const {
    key,
    beside,
    isLast = false,
  } = context.df.getInput<{
    key: string;
    beside: readonly ("retry" | "child" | "event")[];
    isLast?: boolean;
  }>();
  const work = {
    retry: () => context.df.callActivityWithRetry("needsSwitch", new df.RetryOptions(1, 10_000), key),
    child: () => context.df.callSubOrchestrator("oneEvent", undefined, `${key}-child`),
    event: () => context.df.waitForExternalEvent("go"),
  };
  const open = beside.map((kind) => work[kind]());
  try {
    yield context.df.Task.all([context.df.callActivity("flaky", { key: `${key} fails`, failures: 1 }), ...open]);
  } catch {
    context.df.setCustomStatus("caught");
  }
  if (isLast) return "left";
  const first: unknown = yield context.df.callActivity("flaky", { key: `${key} first`, failures: 0 });
  context.df.setCustomStatus("first done");
  const second: unknown = yield context.df.callActivity("flaky", { key: `${key} second`, failures: 0 });
  const results: unknown[] = [first, second];
  for (const task of open) results.push(yield task);
  return results;
});

/** Decides what the store may be made to refuse. */
df.app.orchestration("decide", function* (context: OrchestrationContext) {
  const poison = "poi".concat("son");
  yield context.df.callActivity("nothing");
  switch (context.df.getInput<string>()) {
    case "input":
      return yield context.df.callActivity("hello", poison);
    case "result":
      return yield context.df.callActivity("reverse", [...poison].reverse().join(""));
    case "child":
      return yield context.df.callSubOrchestrator("greet", poison);
    default:
      return poison;
  }
});

df.app.activity("reverse", { handler: (text: string) => [...text].reverse().join("") });

/** Hears one word in each generation, until the last. */
df.app.orchestration("listen", function* (context: OrchestrationContext) {
  const heard = context.df.getInput<string[]>();
  const word: string = yield context.df.waitForExternalEvent("word");
  if (word !== "end") context.df.continueAsNew([...heard, word]);
  return heard;
});
