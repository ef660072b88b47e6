/**
 * How long the walk-through takes, by its own clock; see README.md beside this file.
 *
 *   node tools/run.mjs bench/demo/main.ts --runs 5
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { z } from "zod";
import { ensureBuilt } from "../../sandbox/build.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "5" }, latency: { type: "string", default: "40ms" } },
});
const demo = join(dirname(dirname(import.meta.dirname)), "sandbox/demo/main.ts");

const Told = z.object({
  event: z.string(),
  time: z.iso.datetime().transform((time) => Date.parse(time)),
  title: z.string().optional(),
  ok: z.boolean().optional(),
  durationMs: z.number().optional(),
});

interface Run {
  /** Until nothing is left of what it onboarded. */
  readonly totalMs: number;
  /** Of all its processes. */
  readonly processorMs: number;
  /** By title; what comes before the first is the start of the sandbox. */
  readonly parts: ReadonlyMap<string, number>;
}

/** Of the processes that this one has waited for, and that those have. Linux only: it reads /proc. */
async function processorMsOfChildren(): Promise<number> {
  const text = await readFile("/proc/self/stat", "utf8");
  // Counted after the name, which may contain spaces: fields 14 and 15 are cutime and cstime, in hundredths of a second.
  const fields = text.split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

async function runOnce(): Promise<Run> {
  const args = [demo, "--json", "--latency", values.latency];
  const before = await processorMsOfChildren();
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 100_000_000 });
  const told = stdout
    .trimEnd()
    .split("\n")
    .map((line) => Told.parse(JSON.parse(line)));
  const ended = told.at(-1);
  if (ended?.ok !== true || ended.durationMs === undefined) throw new Error("the walk-through did not end well");
  const marks = told.filter(({ event }) => event === "starting" || event === "chapter");
  const parts = marks.map(
    ({ time, title }, index) => [title ?? "start", (marks[index + 1]?.time ?? ended.time) - time] as const,
  );
  const processorMs = (await processorMsOfChildren()) - before;
  return { totalMs: ended.durationMs, processorMs, parts: new Map(parts) };
}

await ensureBuilt();
const loadBefore = loadavg()[0];
const runs: Run[] = [];
for (let run = 0; run < Number(values.runs); run += 1) runs.push(await runOnce());

const seconds = (all: readonly number[]) =>
  [0, 0.5, 1].map((share) => `${(quantile(all, share) / 1_000).toFixed(1)} s`.padStart(8)).join("");
const titles = [...(runs[0]?.parts.keys() ?? [])];
const width = Math.max(...titles.map(({ length }) => length)) + 2;
console.log(`${runs.length} runs, --latency ${values.latency}, load ${loadBefore?.toFixed(1)} before\n`);
console.log(`${"".padEnd(width)}${["least", "p50", "most"].map((each) => each.padStart(8)).join("")}`);
for (const title of titles)
  console.log(`${title.padEnd(width)}${seconds(runs.map(({ parts }) => parts.get(title) ?? 0))}`);
console.log(`${"total".padEnd(width)}${seconds(runs.map(({ totalMs }) => totalMs))}`);
console.log(`${"processor time".padEnd(width)}${seconds(runs.map(({ processorMs }) => processorMs))}`);
