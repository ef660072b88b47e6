/** One of the real API server's programs, as a process that ends with this one. */
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface RunningProgram {
  /** Its last lines, for an error. */
  tail(): string;
  readonly hasEnded: boolean;
  kill(): Promise<void>;
}

/**
 * Runs a program until it ends, or until standard input does: with the process that started it, even where that gets no time to end
 * its programs (SIGKILL, or a signal that nobody handles).
 */
const untilInputEnds = `exec 3<&0 </dev/null
"$@" 3<&- & program=$!
{ read -r _ <&3; kill -9 "$program"; } >/dev/null 2>&1 & watcher=$!
exec 3<&-
wait "$program"; status=$?
kill -9 "$watcher"
exit "$status"`;

export function startProgram(path: string, flags: Readonly<Record<string, string>>): RunningProgram {
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  // In a process group of its own, or Ctrl-C would end it before its clients.
  const child = spawn("/bin/sh", ["-c", untilInputEnds, "sh", path, ...args], {
    stdio: ["pipe", "ignore", "pipe"],
    detached: true,
  });
  // Ends with the program; a write is never made.
  child.stdin.on("error", () => undefined);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4_000);
  });
  child.once("error", (error) => {
    said += error.message;
  });
  const ended = once(child, "close");
  ended.catch(() => undefined);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return {
    tail: () => said.trim().split("\n").slice(-5).join("\n"),
    get hasEnded() {
      return hasEnded();
    },
    async kill() {
      // Nothing is kept, so nothing has to be saved. The group is the program and what waits for it.
      if (child.pid !== undefined && !hasEnded()) process.kill(-child.pid, "SIGKILL");
      if (child.pid !== undefined) await ended;
    },
  };
}
