/**
 * Onboarding latency against the critical path of the injected cloud latencies; see README.md beside this file.
 *
 *   npm run bench -- --runs 10
 */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { names } from "../../local/cloud.ts";
import { type Sandbox, startSandbox } from "../../local/sandbox.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "10" } } });
const runs = Number(values.runs);
const databases = Array.from({ length: 50 }, (_, index) => `db${index}`);

interface Measured {
  readonly totalMs: number;
  /** How long at least one injected latency was running: what the cloud alone would take for these calls in this order. */
  readonly cloudMs: number;
  readonly calls: number;
  readonly operation: string;
}

async function onboard({ url, cloud }: Sandbox, namespace: string, count: number): Promise<Measured> {
  const before = cloud.faults.journal.length;
  const started = performance.now();
  const request = {
    cluster: names.cluster,
    namespace,
    databases: databases.slice(0, count).map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
  };
  const response = await fetch(`${url}/api/onboardings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const { id } = (await response.json()) as { id: string };
  await waitUntilPublished(cloud, id);
  const totalMs = performance.now() - started;
  const arrivals = cloud.faults.arrivals.slice(before);
  return { totalMs, cloudMs: union(arrivals, cloud.faults.latencyMs), calls: arrivals.length, operation: id };
}

/** The event on the topic is the end of the operation; looking at it from this process costs the service nothing. */
async function waitUntilPublished(cloud: Sandbox["cloud"], id: string): Promise<void> {
  const topic = cloud.serviceBus.subscription(names.topic, "all");
  for (;;) {
    const seen = topic
      .messages()
      .find(({ messageId }) => messageId === `${id}/Succeeded` || messageId === `${id}/Failed`);
    if (seen?.messageId.endsWith("/Failed")) throw new Error(`operation ${id} failed`);
    if (seen) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Total length of the intervals [start, start + length], counted once where they overlap. */
function union(starts: readonly number[], length: number): number {
  let total = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const start of starts.toSorted((a, b) => a - b)) {
    total += Math.max(0, start + length - Math.max(start, end));
    end = Math.max(end, start + length);
  }
  return total;
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** `turns`: how often the orchestrator ran; `events` are what it replays in each but the first, markers of turns left out. */
function historyOf(store: DatabaseSync, operation: string) {
  const rows = store
    .prepare("SELECT event FROM history WHERE instance = (SELECT key FROM instances WHERE id = ?)")
    .all(operation)
    .map((row) => String(row["event"]));
  const ofType = (...types: number[]) =>
    rows.filter((event) => types.includes((JSON.parse(event) as { EventType: number }).EventType));
  const [started, scheduled, completed, turnStarted] = [0, 4, 5, 12];
  return {
    activities: ofType(scheduled).length,
    events: ofType(started, scheduled, completed).length,
    turns: ofType(turnStarted).length,
    bytes: rows.reduce((sum, event) => sum + event.length, 0),
  };
}

async function findStore(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true });
  const file = files.find((name) => name.endsWith(".db") || name.endsWith(".sqlite"));
  if (!file) throw new Error(`no store of the durable engine in ${folder}: ${files.join(", ")}`);
  return join(folder, file);
}

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
for (const latencyMs of [0, 50]) {
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
console.log(`\npeak RSS of the host ${peakRss(sandbox.hostPid)} MB\n`);

sandbox.cloud.faults.latencyMs = 5;
const histories: { databases: number; operation: string }[] = [];
for (const count of [1, 10, 50]) {
  const { operation } = await onboard(sandbox, `history-${count}`, count);
  histories.push({ databases: count, operation });
}
// The event on the topic is a moment older than the last turn; and the store is locked as long as the host has it.
await sleep(1_000);
await sandbox.killHost();
const store = new DatabaseSync(await findStore(sandbox.dataFolder), { readOnly: true });
console.log("databases  activities  events  turns  bytes of history");
for (const { databases: count, operation } of histories) {
  const { activities, events, turns, bytes } = historyOf(store, operation);
  console.log(
    `${String(count).padEnd(11)}${String(activities).padEnd(12)}${String(events).padEnd(8)}${String(turns).padEnd(7)}${bytes}`,
  );
}
store.close();
await sandbox.close();
