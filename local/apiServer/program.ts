/** One of the real API server's programs, as a process that ends with this one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface RunningProgram {
  /** Its last lines, for an error. */
  tail(): string;
  readonly hasEnded: boolean;
  kill(): Promise<void>;
}

/** A process still running would outlive this one; only SIGKILL leaves no time for this. */
const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export function startProgram(path: string, flags: Readonly<Record<string, string>>): RunningProgram {
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  // In a process group of its own, or Ctrl-C would end it before its clients.
  const child = spawn(path, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  alive.add(child);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4_000);
  });
  child.once("error", (error) => {
    said += error.message;
  });
  const ended = once(child, "close").finally(() => alive.delete(child));
  ended.catch(() => undefined);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return {
    tail: () => said.trim().split("\n").slice(-5).join("\n"),
    get hasEnded() {
      return hasEnded();
    },
    async kill() {
      // Nothing is kept, so nothing has to be saved.
      if (!hasEnded()) child.kill("SIGKILL");
      if (child.pid !== undefined) await ended;
    },
  };
}
