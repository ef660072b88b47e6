/** A container: here, a process of this machine with its own environment. */
import { type ChildProcess, spawn } from "node:child_process";

export interface Image {
  readonly command: string;
  readonly args: readonly string[];
  /** The image's own variables; a pod may override them. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ContainerProcess {
  /** Resolves with the exit code; 128 + 9 when it had to be killed, as a container runtime reports it. */
  readonly ended: Promise<number>;
  /** Asks it to end, and kills it when it does not. */
  stop(graceMs: number): Promise<void>;
}

/** A process still running would outlive this one; only SIGKILL leaves no time for this. */
const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export function startContainer({
  image: { command, args, environment: own = {} },
  environment,
  folder,
  onOutput,
}: {
  image: Image;
  environment: Readonly<Record<string, string>>;
  folder: string;
  onOutput: (text: string) => void;
}): ContainerProcess {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...own, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  alive.add(child);
  child.stdout.setEncoding("utf8").on("data", onOutput);
  child.stderr.setEncoding("utf8").on("data", onOutput);
  const ended = new Promise<number>((resolve) => {
    child.once("error", (error) => {
      alive.delete(child);
      onOutput(`${error.message}\n`);
      // As a shell reports a command that cannot be started.
      resolve(127);
    });
    // `close`, not `exit`: the output is complete by then.
    child.once("close", (code, signal) => {
      alive.delete(child);
      resolve(code ?? (signal === "SIGTERM" ? 143 : 137));
    });
  });
  return {
    ended,
    async stop(graceMs) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}
