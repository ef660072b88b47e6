/**
 * How long the embedded host takes, after kill -9, to resume and finish what was in flight; see README.md beside this file.
 *
 *   node tools/run.mjs bench/recovery/main.ts --instances 1000 --runs 5
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startHostProcess } from "../../sandbox/hostProcess.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({
  options: { instances: { type: "string", default: "1000" }, runs: { type: "string", default: "5" } },
});
const count = Number(values.instances);
const key = "bench";

function start(data: string, isReleased: boolean) {
  return startHostProcess({
    app: join(import.meta.dirname, "app"),
    port: 0,
    data,
    settings: { MOORING_SYSTEM_KEY: key, MOORING_LOG_LEVEL: "warning", BENCH_RELEASED: String(isReleased) },
  });
}

async function call<T>(url: string, path: string, body?: string): Promise<T> {
  const response = await fetch(`${url}/runtime/webhooks/durabletask/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "x-functions-key": key },
    ...(body === undefined ? {} : { body }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const readyMs: number[] = [];
const doneMs: number[] = [];
for (let run = 0; run < Number(values.runs); run += 1) {
  const data = await mkdtemp(join(tmpdir(), "mooring-recovery-"));
  const killed = await start(data, false);
  for (let from = 0; from < count; from += 50) {
    const numbers = Array.from({ length: Math.min(50, count - from) }, (_, index) => from + index);
    await Promise.all(numbers.map((n) => call(killed.url, `orchestrators/inFlight/flight-${n}`, String(n))));
  }
  await killed.kill();

  const begun = performance.now();
  const host = await start(data, true);
  readyMs.push(performance.now() - begun);
  const unfinished = "instances?top=1&showInput=false&runtimeStatus=Running,Pending";
  while ((await call<unknown[]>(host.url, unfinished)).length > 0) await sleep(5);
  doneMs.push(performance.now() - begun);
  const all = await call<unknown[]>(host.url, `instances?top=${count + 1}&showInput=false&runtimeStatus=Completed`);
  if (all.length !== count) throw new Error(`${all.length} of ${count} instances were completed`);
  await host.kill();
  await rm(data, { recursive: true });
}
const print = (what: string, ms: readonly number[]) =>
  console.log(`${what.padEnd(34)} p50 ${quantile(ms, 0.5).toFixed(0)} ms, most ${Math.max(...ms).toFixed(0)} ms`);
console.log(`${count} in flight, ${values.runs} runs`);
print("process start → ready", readyMs);
print("process start → all are finished", doneMs);
