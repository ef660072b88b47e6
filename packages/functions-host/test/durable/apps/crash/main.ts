/** One orchestration that uses every feature, for a host that is killed while it runs. */
import { appendFileSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { trigger } from "@azure/functions";
import type { OrchestrationContext } from "durable-functions";
import * as df from "durable-functions";

df.app.client.generic("lendClient", {
  trigger: trigger.generic({ type: "manualTrigger" }),
  handler: (_input: unknown, client: df.DurableClient) => ({ client, seen: undefined }),
});

df.app.activity("double", {
  handler: async (n: number) => {
    await sleep(n % 5);
    return 2 * n;
  },
});

/** Attempts are counted on disk; a count in memory would be lost with every kill. */
df.app.activity("secondTime", {
  handler: (id: string) => {
    const file = process.env["CRASH_TEST_ATTEMPTS"] ?? "";
    appendFileSync(file, `${id}\n`);
    const attempts = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line === id).length;
    if (attempts < 2) throw new Error("first time");
    return "at last";
  },
});

df.app.orchestration("everything", function* (context: OrchestrationContext) {
  const n = context.df.getInput<number>();
  const doubled: number[] = yield context.df.Task.all([1, 2, 3].map((i) => context.df.callActivity("double", n + i)));
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 10));
  const retried: string = yield context.df.callActivityWithRetry(
    "secondTime",
    new df.RetryOptions(5, 20),
    context.df.instanceId,
  );
  const child: number = yield context.df.callSubOrchestrator("half", n);
  return { doubled, retried, child };
});

/** Returns only in a host that was started after the test wrote "go". */
df.app.activity("held", {
  handler: async (n: number) => {
    const isReleased = readFileSync(process.env["CRASH_TEST_ATTEMPTS"] ?? "", "utf8").includes("go\n");
    return isReleased ? n + 1 : await new Promise<number>(() => {});
  },
});

df.app.orchestration("inFlight", function* (context: OrchestrationContext) {
  const n: number = yield context.df.callActivity("held", context.df.getInput());
  return n;
});

df.app.orchestration("half", function* (context: OrchestrationContext) {
  const n: number = yield context.df.callActivity("double", context.df.getInput());
  return n / 4;
});
