/** `npm run demo`: starts a sandbox, runs the walk-through in it, and ends everything again. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseArgs } from "node:util";
import type { Fault } from "azure-sim/faults";
import { unzipSync } from "fflate";
import { latencyLimits, readDuration } from "../../cli/arguments/values.ts";
import { Refused } from "../../cli/failures.ts";
import { messageOf } from "../../src/domain/messageOf.ts";
import { readFault } from "../control/faultDocument.ts";
import { Interrupted, listenForInterruption } from "../interruption.ts";
import { createMessageList } from "../messageList.ts";
import { type Sandbox, startSandbox } from "../sandbox.ts";
import { type DemoEvent, UnexpectedResult } from "./events.ts";
import { createJsonReporter } from "./jsonLines.ts";
import { prepareCloud } from "./prepareCloud.ts";
import { createStage } from "./stage.ts";
import { createTerminalReporter } from "./terminal.ts";
import { walkThrough } from "./walkThrough.ts";

const usage = `usage: npm run demo -- [--json] [--latency <duration>] [--fault <json>] [--package <zip>] [--api-server]

  --json     one JSON event on each line, and nothing else on stdout (npm run --silent, or npm prints there, too)
  --latency  minimum time of every call to the simulated cloud, such as 200ms (default 40ms)
  --fault    a fault of packages/azure-sim/src/faults.ts for the walk-through to meet, to see it stop
  --package  the result of npm run package, to run instead of this checkout's app
  --api-server  runs in a cluster with a real API server, built before by npm run apiServer
`;

const options = readArguments();
const reporter = options.json ? createJsonReporter(process.stdout) : createTerminalReporter(process.stdout);
const interruption = listenForInterruption();
const started = performance.now();
const elapsed = () => Math.round(performance.now() - started);

tell({ event: "starting" });
const app = options.package === undefined ? undefined : await unpack(options.package);
const starting = startSandbox({
  latencyMs: options.latencyMs,
  logLevel: "warning",
  onLog: keepLog,
  ...(options.apiServer ? { apiServer: true } : {}),
  ...(app === undefined ? {} : { app }),
});
const serviceLog: string[] = [];
try {
  const sandbox = await Promise.race([starting, interruption.happened]);
  await Promise.race([play(sandbox), interruption.happened]);
  tell({ event: "ended", ok: true, durationMs: elapsed() });
} catch (error) {
  process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
  reporter.close();
  if (error instanceof Interrupted) process.stderr.write("\nInterrupted; stopping what was started …\n");
  else reporter.report({ event: "ended", ok: false, durationMs: elapsed(), surprise: describe(error) });
} finally {
  reporter.close();
  const sandbox = await starting.catch(() => undefined);
  await sandbox?.close();
  if (app !== undefined) await rm(app, { recursive: true, force: true });
}
// Otherwise the SDKs would keep the process alive for seconds, with idle connections and aborted calls.
process.stdout.write("", () => process.exit());

async function play(sandbox: Sandbox): Promise<void> {
  const { cloud, url } = sandbox;
  // The SDKs in this process trust what the service's process trusts.
  setDefaultCACertificates([...getCACertificates("default"), cloud.tls.certificate]);
  await createMessageList(cloud);
  tell({ event: "started", url, durationMs: elapsed() });
  const stage = createStage(sandbox, { tell, signal: interruption.signal });
  await prepareCloud(cloud, stage.cluster);
  if (options.fault) cloud.faults.add(options.fault);
  await walkThrough(stage);
}

/** Reports nothing more after an interruption. */
function tell(event: DemoEvent): void {
  if (!interruption.signal.aborted) reporter.report(event);
}

function keepLog(line: string): void {
  serviceLog.push(line);
}

/** The error, with the service's last log lines when it is not one of the walk-through's own. */
function describe(error: unknown): string {
  if (error instanceof UnexpectedResult) return error.message;
  const code = error instanceof Refused ? `${error.problem.code}: ` : "";
  const text = `${code}${messageOf(error)}`;
  const log = serviceLog.slice(-5);
  return log.length === 0 ? text : `${text} The service said: ${log.join(" | ")}`;
}

/** Into its own folder, as Flex Consumption does, so that nothing of the checkout is beside it. */
async function unpack(file: string): Promise<string> {
  const contents = unzipSync(await readFile(file));
  const folder = await realpath(await mkdtemp(join(tmpdir(), "mooring-package-")));
  for (const [path, bytes] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        latency: { type: "string", default: "40ms" },
        fault: { type: "string" },
        package: { type: "string" },
        "api-server": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const latencyMs = readDuration("--latency", values.latency, latencyLimits);
    const fault = values.fault === undefined ? undefined : readFaultOption(values.fault);
    if (values.package !== undefined && !existsSync(values.package))
      throw new Error(`--package: there is no file ${values.package}; npm run package makes dist/package/mooring.zip`);
    return { json: values.json, latencyMs, fault, package: values.package, apiServer: values["api-server"] };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}`);
    return process.exit(64);
  }
}

function readFaultOption(text: string): Fault {
  try {
    return readFault(JSON.parse(text));
  } catch (error) {
    throw new Error(`--fault is not a fault as in sandbox/README.md: ${messageOf(error)}`);
  }
}
