/** openworkflow, a library that runs in its user's process: here that process is a server with one route. */
import { join } from "node:path";
import { expectOk, send } from "../http.ts";
import { startProgram } from "../process.ts";
import type { Engine } from "./engine.ts";

export async function startOpenworkflow(peers: string, folder: string): Promise<Engine> {
  const begun = performance.now();
  const worker = startProgram(process.execPath, [join(import.meta.dirname, "openworkflowWorker.ts"), peers, folder]);
  const url = await worker.firstLine;
  const readyMs = performance.now() - begun;
  return {
    name: "openworkflow",
    durability: "SQLite in WAL mode, synchronous=FULL by default; a commit, with its sync, for each statement",
    pids: [worker.pid],
    readyMs,
    async run(stepMs) {
      await expectOk(send("POST", url, stepMs));
    },
    close: () => worker.close(),
  };
}
