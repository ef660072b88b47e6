/**
 * Simulates shares of the seeds in a separate process on plain Node, twice as fast as in the test runner. Not on a
 * thread: V8 keeps one map of compiled pages for all threads of a process, and occasionally aborts over it under such
 * load (`Check failed: jit_page.has_value()`, on processors with memory protection keys).
 */
import { on } from "node:events";
import { z } from "zod";

const Share = z.object({
  seeds: z.array(z.int()),
  defect: z.string().optional(),
  stopAtFirst: z.boolean(),
  /** How many worlds may be tried; all by default. */
  most: z.int().optional(),
});
export type Share = z.infer<typeof Share>;

export interface Report {
  readonly bad: readonly { seed: number; problems: readonly string[] }[];
  readonly seen: Readonly<Record<string, number>>;
  /** How many worlds were tried. */
  readonly count: number;
}

export interface Verdict {
  readonly problems: readonly string[];
  readonly seen: readonly string[];
}

/** How a defect is looked for. */
export interface Search<Options> {
  readonly finds: RegExp;
  readonly isAmong: (seed: number) => boolean;
  readonly options: Options;
}

interface Worlds<Options> {
  readonly simulate: (seed: number, options: Options) => Promise<Verdict>;
  readonly searchFor: (defect: string | undefined) => Search<Options>;
}

/** Answers one share after another, until the sender is gone. */
export async function serve<Options>(worlds: Worlds<Options>): Promise<void> {
  // Thousands of errors are thrown intentionally; a bad seed is simulated again, with stacks.
  Error.stackTraceLimit = 0;
  for await (const [message] of on(process, "message", { close: ["disconnect"] }))
    process.send?.(await work(worlds, Share.parse(message)));
}

async function work<Options>(
  { simulate, searchFor }: Worlds<Options>,
  { seeds, defect, stopAtFirst, most = Number.POSITIVE_INFINITY }: Share,
): Promise<Report> {
  const { finds, isAmong, options } = searchFor(defect);
  const bad: { seed: number; problems: readonly string[] }[] = [];
  const seen: Record<string, number> = {};
  let count = 0;
  for (const seed of seeds) {
    if (!isAmong(seed)) continue;
    count += 1;
    try {
      const verdict = await simulate(seed, options);
      for (const each of verdict.seen) seen[each] = (seen[each] ?? 0) + 1;
      if (verdict.problems.some((problem) => finds.test(problem))) bad.push({ seed, problems: verdict.problems });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `\n${error.cause.stack}` : "";
      const problem = `threw ${error instanceof Error ? error.stack : String(error)}${cause}`;
      // A defect may have effects besides the one that has to be found.
      if (finds.test(problem)) bad.push({ seed, problems: [problem] });
    }
    if (count >= most || (stopAtFirst && bad.length > 0)) break;
  }
  return { bad, seen, count };
}
