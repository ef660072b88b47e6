/** Orchestrations whose activity never returns in the first host, and returns immediately in the next. */
import type { OrchestrationContext } from "durable-functions";
import * as df from "durable-functions";

const isReleased = process.env["BENCH_RELEASED"] === "true";

df.app.activity("held", {
  handler: async (n: number) => (isReleased ? n : await new Promise<number>(() => {})),
});

df.app.orchestration("inFlight", function* (context: OrchestrationContext) {
  const n: number = yield context.df.callActivity("held", context.df.getInput());
  return n;
});
