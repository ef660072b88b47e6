/** The embedded host with the unmodified durable-functions, in its own process and over HTTP. */
import { dirname, join } from "node:path";
import { startHostProcess } from "../../../sandbox/hostProcess.ts";
import { expectOk, send } from "../http.ts";
import type { Engine } from "./engine.ts";

export interface Mooring extends Engine {
  readonly url: string;
  /** Runs any orchestration of the bench's app. */
  start(name: string, input: unknown): Promise<void>;
}

export const systemKey = "bench";

export async function startMooring(folder: string): Promise<Mooring> {
  const begun = performance.now();
  const host = await startHostProcess({
    app: join(dirname(import.meta.dirname), "app"),
    port: 0,
    data: folder,
    settings: { MOORING_SYSTEM_KEY: systemKey },
  });
  const readyMs = performance.now() - begun;
  const start = async (name: string, input: unknown) => {
    const query = `timeout=600&pollingInterval=1&code=${systemKey}`;
    const answer = send("POST", `${host.url}/runtime/webhooks/durabletask/orchestrators/${name}?${query}`, input);
    if ((await expectOk(answer)).status !== 200) throw new Error(`${name} did not end in time`);
  };
  return {
    name: "Mooring's embedded host",
    durability: "SQLite in WAL mode, synchronous=FULL; synced before it answers",
    pids: [host.pid],
    readyMs,
    url: host.url,
    start,
    run: (stepMs) => start("flow", stepMs),
    close: () => host.close(),
  };
}
