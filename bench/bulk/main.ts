/**
 * Many namespaces at once under Azure's limits, with one instance of the service or two that share a registry; see README.md
 * beside this file.
 *
 *   node tools/run.mjs bench/bulk/main.ts --namespaces 200
 *   node tools/run.mjs bench/bulk/main.ts --namespaces 200 --instances 2
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { names } from "../../sandbox/cloud.ts";
import type { HostProcess } from "../../sandbox/hostChild.ts";
import { startHostProcess } from "../../sandbox/hostProcess.ts";
import { startSandbox } from "../../sandbox/sandbox.ts";

const { values } = parseArgs({
  options: {
    namespaces: { type: "string", default: "200" },
    instances: { type: "string", default: "1" },
    /** Milliseconds for every simulated call. */
    latency: { type: "string", default: "50" },
    /** `batch`: one batch per instance. `requests`: one request per namespace, all at once. */
    by: { type: "string", default: "batch" },
  },
});
const count = Number(values.namespaces);
/** The identity and its federated credential. */
const writesOfEach = 2;
const writesPerSecond = 2;

/** Each instance has its own task hub here, and must not start operations that run in the other's. */
const noTimers = { "AzureWebJobs.startAccepted.Disabled": "true" };
const sandbox = await startSandbox({
  enforceLimits: true,
  latencyMs: Number(values.latency),
  logLevel: "warning",
  settings: noTimers,
});
const folder = await mkdtemp(join(tmpdir(), "mooring-bulk-"));
const others: HostProcess[] = [];
for (let instance = 2; instance <= Number(values.instances); instance += 1) {
  others.push(
    await startHostProcess({
      app: dirname(dirname(import.meta.dirname)),
      port: 0,
      data: join(folder, String(instance)),
      settings: {
        ...sandbox.cloud.settings,
        MOORING_CATALOG: join(dirname(sandbox.dataFolder), "mooring.yaml"),
        NODE_EXTRA_CA_CERTS: sandbox.authorityFile,
        MOORING_LOG_LEVEL: "warning",
      },
    }),
  );
}
const urls = [sandbox.url, ...others.map(({ url }) => url)];

interface Status {
  readonly id: string;
  readonly status: string;
  readonly phase: string;
  readonly totals?: Readonly<Record<string, number>>;
}

async function ask(url: string, path: string, body?: object): Promise<Status> {
  const headers = { "content-type": "application/json" };
  for (;;) {
    const sent = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${url}/api/${path}`, sent);
    if (response.ok) return (await response.json()) as Status;
    if (response.status !== 503 && response.status !== 429) throw new Error(`${path}: ${await response.text()}`);
    await sleep(1_000);
  }
}

const requestFor = (index: number) => ({
  cluster: names.cluster,
  namespace: `bulk-${index}`,
  databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
});

/** Onboards one instance's share; returns how many failed. */
async function onboardShare(url: string, instance: number): Promise<number> {
  const requests = Array.from({ length: count }, (_, index) => index)
    .filter((index) => index % urls.length === instance)
    .map(requestFor);
  const accepted =
    values.by === "batch"
      ? [await ask(url, "onboardings/batch", { requests })]
      : await Promise.all(requests.map((request) => ask(url, "onboardings", request)));
  let failed = 0;
  for (const { id } of accepted) {
    for (;;) {
      const { phase, status, totals } = await ask(url, `operations/${id}`);
      if (phase === "done") {
        failed += totals ? (totals["failed"] ?? 0) : Number(status !== "Succeeded");
        break;
      }
      await sleep(250);
    }
  }
  return failed;
}

const { faults, arm } = sandbox.cloud;
const before = faults.journal.length;
const begun = performance.now();
const failed = (await Promise.all(urls.map(onboardShare))).reduce((sum, each) => sum + each, 0);
const seconds = (performance.now() - begun) / 1_000;
// The first two writes need not wait.
const floor = (count * writesOfEach - writesPerSecond) / writesPerSecond;
const since = faults.journal.slice(before);
const calls = since.filter(({ wire }) => wire !== "durable").length;
const armCalls = since.filter(({ wire }) => wire === "arm").length;
console.log(`${count} namespaces, ${urls.length} instance(s), by ${values.by}, ${values.latency} ms a call`);
console.log(`makespan ${seconds.toFixed(1)} s, floor ${floor.toFixed(1)} s, ratio ${(seconds / floor).toFixed(3)}`);
console.log(`failed ${failed}`);
console.log(
  `answered 429: ${arm.throttled} of ${calls} calls (${((100 * arm.throttled) / calls).toFixed(1)} %), of ${armCalls} to ARM (${((100 * arm.throttled) / armCalls).toFixed(1)} %)`,
);
for (const other of others) await other.kill();
await sandbox.close();
await rm(folder, { recursive: true, force: true });
