/**
 * What a start costs with telemetry off and on, and how large the package is; see README.md beside this file.
 *
 *   node tools/run.mjs bench/start/main.ts --runs 11
 */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { bundles, ensureBuilt } from "../../sandbox/build.ts";
import { type Cloud, startCloud } from "../../sandbox/cloud.ts";
import { startHostProcess } from "../../sandbox/hostProcess.ts";
import { startTraceReceiver } from "../../sandbox/traces/receiver.ts";
import { listContents, zip } from "../../tools/package/createPackage.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "11" } } });
const root = dirname(dirname(import.meta.dirname));

interface Start {
  readonly readyMs: number;
  readonly processorMs: number;
  readonly megabytes: number;
}

/** Measured until the host reports that it is ready. Linux only: it reads /proc. */
async function startOnce(cloud: Cloud, settings: Readonly<Record<string, string>>): Promise<Start> {
  const data = await mkdtemp(join(tmpdir(), "mooring-start-"));
  const begun = performance.now();
  // With the checkout's catalog, which requires authentication.
  const host = await startHostProcess({
    app: root,
    port: 0,
    data,
    settings: { ...cloud.settings, MOORING_ALLOW_ANONYMOUS: "false", ...settings },
  });
  try {
    const readyMs = performance.now() - begun;
    const [processStat, status] = await Promise.all(
      ["stat", "status"].map((file) => readFile(`/proc/${host.pid}/${file}`, "utf8")),
    );
    // Counted after the name, which may contain spaces: fields 12 and 13 are utime and stime, in hundredths of a second.
    const fields = processStat?.split(") ").at(-1)?.split(" ") ?? [];
    const processorMs = (Number(fields[11]) + Number(fields[12])) * 10;
    return { readyMs, processorMs, megabytes: Number(/VmRSS:\s+(\d+)/.exec(status ?? "")?.[1]) / 1024 };
  } finally {
    await host.kill();
    await rm(data, { recursive: true, force: true });
  }
}

await ensureBuilt();
const megabytesOf = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
for (const file of bundles) {
  console.log(`${basename(file).padEnd(14)}${megabytesOf((await stat(join(root, file))).size)}`);
}
const packaged = zip(await listContents({ backend: "scheduler", catalog: join(root, "mooring.yaml") }));
console.log(`${"mooring.zip".padEnd(14)}${megabytesOf(packaged.length)}\n`);

const receiver = await startTraceReceiver();
const cloud = await startCloud();
const on = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
/** As on an instance that has never run the app. */
const cold = { NODE_DISABLE_COMPILE_CACHE: "1" };
const ways = [
  { telemetry: "off", compiled: "no", settings: cold, starts: [] as Start[] },
  { telemetry: "on", compiled: "no", settings: { ...on, ...cold }, starts: [] as Start[] },
  { telemetry: "off", compiled: "yes", settings: {}, starts: [] as Start[] },
  { telemetry: "on", compiled: "yes", settings: on, starts: [] as Start[] },
];
// The first run of each fills caches. In turns, so that the machine's load affects all alike.
for (let run = 0; run <= Number(values.runs); run += 1) {
  for (const { settings, starts } of ways) {
    const start = await startOnce(cloud, settings);
    if (run > 0) starts.push(start);
  }
}
console.log("telemetry  compiled before  ready p50  processor time p50  memory p50");
for (const { telemetry, compiled, starts } of ways) {
  const median = (what: keyof Start) =>
    quantile(
      starts.map((each) => each[what]),
      0.5,
    ).toFixed(0);
  const row = [
    `${median("readyMs")} ms`.padEnd(11),
    `${median("processorMs")} ms`.padEnd(20),
    `${median("megabytes")} MB`,
  ];
  console.log(`${telemetry.padEnd(11)}${compiled.padEnd(17)}${row.join("")}`);
}
await cloud.close();
await receiver.close();
