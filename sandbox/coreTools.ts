/**
 * The real Functions host instead of the embedded one: `func` of Azure Functions Core Tools, with Azurite or a storage account
 * in AzureWebJobsStorage. With MOORING_TEST_HOST=func the sandbox starts its service on it.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { collectLog, type HostProcess, type HostProcessOptions, workerArguments } from "./hostChild.ts";

/** Extension bundle, language worker and queues take their time. */
const readyMs = 120_000;
const graceMs = 15_000;
/** A worker that is just starting takes its time for the first request. */
const answerMs = 10_000;

export async function startCoreTools({ app, port, data, settings, onLog }: HostProcessOptions): Promise<HostProcess> {
  await mkdir(data, { recursive: true });
  const free = port === 0 ? await findFreePort() : port;
  const url = `http://127.0.0.1:${free}`;
  const child = spawn("func", ["start", "--port", String(free)], {
    cwd: app,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      AzureWebJobsStorage: process.env["AzureWebJobsStorage"] ?? "UseDevelopmentStorage=true",
      FUNCTIONS_WORKER_RUNTIME: "node",
      WEBSITE_HOSTNAME: `127.0.0.1:${free}`,
      languageWorkers__node__arguments: workerArguments,
      // A file written below the app's folder would restart the host, and fail whatever is due at that moment.
      AzureFunctionsJobHost__fileWatchingEnabled: "false",
      // One hub per data folder, as in the embedded host, so that a restart finds its hub again.
      AzureFunctionsJobHost__extensions__durableTask__hubName: `m${createHash("sha1").update(data).digest("hex").slice(0, 12)}`,
      ...settings,
    },
  });
  const ended = once(child, "exit").then(
    () => undefined,
    (cause: unknown) => {
      throw new Error(
        "MOORING_TEST_HOST is func, and there is no `func` on the PATH. Install Azure Functions Core Tools, or unset it.",
        { cause },
      );
    },
  );
  const tail = collectLog([child.stdout, child.stderr], onLog);
  let hasEnded = false;
  const end = async (signal: NodeJS.Signals) => {
    if (hasEnded || child.pid === undefined) return;
    // Its worker is a separate process.
    process.kill(-child.pid, signal);
    const timer = setTimeout(() => hasEnded || process.kill(-(child.pid ?? 0), "SIGKILL"), graceMs);
    await ended;
    clearTimeout(timer);
  };
  const isOver = ended.then(() => {
    hasEnded = true;
  });
  const deadline = performance.now() + readyMs;
  while (!(await Promise.race([isUp(url), isOver.then(() => false)]))) {
    if (hasEnded) throw new Error(`The host ended before it was ready.\n${tail()}`);
    if (performance.now() > deadline) {
      await end("SIGKILL");
      throw new Error(`The host was not ready after ${readyMs / 1_000} s.\n${tail()}`);
    }
    await sleep(100);
  }
  return {
    url,
    pid: child.pid ?? 0,
    hasTurnFaults(isSo) {
      if (isSo) throw new Error("Only the embedded host has faults of the durable engine.");
    },
    ended,
    kill: () => end("SIGKILL"),
    close: () => end("SIGTERM"),
  };
}

/** Asks the app: `/admin/host/ping` is 200 also of a host in the state Error, whose functions never answer. */
async function isUp(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/health/live`, { signal: AbortSignal.timeout(answerMs) }).catch(
    () => undefined,
  );
  return answer?.ok === true;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
