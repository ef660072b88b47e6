/** Simulates its share of the seeds on a thread of its own, on plain Node: twice as fast as in the test runner. */
import { parentPort, workerData } from "node:worker_threads";
import "../../support/core.ts";
import { z } from "zod";

const { simulate } = await import("./simulate.ts");
const { defects } = await import("./defects.ts");
const Share = z.object({ seeds: z.array(z.int()), defect: z.string().optional(), stopAtFirst: z.boolean() });
const { seeds, defect, stopAtFirst } = Share.parse(workerData);
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
parentPort?.postMessage({ bad, seen, count });
