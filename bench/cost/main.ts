/**
 * What an onboarding costs the service: processor time and memory of the host's process; see README.md beside this file.
 *
 *   node tools/run.mjs bench/cost/main.ts --runs 200 --profile
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../../sandbox/build.ts";
import { startCloud } from "../../sandbox/cloud.ts";
import { writeCloudFiles } from "../../sandbox/cloudFiles.ts";
import { startHostProcess } from "../../sandbox/hostProcess.ts";
import { databases, onboard } from "../onboarding/measure.ts";
import { quantile } from "../quantile.ts";
import { connectInspector } from "./inspector.ts";
import { attribute, type CpuProfile, type Share } from "./profile.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    warm: { type: "string", default: "30" },
    /** Concurrent onboardings. */
    together: { type: "string", default: "1" },
    databases: { type: "string", default: "1" },
    latency: { type: "string", default: "0" },
    /** The checkout whose build runs, for comparisons. */
    app: { type: "string", default: dirname(dirname(import.meta.dirname)) },
    profile: { type: "boolean", default: false },
    /** Where to save the profile, for Chromium's tools. */
    out: { type: "string" },
    heap: { type: "boolean", default: false },
    options: { type: "string", default: "" },
  },
});
const runs = Number(values.runs);

await ensureBuilt();
const cloud = await startCloud({ databases });
const data = await mkdtemp(join(tmpdir(), "mooring-cost-"));
const inspected = Promise.withResolvers<string>();
const isInspected = values.profile || values.heap;
const nodeOptions = [isInspected ? "--inspect=127.0.0.1:0" : "", ...values.options.split(" ")].filter(Boolean);
const { files } = await writeCloudFiles(data, cloud);
const begun = performance.now();
const host = await startHostProcess({
  app: values.app,
  port: 0,
  data: join(data, "host"),
  settings: { ...cloud.settings, ...files },
  nodeOptions,
  onLog: (line) => {
    const [, url] = /Debugger listening on (\S+)/.exec(line) ?? [];
    if (url) inspected.resolve(url);
  },
});
console.log(`start → ready ${(performance.now() - begun).toFixed(0)} ms`);

/** Linux only. Processor time by the thread's name: JavaScript, V8's helpers (garbage collection and compilation), libuv's. */
async function processorMs(): Promise<ReadonlyMap<string, number>> {
  const used = new Map<string, number>();
  for (const thread of await readdir(`/proc/${host.pid}/task`)) {
    const folder = `/proc/${host.pid}/task/${thread}`;
    const [text, name] = await Promise.all([readFile(`${folder}/stat`, "utf8"), readFile(`${folder}/comm`, "utf8")]);
    // Counted after the name, which may contain spaces: fields 12 and 13 are utime and stime, in hundredths of a second.
    const fields = text.split(") ").at(-1)?.split(" ") ?? [];
    const kind = thread === String(host.pid) ? "JavaScript" : name.trim();
    used.set(kind, (used.get(kind) ?? 0) + (Number(fields[11]) + Number(fields[12])) * 10);
  }
  return used;
}

async function memory(): Promise<string> {
  const status = await readFile(`/proc/${host.pid}/status`, "utf8");
  const of = (name: string) => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024).toFixed(0);
  return `${of("VmRSS")} MB, at most ${of("VmHWM")} MB`;
}

let count = 0;
async function onboardMany(wanted: number): Promise<readonly number[]> {
  const times: number[] = [];
  let left = wanted;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      count += 1;
      times.push((await onboard({ url: host.url, cloud }, `cost-${count}`, Number(values.databases))).totalMs);
    }
  };
  await Promise.all(Array.from({ length: Number(values.together) }, lane));
  return times;
}

try {
  await sleep(2_000);
  console.log(`at rest: ${await memory()}`);
  cloud.faults.latencyMs = Number(values.latency);
  await onboardMany(1);
  console.log(`after the first onboarding: ${await memory()}`);
  await onboardMany(Number(values.warm));
  await sleep(500);
  const inspector = isInspected ? await connectInspector(await inspected.promise) : undefined;
  if (values.profile) {
    await inspector?.call("Profiler.enable");
    await inspector?.call("Profiler.setSamplingInterval", { interval: 200 });
    await inspector?.call("Profiler.start");
  }
  const before = await processorMs();
  const from = performance.now();
  const times = await onboardMany(runs);
  const tookMs = performance.now() - from;
  // Work done after the end of an operation counts towards its cost.
  await sleep(500);
  const used = [...(await processorMs())].map(([name, ms]) => ({ name, ms: ms - (before.get(name) ?? 0) }));
  const all = used.reduce((sum, { ms }) => sum + ms, 0);
  const each = used.filter(({ ms }) => ms > 0).map(({ name, ms }) => `${name} ${(ms / runs).toFixed(1)}`);
  console.log(`${runs} onboardings: ${(all / runs).toFixed(1)} ms of the processor each (${each.join(", ")})`);
  console.log(
    `from request to event p50 ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms; ` +
      `${((1_000 * runs) / tookMs).toFixed(1)} a second`,
  );
  console.log(`after ${count} onboardings: ${await memory()}`);
  if (values.profile && inspector) {
    const { profile } = await inspector.call<{ profile: CpuProfile }>("Profiler.stop");
    if (values.out) await writeFile(values.out, JSON.stringify(profile));
    const { own, causes, functions } = await attribute(profile, join(values.app, "dist/main.cjs"));
    const print = (title: string, shares: readonly Share[], most: number) => {
      console.log(
        `\n${title} (ms for an onboarding, all: ${(shares.reduce((sum, { ms }) => sum + ms, 0) / runs).toFixed(1)})`,
      );
      for (const { name, ms } of shares.slice(0, most)) console.log(`${(ms / runs).toFixed(2).padStart(7)}  ${name}`);
    };
    print("by whose own code it was", own, 40);
    print("by who called Node for it", causes, 40);
    print("by function", functions, 60);
  }
  if (values.heap && inspector) {
    await inspector.call("HeapProfiler.enable");
    await inspector.call("HeapProfiler.collectGarbage");
    const { result } = await inspector.call<{ result: { value: string } }>("Runtime.evaluate", {
      expression:
        "JSON.stringify({...process.memoryUsage(), spaces: process.getBuiltinModule('v8').getHeapSpaceStatistics().map(s => [s.space_name, s.space_size, s.space_used_size])})",
      returnByValue: true,
    });
    console.log(`after a garbage collection: ${result.value}\n${await memory()}`);
  }
  inspector?.close();
} finally {
  await host.kill();
  await cloud.close();
  await rm(data, { recursive: true });
}
