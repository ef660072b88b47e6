/** `npm start`: keeps the service and the simulated cloud running, and says what to try. */
import { parseArgs } from "node:util";
import { latencyLimits, readCount, readDuration } from "../cli/arguments/values.ts";
import { checkPort, freePortAfter, PortTaken } from "../packages/kube-sim/src/port.ts";
import { messageOf } from "../src/domain/messageOf.ts";
import { quoteWord } from "../src/domain/naming/quoteWord.ts";
import { readCatalogFile } from "./catalogFile.ts";
import { Interrupted, listenForInterruption } from "./interruption.ts";
import { openBrowser } from "./openBrowser.ts";
import type { Sandbox } from "./sandbox.ts";
import { startTraceViewer } from "./traces/viewer.ts";

const usage = `usage: npm start -- [--port <n>] [--latency <duration>] [--catalog <file>] [--auth] [--api-server] [--traces]
                    [--open] [--verbose]

  --port     of the service on 127.0.0.1; 0 takes any free port (default 7071)
  --latency  minimum time of every call to the simulated cloud, such as 200ms (default 0)
  --catalog  simulates the clusters and SQL servers that this catalog names, with its teams, approvals and quotas
  --auth     authenticates callers, and has tokens for some; a catalog with auth does so anyway
  --api-server  runs a real API server for each cluster, built before by npm run apiServer
  --traces   keeps the last spans; the status of an operation links to its own
  --open     opens the dashboard in a browser
  --verbose  shows everything that the service logs, not only its warnings
`;

const { port, latencyMs, catalogFile, tellsApart, apiServer, traces, opens, verbose, again } = readArguments();
const catalog = catalogFile === undefined ? undefined : await readCatalogFile(catalogFile);
const interruption = listenForInterruption();
process.stdout.write("Starting the service and its simulated cloud …\n");
const viewer = traces ? await startTraceViewer() : undefined;
const starting = start();
try {
  const sandbox = await Promise.race([starting, interruption.happened]);
  const { createMessageList, createMessageLists } = await import("./messageList.ts");
  await (catalog === undefined ? createMessageList : createMessageLists)(sandbox.cloud);
  const { describeSandbox } = await import("./describeSandbox.ts");
  process.stdout.write(describeSandbox(sandbox, { verbose, isUsual: catalog === undefined, tracesUrl: viewer?.url }));
  if (opens) openBrowser(`${sandbox.url}/dashboard`);
  await Promise.race([interruption.happened, sandbox.hostEnded.then(() => failed(sandbox))]);
} catch (error) {
  process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
  process.stderr.write(error instanceof Interrupted ? "\nEnding …\n" : `${await describe(error)}\n`);
} finally {
  const sandbox = await starting.catch(() => undefined);
  await sandbox?.close();
  await viewer?.close();
}

/** Loads the simulators only now, for the person who chose the port or the catalog is waiting for the answer. */
async function start(): Promise<Sandbox> {
  if (port !== 0) await checkPort(port);
  const { startSandbox } = await import("./sandbox.ts");
  return await startSandbox({
    port,
    latencyMs,
    settings: { ...telemetrySettings(process.env), ...viewer?.settings },
    catalog,
    ...(apiServer ? { apiServer } : {}),
    callers: tellsApart ? "keys" : "anonymous",
    logLevel: verbose ? "information" : "warning",
    // Errors during the shutdown are expected.
    onLog: (line) => void (interruption.signal.aborted || process.stderr.write(`${line}\n`)),
  });
}

/** The service has an environment of its own (hostProcess.ts); these variables are for it (docs/telemetry.md). */
function telemetrySettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && (name.startsWith("OTEL_") || name === "MOORING_TRACE_URL") ? [[name, value]] : [],
    ),
  );
}

function failed({ url }: Sandbox): never {
  throw new Error(`The service at ${url} has ended by itself; its last log lines are above.`);
}

async function describe(error: unknown): Promise<string> {
  if (error instanceof PortTaken) return `${error.message} For example: ${again} --port ${await freePortAfter(port)}`;
  return messageOf(error);
}

interface Arguments {
  readonly port: number;
  readonly latencyMs: number;
  readonly catalogFile: string | undefined;
  readonly tellsApart: boolean;
  readonly apiServer: boolean;
  readonly opens: boolean;
  readonly traces: boolean;
  readonly verbose: boolean;
  /** The command that the person gave, without the port. */
  readonly again: string;
}

function readArguments(): Arguments {
  try {
    const { values, tokens } = parseArgs({
      tokens: true,
      options: {
        port: { type: "string", default: "7071" },
        latency: { type: "string", default: "0" },
        catalog: { type: "string" },
        auth: { type: "boolean", default: false },
        "api-server": { type: "boolean", default: false },
        open: { type: "boolean", default: false },
        traces: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        // Of `mooring up`, which runs this program.
        command: { type: "string", default: "npm start --" },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    return {
      port: readCount("--port", values.port, { least: 0, most: 65_535 }),
      latencyMs: readDuration("--latency", values.latency, latencyLimits),
      catalogFile: values.catalog,
      tellsApart: values.auth,
      apiServer: values["api-server"],
      opens: values.open,
      traces: values.traces,
      verbose: values.verbose,
      again: tokens.reduce(
        (line, token) =>
          token.kind !== "option" || token.name === "port" || token.name === "command"
            ? line
            : `${line} --${token.name}${token.value === undefined ? "" : ` ${quoteWord(token.value)}`}`,
        values.command,
      ),
    };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}`);
    process.exit(64);
  }
}
