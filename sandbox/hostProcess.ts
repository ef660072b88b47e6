/** The embedded host in its own process, so that it can be killed as when a machine fails. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { isToParent, type ToHost } from "../packages/functions-host/src/turnFaults.ts";
import { startCoreTools } from "./coreTools.ts";
import { collectLog, type HostProcess, type HostProcessOptions, workerArguments } from "./hostChild.ts";

/** What would fail in Azure fails here. */
const strict = { MOORING_STRICT: "true" };

/** In Azure, requests and background work have instances of their own. */
const yielding = { AzureFunctionsJobHost__concurrency__dynamicConcurrencyEnabled: "true" };

/**
 * On a machine with memory to spare, V8 would let a heap of 30 MB grow to 200 before it collects garbage. Smaller numbers save a
 * few megabytes more, and cost a tenth of the processor time under load (bench/engine). V8's last compiler takes a second core for
 * seconds, and by default it begins after 3,000 calls: a host that runs for minutes never earns that back. All of these are part of
 * the compile cache's key, and every Node that this project runs on has them.
 */
const lean = ["--max-semi-space-size=8", "--heap-growing-percent=50", "--invocation-count-for-turbofan=30000"];

/** Short, because the simulated cloud that the service works on ends with it. */
const graceMs = 2_000;
const entry = join(dirname(import.meta.dirname), "packages/functions-host/src/main.ts");

/** The embedded host; with MOORING_TEST_HOST=func the real one. */
export async function startHostProcess(options: HostProcessOptions): Promise<HostProcess> {
  if (process.env["MOORING_TEST_HOST"] === "func") return await startCoreTools(options);
  const { app, port, data, settings, sandbox, yields = false, under = [], nodeOptions = [], onLog, meetTurn } = options;
  const args = ["--app", app, "--port", String(port), "--data", data, ...(sandbox ? ["--sandbox", sandbox] : [])];
  const node = [process.execPath, ...lean, ...nodeOptions, workerArguments];
  const [command = "", ...rest] = [...under, ...node, entry, ...args];
  const child = spawn(command, rest, {
    // In its own process group, or Ctrl-C would end it before its parent has decided how.
    detached: true,
    // Its stdout only repeats what the IPC channel says; the log is on stderr.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // From this process's environment the service gets only what any program needs to run.
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      ...strict,
      ...(yields ? yielding : {}),
      ...settings,
    },
  });
  const ended = once(child, "exit").then(() => undefined);
  const tail = collectLog([child.stderr], onLog);

  const tell = (message: ToHost) => {
    if (child.connected) child.send(message, () => undefined);
  };
  child.on("message", (message) => {
    if (!isToParent(message)) return;
    const { question, name, instanceId } = message;
    const answer = (failure?: string) =>
      tell({ event: "turnFault", question, ...(failure === undefined ? {} : { failure }) });
    Promise.resolve(meetTurn?.({ name, instanceId })).then(answer, (error: unknown) => answer(String(error)));
  });

  const url = await new Promise<string>((resolve, reject) => {
    child.on("message", (message) => {
      if (isReady(message)) resolve(message.url);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The host ended with code ${code} before it was ready.\n${tail()}`)));
  });

  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // To the whole group: a tracer and what it runs.
    const send = (what: NodeJS.Signals) => process.kill(-(child.pid ?? 0), what);
    send(signal);
    const timer = setTimeout(() => send("SIGKILL"), graceMs);
    await ended;
    clearTimeout(timer);
  };
  return {
    url,
    pid: child.pid ?? 0,
    hasTurnFaults: (isArmed) => tell({ event: "turnFaults", isArmed }),
    ended,
    kill: () => end("SIGKILL"),
    close: () => end("SIGTERM"),
  };
}

function isReady(message: unknown): message is { event: "ready"; url: string } {
  return typeof message === "object" && message !== null && "event" in message && message.event === "ready";
}
