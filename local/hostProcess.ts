/** The embedded host in a process of its own, so that it can be killed as a machine kills it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { compileCache } from "./compileCache.ts";
import { isToParent, type MeetTurn, type ToHost } from "./host/turnFaults.ts";

export interface HostProcessOptions {
  /** The folder with package.json and host.json. */
  readonly app: string;
  readonly port: number;
  readonly data: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Who answers requests below /sandbox; nobody without it. */
  readonly sandbox?: string;
  /** Takes each line that the host logs. */
  readonly onLog?: (line: string) => void;
  /** Asked before each turn of an orchestration while the host is told that there are faults of it. */
  readonly meetTurn?: MeetTurn;
}

export interface HostProcess {
  readonly url: string;
  readonly pid: number;
  /** Whether there are faults that turns may meet. */
  hasTurnFaults(isSo: boolean): void;
  /** Settles when the process has ended, however it did. */
  readonly ended: Promise<void>;
  /** SIGKILL: no time to say goodbye. */
  kill(): Promise<void>;
  /** Lets running work end, for a few seconds. */
  close(): Promise<void>;
}

/** Not long: what the service works on is a simulated cloud that ends with it. */
const graceMs = 2_000;
const entry = join(import.meta.dirname, "host/main.ts");

export async function startHostProcess(options: HostProcessOptions): Promise<HostProcess> {
  const { app, port, data, settings, sandbox, onLog, meetTurn } = options;
  const args = ["--app", app, "--port", String(port), "--data", data, ...(sandbox ? ["--sandbox", sandbox] : [])];
  const child = spawn(process.execPath, [entry, ...args], {
    // In a group of its own, or Ctrl-C would end it before whoever started it has decided how.
    detached: true,
    // Its stdout says once more what the channel says; the log is on stderr.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // Nothing of this process's environment reaches the service but what a program needs to run.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], NODE_COMPILE_CACHE: compileCache, ...settings },
  });
  const ended = once(child, "exit").then(() => undefined);
  const tail = collectLog(child, onLog);

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
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
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

const tailLines = 20;

function collectLog(child: ChildProcess, onLog: ((line: string) => void) | undefined): () => string {
  const last: string[] = [];
  let rest = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      last.push(line);
      if (last.length > tailLines) last.shift();
      onLog?.(line);
    }
  });
  return () => last.join("\n");
}
