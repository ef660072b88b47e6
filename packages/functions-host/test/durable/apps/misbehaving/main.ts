/** Activities that misbehave, and an orchestration that calls one of them. */
import { appendFileSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { OrchestrationContext } from "durable-functions";
import * as df from "durable-functions";
import { messageOf } from "../../../../../../src/domain/messageOf.ts";

const megabytes10 = 10 * 1024 * 1024;

df.app.activity("well", { handler: () => "well" });

df.app.activity("blocks", {
  handler: () => {
    const end = performance.now() + 500;
    while (performance.now() < end);
    return "blocked";
  },
});

df.app.activity("throwsText", {
  handler: () => {
    throw "just a text";
  },
});

df.app.activity("throwsObject", {
  handler: () => {
    throw { code: 42 };
  },
});

df.app.activity("neverReturns", { handler: () => new Promise(() => {}) });

df.app.activity("returnsMuch", { handler: () => "x".repeat(megabytes10) });

/** Exits only the first time; when it is run again, it returns. */
df.app.activity("exits", {
  handler: async (id: string) => {
    // Long enough for the start request to be answered first.
    await sleep(100);
    const file = process.env["CRASH_TEST_ATTEMPTS"] ?? "";
    if (readFileSync(file, "utf8").split("\n").includes(id)) return "did not exit";
    appendFileSync(file, `${id}\n`);
    return process.exit(3);
  },
});

df.app.orchestration("calls", function* (context: OrchestrationContext) {
  const name = context.df.getInput<string>();
  try {
    const result: unknown = yield context.df.callActivity(name, context.df.instanceId);
    return typeof result === "string" && result.length > 100 ? result.length : result;
  } catch (error) {
    return { caught: messageOf(error) };
  }
});
