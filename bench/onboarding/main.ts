/**
 * Onboarding latency compared with the critical path of the injected cloud latencies; see README.md beside this file.
 *
 *   npm run bench -- --runs 10 --latency 50
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startSandbox } from "../../sandbox/sandbox.ts";
import { quantile } from "../quantile.ts";
import { databases, historyOf, type Measured, onboard, openStore } from "./measure.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "10" }, latency: { type: "string", default: "50" } },
});
const runs = Number(values.runs);
/** On a busy machine, a greater one makes the machine's part smaller. */
const latency = Number(values.latency);
/** VmHWM of the host's process, in MB; Linux only. */
function peakRss(pid: number): string {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kilobytes === undefined ? "?" : (Number(kilobytes) / 1024).toFixed(0);
  } catch {
    return "?";
  }
}

const begun = performance.now();
const sandbox = await startSandbox({ databases });
const ready = performance.now();
const first = await onboard(sandbox, "first", 1);
console.log(`sandbox start ${(ready - begun).toFixed(0)} ms, first onboarding ${first.totalMs.toFixed(0)} ms`);
console.log(`process start → first onboarding done ${(performance.now() - begun).toFixed(0)} ms\n`);

console.log("latency  databases  runs  calls  rounds   total p50     p95   cloud p50   total/cloud p50   p95");
for (const latencyMs of [0, latency]) {
  sandbox.cloud.faults.latencyMs = latencyMs;
  for (const count of [1, 10]) {
    const measured: Measured[] = [];
    for (let run = 0; run < runs; run += 1)
      measured.push(await onboard(sandbox, `l${latencyMs}-d${count}-r${run}`, count));
    const totals = measured.map(({ totalMs }) => totalMs);
    const clouds = measured.map(({ cloudMs }) => cloudMs);
    const ratios = measured.map(({ totalMs, cloudMs }) => totalMs / cloudMs);
    const ratio = (q: number) => (latencyMs === 0 ? "-" : quantile(ratios, q).toFixed(2));
    const row = [
      `${latencyMs} ms`.padEnd(9),
      String(count).padEnd(11),
      String(runs).padEnd(6),
      String(measured[0]?.calls ?? 0).padEnd(7),
      (latencyMs === 0 ? "-" : (quantile(clouds, 0.5) / latencyMs).toFixed(1)).padEnd(9),
      `${quantile(totals, 0.5).toFixed(1)} ms`.padEnd(12),
      `${quantile(totals, 0.95).toFixed(0)} ms`.padEnd(9),
      `${quantile(clouds, 0.5).toFixed(1)} ms`.padEnd(12),
      ratio(0.5).padEnd(18),
      ratio(0.95),
    ];
    console.log(row.join(""));
  }
}
// In turns, so that what else the machine does meets both.
const one: Measured[] = [];
const three: Measured[] = [];
for (let run = 0; run < runs; run += 1) {
  one.push(await onboard(sandbox, `t1-r${run}`, 0, 1));
  three.push(await onboard(sandbox, `t3-r${run}`, 0, 3));
}
const p50 = (measured: readonly Measured[], what: "totalMs" | "cloudMs") =>
  quantile(
    measured.map((each) => each[what]),
    0.5,
  );
const criticalPath = p50(one, "cloudMs");
console.log("\nlatency  targets  calls  total p50   cloud p50   total/cloud of one target");
for (const [count, measured] of [
  [1, one],
  [3, three],
] as const) {
  const total = p50(measured, "totalMs");
  const row = [
    `${latency} ms`.padEnd(9),
    String(count).padEnd(9),
    String(measured[0]?.calls ?? 0).padEnd(7),
    `${total.toFixed(1)} ms`.padEnd(12),
    `${p50(measured, "cloudMs").toFixed(1)} ms`.padEnd(12),
    (total / criticalPath).toFixed(2),
  ];
  console.log(row.join(""));
}
console.log(`\npeak RSS of the host ${peakRss(sandbox.hostPid)} MB\n`);

sandbox.cloud.faults.latencyMs = 5;
const histories: { databases: number; operation: string }[] = [];
for (const count of [1, 10, 50]) {
  const { operation } = await onboard(sandbox, `history-${count}`, count);
  histories.push({ databases: count, operation });
}
// The event reaches the topic a moment before the last turn ends, and the store is locked while the host has it.
await sleep(1_000);
await sandbox.killHost();
const store = await openStore(sandbox.dataFolder);
console.log("databases  activities  events  turns  bytes of history");
for (const { databases: count, operation } of histories) {
  const { activities, events, turns, bytes } = historyOf(store, operation);
  console.log(
    `${String(count).padEnd(11)}${String(activities).padEnd(12)}${String(events).padEnd(8)}${String(turns).padEnd(7)}${bytes}`,
  );
}
store.close();
await sandbox.close();
