/**
 * Simulates its share of the seeds in a process of its own, on plain Node: twice as fast as in the test runner. Not on a
 * thread: V8 keeps one map of compiled pages for all threads of a process, and now and then aborts over it under such
 * load (`Check failed: jit_page.has_value()`, where the processor has memory protection keys).
 */
import { once } from "node:events";
import "../../support/core.ts";
import { z } from "zod";

const { simulate } = await import("./simulate.ts");
const { defects } = await import("./defects.ts");
const Share = z.object({ seeds: z.array(z.int()), defect: z.string().optional(), stopAtFirst: z.boolean() });
const { seeds, defect, stopAtFirst } = Share.parse((await once(process, "message"))[0]);
const { finds = /./, ...control } = (defect === undefined ? undefined : defects[defect]) ?? {};

// Thousands of errors are thrown on purpose; a bad seed is simulated again, with its stacks.
Error.stackTraceLimit = 0;

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
    bad.push({ seed, problems: [`threw ${error instanceof Error ? error.stack : String(error)}${cause}`] });
  }
  if (stopAtFirst && bad.length > 0) break;
}
process.send?.({ bad, seen, count }, () => process.disconnect());
