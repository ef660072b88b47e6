/** strace on the durable store of a host that runs: it records the system calls on its files, and can break them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import type { Sandbox } from "../../sandbox/sandbox.ts";

export interface StoreTrace {
  /** The calls, a line each. */
  readonly file: string;
  /** Resolves when the host is gone. */
  readonly ended: Promise<unknown>;
  /** Leaves the host running. */
  close(): Promise<void>;
}

/** `effect`: what happens to the calls, as strace's `inject` takes it. Attached, because to trace a whole start costs seconds. */
export async function traceStore(
  { hostPid, dataFolder }: Pick<Sandbox, "hostPid" | "dataFolder">,
  calls: string,
  effect?: string,
): Promise<StoreTrace> {
  const store = join(dataFolder, "durable", "Mooring.sqlite");
  const file = join(dirname(dataFolder), "trace");
  const tracer = spawn(
    "strace",
    [
      ...["-f", "-p", String(hostPid), "-o", file, "-P", store, "-P", `${store}-wal`, "-e", `trace=${calls}`],
      ...(effect === undefined ? [] : ["-e", `inject=${calls}:${effect}`]),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(tracer, "exit");
  await once(tracer.stderr, "data");
  tracer.stderr.resume();
  return {
    file,
    ended,
    async close() {
      tracer.kill("SIGINT");
      await ended;
    },
  };
}
