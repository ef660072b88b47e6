/** Processes that a test started, directly or not. */
import { readFileSync } from "node:fs";

/**
 * False for a zombie, too: it has ended, and only waits for its parent to ask how. An orphan's parent is process 1, and in
 * many containers that asks late or never.
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
    // The name before it stands in parentheses, and may contain some.
    return /^.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
