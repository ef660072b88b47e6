/** Processes on plain Node that work through shares of seeds: twice as fast as in the test runner, and on every core. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

export interface Workers<Share extends object, Report> {
  /** How many there should be. */
  readonly count: number;
  /** One share at a time for each worker; an existing one has already loaded and compiled everything. */
  work(share: Share, index?: number): Promise<Report>;
  close(): void;
}

const plantSource = fileURLToPath(new URL("./plantSource.ts", import.meta.url));

/** `script` is a module that answers each message with one (sagaWorker.ts); `planted` is a defect in the source that it loads. */
export function createWorkers<Share extends object, Report>(script: URL, planted?: string): Workers<Share, Report> {
  const workers: ChildProcess[] = [];
  const planting = planted === undefined ? [] : ["--import", plantSource];
  const env = { ...process.env, ...(planted === undefined ? {} : { MOORING_PLANTED: planted }) };
  const workerOf = (index: number): ChildProcess => {
    // Nearly all objects are short-lived.
    const execArgv = ["--max-semi-space-size=32", ...planting];
    const worker = workers[index] ?? fork(fileURLToPath(script), [], { execArgv, env });
    workers[index] = worker;
    return worker;
  };
  return {
    count: Math.min(4, availableParallelism()),
    async work(share, index = 0) {
      const worker = workerOf(index);
      const ending = new AbortController();
      const { signal } = ending;
      try {
        const answer = once(worker, "message", { signal });
        const end = once(worker, "exit", { signal }).then(([code, by]) => {
          throw new Error(`the worker ended with ${code ?? by} before it had a report`);
        });
        worker.send(share);
        return (await Promise.race([answer, end]))[0];
      } finally {
        ending.abort();
      }
    },
    close() {
      for (const worker of workers) worker.disconnect();
    },
  };
}

export function range(from: number, to: number, step = 1): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
}
