/** The embedded host in a process of its own, so that it can be killed as a machine kills it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { compileCache } from "./compileCache.ts";
import { startCoreTools } from "./coreTools.ts";
import { isToParent, type ToHost } from "./host/turnFaults.ts";
import { collectLog, type HostProcess, type HostProcessOptions } from "./hostChild.ts";

/** What would go wrong in Azure goes wrong here. */
const strict = { MOORING_STRICT: "true" };

/**
 * V8 would let a heap of 30 MB grow to 200 before it looks for what is dead, on a machine with memory to spare. This costs a
 * tenth more processor time under load (bench/engine). They are a part of what the compile cache goes by.
 */
const lean = ["--max-semi-space-size=4", "--heap-growing-percent=30"];

/** Not long: what the service works on is a simulated cloud that ends with it. */
const graceMs = 2_000;
const entry = join(import.meta.dirname, "host/main.ts");

/** The embedded host; with MOORING_TEST_HOST=func the real one. */
export async function startHostProcess(options: HostProcessOptions): Promise<HostProcess> {
  if (process.env["MOORING_TEST_HOST"] === "func") return await startCoreTools(options);
  const { app, port, data, settings, sandbox, under = [], onLog, meetTurn } = options;
  const args = ["--app", app, "--port", String(port), "--data", data, ...(sandbox ? ["--sandbox", sandbox] : [])];
  const [command = "", ...rest] = [...under, process.execPath, ...lean, entry, ...args];
  const child = spawn(command, rest, {
    // In a group of its own, or Ctrl-C would end it before whoever started it has decided how.
    detached: true,
    // Its stdout says once more what the channel says; the log is on stderr.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // Nothing of this process's environment reaches the service but what a program needs to run.
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      NODE_COMPILE_CACHE: compileCache,
      ...strict,
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
    // Of a tracer and what it runs, both.
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
