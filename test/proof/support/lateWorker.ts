/** Runs shares of the schedules of late landings in a separate process, as sagaWorker.ts does with worlds. */
import { on } from "node:events";
import "../../support/core.ts";
import { z } from "zod";

await import("../../../src/orchestrations/changeNamespace.ts");
await import("../../../src/orchestrations/migration.ts");
const { runSchedule } = await import("./lateSchedules.ts");
const Share = z.object({ seeds: z.array(z.int()) });
// Errors are thrown intentionally; a bad seed is run again, with stacks.
Error.stackTraceLimit = 0;

async function work({ seeds }: z.infer<typeof Share>) {
  const bad: { seed: number; problems: readonly string[] }[] = [];
  const seen: Record<string, number> = {};
  for (const seed of seeds) {
    try {
      const result = await runSchedule(seed);
      if (result.problems.length > 0) bad.push({ seed, problems: result.problems });
      for (const each of result.seen) seen[each] = (seen[each] ?? 0) + 1;
    } catch (error) {
      bad.push({ seed, problems: [`threw ${String(error)}`] });
    }
  }
  return { bad, seen };
}

// One share after another, until the sender is gone.
for await (const [message] of on(process, "message", { close: ["disconnect"] }))
  process.send?.(await work(Share.parse(message)));
