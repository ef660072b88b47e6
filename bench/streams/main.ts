/**
 * What many event streams cost the service and its other callers; see README.md beside this file.
 *
 *   node tools/run.mjs bench/streams/main.ts --streams 1000
 */
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { request as startRequest } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../../sandbox/build.ts";
import { names } from "../../sandbox/cloud.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "1000" },
    reads: { type: "string", default: "300" },
    /** Use the limits of a new catalog, which refuse most of the streams. */
    defaults: { type: "boolean", default: false },
  },
});
const wanted = Number(values.streams);
const checkout = dirname(dirname(import.meta.dirname));

/** The checkout with a host.json that allows that many concurrent requests. */
async function makeApp(): Promise<string> {
  await ensureBuilt();
  const folder = await mkdtemp(join(tmpdir(), "mooring-streams-"));
  for (const name of ["dist", "node_modules", "package.json", "mooring.yaml"]) {
    await symlink(join(checkout, name), join(folder, name));
  }
  const hostJson = JSON.parse(await readFile(join(checkout, "host.json"), "utf8"));
  if (!values.defaults)
    Object.assign(hostJson.extensions.http, { maxConcurrentRequests: -1, maxOutstandingRequests: -1 });
  await writeFile(join(folder, "host.json"), JSON.stringify(hostJson));
  return folder;
}

/** In MB. */
async function memoryOf({ hostPid }: Sandbox): Promise<number> {
  const status = await readFile(`/proc/${hostPid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Opens a stream and keeps reading; returns its status, and counts its events. */
async function openStream({ url }: Sandbox, heard: { events: number }): Promise<{ status: number; close: () => void }> {
  const asked = startRequest(`${url}/api/events`, { agent: false }).end();
  const [response] = await once(asked, "response");
  response.on("data", (chunk: Buffer) => {
    heard.events += chunk.toString().split("event: operation").length - 1;
  });
  response.on("error", () => {});
  return { status: response.statusCode, close: () => asked.destroy() };
}

/** Milliseconds of GETs one after the other: the median and the 99th percentile. */
async function readOn({ url }: Sandbox): Promise<{ p50: number; p99: number }> {
  const times: number[] = [];
  for (let round = 0; round < Number(values.reads); round += 1) {
    const began = performance.now();
    const response = await fetch(`${url}/api/operations?top=10`);
    await response.text();
    if (response.status !== 200) throw new Error(`GET was answered ${response.status}`);
    times.push(performance.now() - began);
    await sleep(5);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function onboard({ url }: Sandbox, namespace: string): Promise<void> {
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  const response = await fetch(`${url}/api/onboardings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ cluster: names.cluster, namespace, databases }),
  });
  if (response.status !== 202) throw new Error(`POST was answered ${response.status}`);
}

const app = await makeApp();
const many = { perCaller: wanted, inAll: wanted };
const limits = values.defaults ? {} : { streams: many };
const sandbox = await startSandbox({ app, limits: { requestsPerSecond: 10_000, burst: 100_000, ...limits } });
try {
  await onboard(sandbox, "warm-up");
  await readOn(sandbox);
  const before = { memory: await memoryOf(sandbox), ...(await readOn(sandbox)) };
  const heard = { events: 0 };
  const streams: Awaited<ReturnType<typeof openStream>>[] = [];
  for (let count = 0; count < wanted; count += 1) streams.push(await openStream(sandbox, heard));
  const opened = streams.filter(({ status }) => status === 200).length;
  const after = { memory: await memoryOf(sandbox), ...(await readOn(sandbox)) };
  await onboard(sandbox, "watched");
  await sleep(5_000);
  const busy = { memory: await memoryOf(sandbox), events: heard.events };
  for (const { close } of streams) close();
  await sleep(2_000);
  const closed = { memory: await memoryOf(sandbox), ...(await readOn(sandbox)) };
  const print = (figures: object) =>
    Object.entries(figures)
      .map(([name, value]) => `${name} ${Number(value).toFixed(1)}`)
      .join(", ");
  console.log(`streams: ${opened} opened, ${wanted - opened} refused`);
  console.log(`before: ${print(before)}`);
  console.log(`with the streams: ${print(after)}`);
  console.log(`after an onboarding that all follow: ${print(busy)}`);
  console.log(`after they are closed: ${print(closed)}`);
  console.log(
    `ratio of GET: p50 ${(after.p50 / before.p50).toFixed(2)}, p99 ${(after.p99 / before.p99).toFixed(2)}; ` +
      `memory +${(after.memory - before.memory).toFixed(0)} MB`,
  );
} finally {
  await sandbox.close();
  await rm(app, { recursive: true });
}
