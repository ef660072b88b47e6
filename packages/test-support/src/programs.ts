/** Programs by others that some tests need. Where one is missing, its tests do not run, and the report says which. */
import { spawn, spawnSync } from "node:child_process";
import { sayNotRun } from "./notRun.ts";

export interface Needed {
  /** What is not tested without the program. */
  readonly what: string;
  /** Arguments with which it succeeds where it can be used. */
  readonly probe: readonly string[];
  /** The name of Debian's package. */
  readonly from: string;
}

export function hasProgram(program: string, { what, probe, from }: Needed): boolean {
  const { error, status } = spawnSync(program, probe, { stdio: "ignore" });
  if (status === 0) return true;
  const why = error ? "is not installed" : "does not work";
  sayNotRun(`${what}: ${program} ${why} here (apt-get install ${from})`);
  return false;
}

/** strace, which fails a process's system calls. Installed is not enough: a container may forbid ptrace. */
export function hasStrace(what: string): boolean {
  return hasProgram("strace", { what, probe: ["-qq", "-e", "trace=none", "true"], from: "strace" });
}

/** strace on a process that it has not started, which Yama allows to root alone on many machines (ptrace_scope). */
export function mayAttachStrace(what: string): boolean {
  if (!hasStrace(what)) return false;
  const target = spawn(process.execPath, ["-e", "setTimeout(() => undefined, 60_000)"], { stdio: "ignore" });
  const attached = spawnSync("strace", ["-qq", "-e", "trace=none", "-p", String(target.pid)], { timeout: 500 });
  target.kill("SIGKILL");
  // It ends by itself only if it may not attach.
  if (attached.signal !== null || attached.status === null) return true;
  sayNotRun(`${what}: strace may not attach to a running process here (kernel.yama.ptrace_scope)`);
  return false;
}
