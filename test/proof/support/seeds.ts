/** Plays the worlds of a run of seeds, here or in processes of their own, and fails with everything that happened in the first bad one. */
import { expect } from "vitest";
import { createWorkers, range } from "./workers.ts";
import type { Report, Share, Verdict } from "./worldWorker.ts";

interface Seeds {
  readonly first: number;
  readonly count: number;
}

/** How often each thing was seen. */
type Seen = Readonly<Record<string, number>>;

type Play = (seed: number, options: { readonly trace?: string[] }) => Promise<Verdict>;

/** With fewer worlds than this, reading and compiling takes a process longer than they do. */
const leastOfProcess = 50;

/** Everything that happened in it. */
async function tell(seed: number, play: Play): Promise<string> {
  const trace: string[] = [];
  const { problems } = await play(seed, { trace }).catch(thrown);
  return `seed ${seed}:\n${trace.join("\n")}\n${problems.join("\n")}`;
}

export async function playSeeds({ first, count }: Seeds, play: Play): Promise<Seen> {
  const seen: Record<string, number> = {};
  const bad: number[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const verdict = await play(seed, {}).catch(thrown);
    if (verdict.problems.length > 0) bad.push(seed);
    for (const each of verdict.seen) seen[each] = (seen[each] ?? 0) + 1;
  }
  if (process.env["MOORING_TELL"]) console.log(seen, bad);
  expect(bad.length === 0 ? "" : `${bad.length} bad worlds\n${await tell(bad[0] ?? 0, play)}`).toBe("");
  return seen;
}

/** In processes (worldWorker.ts); `play` only tells of a bad one, where it can. Says how many worlds there were, too. */
export async function workThrough(
  script: URL,
  { first, count }: Seeds,
  play?: Play,
): Promise<{ readonly seen: Seen; readonly worlds: number }> {
  const workers = createWorkers<Share, Report>(script);
  const processes = Math.min(workers.count, Math.ceil(count / leastOfProcess));
  const reports = await Promise.all(
    range(0, processes).map((index) =>
      workers.work({ seeds: range(first + index, first + count, processes), stopAtFirst: false }, index),
    ),
  ).finally(() => workers.close());

  const bad = reports.flatMap((report) => report.bad).toSorted((a, b) => a.seed - b.seed);
  const all = bad.map(({ seed, problems }) => `seed ${seed}: ${problems.join("; ")}`).join("\n");
  const told = bad[0] && play ? await tell(bad[0].seed, play) : "";
  expect([all, told].filter(Boolean).join("\n")).toBe("");
  const seen: Record<string, number> = {};
  for (const report of reports)
    for (const [what, times] of Object.entries(report.seen)) seen[what] = (seen[what] ?? 0) + times;
  return { seen, worlds: reports.reduce((sum, report) => sum + report.count, 0) };
}

/** Each of them more often than that. */
export function expectSeen(seen: Seen, times: number, whats: readonly string[]): void {
  for (const what of whats) expect(seen[what] ?? 0, what).toBeGreaterThan(times);
}

function thrown(error: unknown): Verdict {
  return { problems: [String(error)], seen: [] };
}
