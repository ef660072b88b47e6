/** The Restate server and a service on its SDK, called through the server's ingress. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expectOk, send } from "../http.ts";
import { startProgram } from "../process.ts";
import type { Engine } from "./engine.ts";
import { freePorts } from "./ports.ts";

export async function startRestate(peers: string, folder: string): Promise<Engine> {
  const begun = performance.now();
  const binary = join(peers, `node_modules/@restatedev/restate-server-linux-${process.arch}/bin/restate-server`);
  if (!existsSync(binary)) throw new Error(`${binary} is not there: npm has the server for x64 and arm64 only`);
  const [node, ingress, admin] = await freePorts(3);
  const server = startProgram(
    binary,
    ["--base-dir", folder, "--node-name", "bench", "--listen-mode", "tcp", "--bind-ip", "127.0.0.1", "--no-logo"],
    {
      RESTATE_BIND_PORT: String(node),
      RESTATE_INGRESS__BIND_PORT: String(ingress),
      RESTATE_ADMIN__BIND_PORT: String(admin),
      RESTATE_LOG_FILTER: "error",
      // Otherwise it checks for a newer version and reports usage.
      RESTATE_DISABLE_TELEMETRY: "true",
      DO_NOT_TRACK: "1",
    },
  );
  server.firstLine.catch(() => undefined);
  const worker = startProgram(process.execPath, [join(import.meta.dirname, "restateWorker.ts"), peers]);
  const uri = await worker.firstLine;
  await untilItAnswers(`http://127.0.0.1:${admin}/health`);
  await expectOk(send("POST", `http://127.0.0.1:${admin}/deployments`, { uri }));
  const readyMs = performance.now() - begun;
  return {
    name: "Restate",
    durability: "its own log in RocksDB; the log is synced before a step is acknowledged (default)",
    pids: [server.pid, worker.pid],
    readyMs,
    async run(stepMs) {
      await expectOk(send("POST", `http://127.0.0.1:${ingress}/bench/flow`, stepMs));
    },
    async close() {
      await Promise.all([server.close(), worker.close()]);
    },
  };
}

async function untilItAnswers(url: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const answer = await send("GET", url).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${url} does not answer`);
}
