/**
 * The host as a process: `node packages/functions-host/src/main.ts --app <folder> --port <n> --data <folder>`. When it is ready, it prints one
 * line of JSON on stdout; everything for people goes to stderr.
 */
import { Console } from "node:console";
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ConfigurationError } from "./configurationError.ts";
import { type Host, startHost } from "./host.ts";
import { createLog } from "./log.ts";
import { messageOf } from "./messageOf.ts";
import { describeError } from "./report.ts";
import { askParent } from "./turnFaults.ts";

const compiledMs = 30_000;

/** From sysexits.h, which shells and supervisors know. */
const exitCodes = { usage: 64, software: 70, configuration: 78 } as const;

const usage = `usage: node packages/functions-host/src/main.ts --app <folder> --data <folder> [--port <n>] [--sandbox <url>]

  --app      the function app: the folder with host.json and package.json
  --data     where the host keeps its state; created when it does not exist
  --port     on 127.0.0.1; 0 takes any free port (default 7071)
  --sandbox  the server that answers requests below /sandbox instead of the app
`;

const log = createLog();
const { app, data, port, sandbox } = readArguments();
let host: Host | undefined;
let isEnding = false;

keepStdoutClean();
process.on("SIGINT", (signal) => void end(signal));
process.on("SIGTERM", (signal) => void end(signal));
// Only with a parent that opened a channel: when the parent is gone, for whatever reason, nothing is left behind.
if (process.channel) process.on("disconnect", () => void end("the parent is gone"));
process.on("unhandledRejection", (reason) => log.error("unhandled rejection", describeError(reason)));
process.on("uncaughtException", (error) => {
  // The app's state is unknown now; the host's supervisor starts it again.
  log.write("critical", "uncaught exception; the host ends", describeError(error));
  process.exit(exitCodes.software);
});

try {
  process.chdir(app);
  host = await startHost({
    folder: app,
    port,
    dataDirectory: data,
    meetTurn: askParent(),
    ...(sandbox === undefined ? {} : { sandbox }),
  });
  announce(host);
  // NODE_COMPILE_CACHE is written at exit; flushed earlier for a host that gets killed. Not right away: a flushed cache is not
  // written again, and after every later start the first requests would wait for their code to be compiled.
  setTimeout(flushCompileCache, compiledMs).unref();
} catch (error) {
  log.write("critical", "the host cannot start", describeError(error));
  process.exit(error instanceof ConfigurationError ? exitCodes.configuration : exitCodes.software);
}

function announce({ url }: Host): void {
  const ready = { event: "ready", url, pid: process.pid };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.send?.(ready);
}

/** The first signal lets running work end; the second ends the host immediately. */
async function end(reason: string): Promise<void> {
  if (isEnding) process.exit(reason === "SIGINT" ? 130 : 143);
  isEnding = true;
  log.info("ending", { reason });
  await host?.close();
  process.exit(0);
}

interface Arguments {
  readonly app: string;
  readonly data: string;
  readonly port: number;
  readonly sandbox: URL | undefined;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        app: { type: "string" },
        data: { type: "string" },
        port: { type: "string", default: "7071" },
        "enable-auth": { type: "boolean", default: false },
        sandbox: { type: "string" },
      },
    });
    if (values["enable-auth"])
      throw new Error(
        "--enable-auth: this host makes and manages no keys; start the app with Azure Functions Core Tools",
      );
    if (values.app === undefined || values.data === undefined) throw new Error("--app and --data are both needed");
    if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535)
      throw new Error(`--port is "${values.port}", which is not a port`);
    const sandbox = values.sandbox === undefined ? undefined : new URL(values.sandbox);
    return {
      app: resolve(values.app),
      data: resolve(values.data),
      port: Number(values.port),
      sandbox,
    };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}`);
    process.exit(exitCodes.usage);
  }
}

/** What the app prints goes to stderr, because a machine reads the host's stdout. */
function keepStdoutClean(): void {
  const { log: print, info, debug, dir, table } = new Console(process.stderr);
  Object.assign(console, { log: print, info, debug, dir, table });
}
