/**
 * Simulates shares of the seeds in a separate process on plain Node, twice as fast as in the test runner. Not on a
 * thread: V8 keeps one map of compiled pages for all threads of a process, and occasionally aborts over it under such
 * load (`Check failed: jit_page.has_value()`, on processors with memory protection keys).
 */
import { on } from "node:events";
import "../../support/core.ts";
import { z } from "zod";

const { simulate } = await import("./simulate.ts");
const { defects } = await import("./defects.ts");
const Share = z.object({ seeds: z.array(z.int()), defect: z.string().optional(), stopAtFirst: z.boolean() });
// Thousands of errors are thrown intentionally; a bad seed is simulated again, with stacks.
Error.stackTraceLimit = 0;

async function work({ seeds, defect, stopAtFirst }: z.infer<typeof Share>) {
  const { finds = /./, ...control } = (defect === undefined ? undefined : defects[defect]) ?? {};
  const bad: { seed: number; problems: readonly string[] }[] = [];
  const seen: Record<string, number> = {};
  let count = 0;
  for (const seed of seeds) {
    count += 1;
    try {
      const verdict = await simulate(seed, control);
      for (const each of verdict.seen) seen[each] = (seen[each] ?? 0) + 1;
      if (verdict.problems.some((problem) => finds.test(problem))) bad.push({ seed, problems: verdict.problems });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `\n${error.cause.stack}` : "";
      const problem = `threw ${error instanceof Error ? error.stack : String(error)}${cause}`;
      // A defect may have effects besides the one that has to be found.
      if (finds.test(problem)) bad.push({ seed, problems: [problem] });
    }
    if (stopAtFirst && bad.length > 0) break;
  }
  return { bad, seen, count };
}

// One share after another, until the sender is gone.
for await (const [message] of on(process, "message", { close: ["disconnect"] }))
  process.send?.(await work(Share.parse(message)));
