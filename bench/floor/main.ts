/**
 * What the HTTP calls of an onboarding take alone: without Mooring, the durable engine, the Functions host and the SDKs; see README.md
 * beside this file.
 *
 *   node tools/run.mjs bench/floor/main.ts --runs 30
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../../sandbox/build.ts";
import { startCloud } from "../../sandbox/cloud.ts";
import { writeCloudFiles } from "../../sandbox/cloudFiles.ts";
import { startHostProcess } from "../../sandbox/hostProcess.ts";
import { usageOf } from "../engine/process.ts";
import { databases, onboard, union } from "../onboarding/measure.ts";
import { quantile } from "../quantile.ts";
import type { RecordedCall } from "./recorded.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "30" }, latency: { type: "string", default: "50" } },
});
const runs = Number(values.runs);
/** Not measured: code is compiled and connections are opened. */
const warm = 20;

await ensureBuilt();
const cloud = await startCloud({ databases });
const data = await mkdtemp(join(tmpdir(), "mooring-floor-"));
const callsFile = join(data, "calls.jsonl");
await writeFile(callsFile, "");
const { files } = await writeCloudFiles(data, cloud);
const host = await startHostProcess({
  app: dirname(dirname(import.meta.dirname)),
  port: 0,
  data: join(data, "host"),
  settings: {
    ...cloud.settings,
    ...files,
    NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, "recordCalls.ts")).href}`,
    BENCH_CALLS: callsFile,
  },
});

async function recorded(): Promise<readonly RecordedCall[]> {
  // Longer than the recorder waits before it writes.
  await sleep(2_500);
  const text = await readFile(callsFile, "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as RecordedCall]));
}

try {
  cloud.faults.latencyMs = Number(values.latency);
  for (let run = 0; run < warm; run += 1) await onboard({ url: host.url, cloud }, `warm-${run}`, 1);
  const before = (await recorded()).length;
  const service = await onboard({ url: host.url, cloud }, "recorded", 1);
  const calls = (await recorded()).slice(before);
  await host.close();

  const child = fork(join(import.meta.dirname, "replay.ts"), {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: files.NODE_EXTRA_CA_CERTS },
  });
  const replay = async () => {
    const from = cloud.faults.arrivals.length;
    child.send([...calls]);
    const [totalMs] = (await once(child, "message")) as [number];
    return { totalMs, cloudMs: union(cloud.faults.arrivals.slice(from), cloud.faults.latencyMs) };
  };
  for (let run = 0; run < warm; run += 1) await replay();
  const processorMs = async () => (await usageOf([child.pid ?? 0])).processorMs;
  const from = await processorMs();
  const measured = [];
  for (let run = 0; run < runs; run += 1) measured.push(await replay());
  const each = ((await processorMs()) - from) / runs;
  child.kill();

  const { totalMs, cloudMs } = service;
  const line = (what: string, total: number, alone: number) =>
    console.log(
      `${what}: ${total.toFixed(0)} ms, of which the cloud ${alone.toFixed(0)} ms: ${(total / alone).toFixed(3)}`,
    );
  line("the service's onboarding", totalMs, cloudMs);
  const totals = measured.map((run) => run.totalMs);
  const clouds = measured.map((run) => run.cloudMs);
  line(`its ${calls.length} calls alone, p50`, quantile(totals, 0.5), quantile(clouds, 0.5));
  console.log(
    `total ÷ cloud p50 ${quantile(
      measured.map((run) => run.totalMs / run.cloudMs),
      0.5,
    ).toFixed(3)}`,
  );
  console.log(`processor time of the calls alone: ${each.toFixed(1)} ms`);
} finally {
  await host.close();
  await cloud.close();
  await rm(data, { recursive: true, force: true });
}
