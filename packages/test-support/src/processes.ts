/** Processes that a test started, directly or indirectly. */
import { readFileSync } from "node:fs";

/**
 * False for a zombie, too: it has ended, and only waits for its parent to collect its status. An orphan's parent is process
 * 1, which in many containers does that late or never.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return stateOf(pid) !== "Z";
}

/** One letter as `ps` shows it (proc_pid_stat(5), field 3); undefined where the system has no /proc. */
function stateOf(pid: number): string | undefined {
  try {
    // The process name before it is in parentheses, and may contain some.
    return /^.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
