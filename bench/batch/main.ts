/**
 * A large batch: what it costs the service, and how accurate its estimate was; see README.md beside this file.
 *
 *   node tools/run.mjs bench/batch/main.ts --requests 1000
 *   node tools/run.mjs bench/batch/main.ts --requests 100 --times 3 --latency 50
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { names } from "../../sandbox/cloud.ts";
import { startSandbox } from "../../sandbox/sandbox.ts";
import { usageOf } from "../engine/process.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "1000" },
    /** Batches one after the other, each with its own namespaces: there are no measurements yet to estimate the first. */
    times: { type: "string", default: "1" },
    /** Milliseconds for every simulated call. */
    latency: { type: "string", default: "0" },
    /** Namespaces onboarded one by one between the first batch and the second, so that the newest operations ran alone. */
    alone: { type: "string", default: "0" },
  },
});
const count = Number(values.requests);
const requestFor = (namespace: string) => ({
  cluster: names.cluster,
  namespace,
  databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
});
const requestsOf = (time: number) => Array.from({ length: count }, (_, index) => requestFor(`team-${time}-${index}`));

interface Estimate {
  readonly least: number;
  readonly most: number;
  readonly measuredSteps: number;
}

interface Batch {
  readonly status: string;
  readonly phase: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly remaining?: { readonly seconds: number; readonly namespaces: number };
}

interface Timed<T> {
  readonly ms: number;
  readonly bytes: number;
  readonly body: T;
}

async function ask<T>(path: string, body?: object): Promise<Timed<T>> {
  const begun = performance.now();
  const headers = { "content-type": "application/json" };
  const sent = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(`${sandbox.url}${path}`, sent);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
  return { ms: performance.now() - begun, bytes: Buffer.byteLength(text), body: JSON.parse(text) };
}

/** Processor time, in ms, by who used it; Linux only. The simulated cloud runs in this process, and Azurite in a child. */
async function processorMs(): Promise<Readonly<Record<"host" | "cloud" | "tables", number>>> {
  const of = async (pids: readonly number[]) => (await usageOf(pids)).processorMs;
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
  const tables = children
    .trim()
    .split(" ")
    .map(Number)
    .filter((pid) => pid !== sandbox.hostPid);
  return { host: await of([sandbox.hostPid]), cloud: await of([process.pid]), tables: await of(tables) };
}

/** Returns a function that prints who has used how much processor time since, for each namespace of a batch. */
async function countProcessor(): Promise<() => Promise<void>> {
  const before = await processorMs();
  return async () => {
    const after = await processorMs();
    const each = (who: keyof typeof before) => ((after[who] - before[who]) / count).toFixed(1);
    console.log(
      `  processor time for each: host ${each("host")}, Azurite ${each("tables")}, cloud ${each("cloud")} ms`,
    );
  };
}

function describe(what: string, { ms, bytes }: Timed<unknown>): void {
  console.log(`${what.padEnd(34)} ${ms.toFixed(0).padStart(6)} ms  ${(bytes / 1024).toFixed(1).padStart(7)} KB`);
}

/** Waits for the batch to end; prints the time that the status estimated when half had begun, and the time it then took. */
async function finish(path: string): Promise<void> {
  let atHalf: { said: number; at: number } | undefined;
  for (;;) {
    const { body } = await ask<Batch>(`${path}?top=1`);
    const { remaining } = body;
    const isHalf = remaining !== undefined && remaining.namespaces <= count / 2;
    if (isHalf && !atHalf) atHalf = { said: remaining.seconds, at: performance.now() };
    if (body.phase === "done") {
      const took = atHalf && (performance.now() - atHalf.at) / 1_000;
      if (atHalf) console.log(`at half, the status said ${atHalf.said} s more; it took ${took?.toFixed(1)} s`);
      console.log(`${body.status} ${JSON.stringify(body.totals)}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Returns how long the batch took, in seconds, and its path. */
async function run(time: number): Promise<{ seconds: number; path: string }> {
  const requests = requestsOf(time);
  const printPlan = await countProcessor();
  const planned = await ask<{ estimate: Estimate }>("/api/onboardings/batch?dryRun=true", { requests });
  describe(`the plan of ${count} requests`, planned);
  await printPlan();
  const { least, most, measuredSteps } = planned.body.estimate;
  const begun = performance.now();
  const printWork = await countProcessor();
  const accepted = await ask<{ id: string }>("/api/onboardings/batch", { requests });
  describe(`202 for ${count} requests`, accepted);
  const path = `/api/operations/${accepted.body.id}`;
  await finish(path);
  await printWork();
  const seconds = (performance.now() - begun) / 1_000;
  const off = Math.max(1, least / seconds, seconds / most);
  console.log(
    `estimated ${least} to ${most} s (${measuredSteps} steps measured), took ${seconds.toFixed(1)} s: off by ${off.toFixed(2)}`,
  );
  return { seconds, path };
}

const sandbox = await startSandbox({ latencyMs: Number(values.latency) });
let seconds = 0;
let path = "";
for (let time = 0; time < Number(values.times); time += 1) {
  ({ seconds, path } = await run(time));
  for (let alone = 0; time === 0 && alone < Number(values.alone); alone += 1) {
    const { body } = await ask<{ id: string }>("/api/onboardings", requestFor(`alone-${alone}`));
    while ((await ask<Batch>(`/api/operations/${body.id}`)).body.phase !== "done") {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
console.log(`to the end ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(1)} namespaces a second`);
console.log(`host: peak memory ${(await usageOf([sandbox.hostPid])).peakMegabytes.toFixed(0)} MB`);
describe("status, a page of 100", await ask(path));
describe("status, all", await ask(`${path}?top=1000`));
describe("status, what failed", await ask(`${path}?status=Failed`));
describe("the same batch again: 202", await ask("/api/onboardings/batch", { requests: requestsOf(0) }));
await sandbox.close();
