/** Runs the host of crashChild.ts in its own process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export interface CrashHost {
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  kill(): Promise<void>;
}

/** Ends with this process, too. `under` is a command that runs another, such as a tracer, with its arguments. */
export async function startCrashHost(
  directory: string,
  under: readonly string[] = [],
  app = "crash",
): Promise<CrashHost> {
  const script = resolve("packages/functions-host/test/durable/support/crashChild.ts");
  const [command = "", ...args] = [
    ...under,
    process.execPath,
    script,
    resolve("packages/functions-host/test/durable/apps", app),
    directory,
  ];
  const child: ChildProcess = spawn(command, args, {
    // Its standard input ends with this process: the runner waits for whatever can write to its worker's standard error.
    stdio: ["pipe", "pipe", "inherit"],
    // Killing the tracer alone would leave the host running; a process group of their own lets both be killed.
    detached: true,
    env: { ...process.env, CRASH_TEST_ATTEMPTS: join(directory, "attempts.txt") },
  });
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) throw new Error("The host has no output.");
  const ended = once(child, "exit").then(([code, by]) => {
    throw new Error(`the host ended with ${code ?? by} before it was there`);
  });
  const [url]: string[] = await Promise.race([once(createInterface(stdout), "line"), ended]);
  ended.catch(() => undefined);
  return {
    url: url ?? "",
    pid,
    ended: ended.catch(() => undefined),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      process.kill(-pid, "SIGKILL");
      await ended.catch(() => undefined);
    },
  };
}

/** What the history of an `everything` that has completed has once for each of its steps, however often the host was killed. */
export const onceEach = {
  ExecutionStarted: 1,
  TaskCompleted: 4,
  SubOrchestrationInstanceCompleted: 1,
  ExecutionCompleted: 1,
};

/** How many entries of each kind the history of an instance has. */
export async function entriesOf({ url }: CrashHost, id: string): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`${url}/instances/${id}?showHistory=true`);
  const { historyEvents } = (await response.json()) as { historyEvents: readonly { readonly EventType: string }[] };
  const counts: Record<string, number> = {};
  for (const { EventType } of historyEvents) counts[EventType] = (counts[EventType] ?? 0) + 1;
  return counts;
}
