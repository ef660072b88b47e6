/**
 * A large batch without injected latencies: what it costs the service; see README.md beside this file.
 *
 *   node tools/run.mjs bench/batch/main.ts --requests 1000
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { names } from "../../local/cloud.ts";
import { startSandbox } from "../../local/sandbox.ts";

const { values } = parseArgs({ options: { requests: { type: "string", default: "1000" } } });
const count = Number(values.requests);
const requests = Array.from({ length: count }, (_, index) => ({
  cluster: names.cluster,
  namespace: `team-${index}`,
  databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
}));

interface Batch {
  readonly status: string;
  readonly phase: string;
  readonly totals: Readonly<Record<string, number>>;
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

/** Of the host's process, in MB and in seconds of CPU; Linux only. */
function readProcess(pid: number): { peakMb: number; cpuSeconds: number } {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  const ticks = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ").slice(13, 15).map(Number);
  return { peakMb: Number(kilobytes) / 1024, cpuSeconds: ticks.reduce((sum, each) => sum + each, 0) / 100 };
}

function describe(what: string, { ms, bytes }: Timed<unknown>): void {
  console.log(`${what.padEnd(34)} ${ms.toFixed(0).padStart(6)} ms  ${(bytes / 1024).toFixed(1).padStart(7)} KB`);
}

const sandbox = await startSandbox();
const begun = performance.now();
const accepted = await ask<{ id: string }>("/api/onboardings/batch", { requests });
describe(`202 for ${count} requests`, accepted);
const path = `/api/operations/${accepted.body.id}`;
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const { body } = await ask<Batch>(`${path}?top=1`);
  if (body.phase !== "done") continue;
  console.log(`${body.status} ${JSON.stringify(body.totals)}`);
  break;
}
const seconds = (performance.now() - begun) / 1_000;
const { peakMb, cpuSeconds } = readProcess(sandbox.hostPid);
console.log(`to the end ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(1)} namespaces a second`);
console.log(
  `host: ${((cpuSeconds * 1_000) / count).toFixed(0)} ms of CPU for each, peak memory ${peakMb.toFixed(0)} MB`,
);
describe("status, a page of 100", await ask(path));
describe("status, all", await ask(`${path}?top=1000`));
describe("status, what failed", await ask(`${path}?status=Failed`));
describe("the same batch again: 202", await ask("/api/onboardings/batch", { requests }));
await sandbox.close();
