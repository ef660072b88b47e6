/**
 * The last release beside today's code, in one run; see README.md beside this file.
 *
 *   node tools/run.mjs bench/releases/main.ts --runs 20
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { unpackApp } from "../../test/releases/support/releases.ts";
import { databases, historyOf, onboard, openStore } from "../onboarding/measure.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "20" }, release: { type: "string", default: "0.1.0" } },
});
const runs = Number(values.runs);
const app = await unpackApp(values.release);
const [before, now] = await Promise.all([startSandbox({ databases, app: app.folder }), startSandbox({ databases })]);
const sides = { before, now };

/** One after the other and in turns, so that the machine's load affects both alike. */
async function measure(latencyMs: number, count: number): Promise<Record<keyof typeof sides, number[]>> {
  const totals = { before: [] as number[], now: [] as number[] };
  before.cloud.faults.latencyMs = latencyMs;
  now.cloud.faults.latencyMs = latencyMs;
  for (let run = 0; run < runs; run += 1) {
    for (const side of run % 2 === 0 ? (["before", "now"] as const) : (["now", "before"] as const)) {
      const { totalMs } = await onboard(sides[side], `l${latencyMs}-d${count}-r${run}`, count);
      totals[side].push(totalMs);
    }
  }
  return totals;
}

async function readHistory(sandbox: Sandbox, operations: readonly string[]) {
  await sandbox.killHost();
  const store = await openStore(sandbox.dataFolder);
  const histories = operations.map((operation) => historyOf(store, operation));
  store.close();
  return histories;
}

for (const sandbox of [before, now]) for (let run = 0; run < 5; run += 1) await onboard(sandbox, `warm-${run}`, 2);

console.log("latency  databases  p50 before  p50 now  ratio of pairs p50");
for (const latencyMs of [0, 50]) {
  for (const count of [1, 10]) {
    const totals = await measure(latencyMs, count);
    const ratios = totals.now.map((total, index) => total / (totals.before[index] ?? Number.NaN));
    const row = [quantile(totals.before, 0.5), quantile(totals.now, 0.5)].map((each) => each.toFixed(1).padEnd(11));
    console.log(
      `${`${latencyMs} ms`.padEnd(9)}${String(count).padEnd(11)}${row.join("")}${quantile(ratios, 0.5).toFixed(3)}`,
    );
  }
}

const counts = [1, 10, 50];
const kept: Record<keyof typeof sides, string[]> = { before: [], now: [] };
for (const count of counts) {
  for (const side of ["before", "now"] as const) {
    kept[side].push((await onboard(sides[side], `history-${count}`, count)).operation);
  }
}
// The event reaches the topic a moment before the last turn ends.
await sleep(1_000);
const [then, today] = await Promise.all([readHistory(before, kept.before), readHistory(now, kept.now)]);
console.log("\ndatabases  activities before/now  turns before/now  bytes of history before/now");
for (const [index, count] of counts.entries()) {
  const [a, b] = [then[index], today[index]];
  if (!a || !b) continue;
  const pair = (x: number, y: number) => `${x}/${y}`.padEnd(23);
  console.log(
    `${String(count).padEnd(11)}${pair(a.activities, b.activities)}${pair(a.turns, b.turns)}${a.bytes}/${b.bytes}`,
  );
}
await Promise.all([before.close(), now.close(), app.remove()]);
