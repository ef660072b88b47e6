/** The measured workflows, written like any Durable Functions app. */
import { setTimeout as sleep } from "node:timers/promises";
import * as df from "durable-functions";

const step = df.app.activity("step", {
  handler: async (ms: number) => {
    if (ms > 0) await sleep(ms);
    return ms;
  },
});

/** A, then B, C and D at the same time. */
df.app.orchestration("flow", function* (context) {
  const ms = context.df.getInput<number>();
  yield step(ms);
  yield context.df.Task.all([step(ms), step(ms), step(ms)]);
  return "done";
});

df.app.orchestration("chain", function* (context) {
  for (let left = context.df.getInput<number>(); left > 0; left -= 1) yield step(0);
});

df.app.orchestration("fan", function* (context) {
  yield context.df.Task.all(Array.from({ length: context.df.getInput<number>() }, () => step(0)));
});
