import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { latencyLimits, readCount, readDuration } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, Interrupted, UsageError } from "../failures.ts";

export const command = defineCommand({
  description:
    "Runs the service with a simulated cloud at http://127.0.0.1:7071 until Ctrl-C, like `npm start`. It keeps no data. --catalog simulates the clusters and SQL servers of your own catalog, with its teams, approvals and quotas; the file is checked as by `mooring catalog check`. --auth makes callers authenticate, provides a requester, an approver and an operator (`mooring sandbox token`), and prints how to try an approval. --api-server runs a real API server for each cluster instead of a simulated one, after `npm run apiServer` has built it.",
  operands: [],
  flags: {
    port: { value: "n", summary: "The service's port on 127.0.0.1; 0 takes any free one (7071)" },
    latency: { value: "duration", summary: "The minimum time of every call to the simulated cloud, such as 200ms (0)" },
    catalog: { value: "file", summary: "Simulate the clusters and servers in this catalog" },
    auth: { summary: "Authenticate callers; a catalog with auth does so anyway" },
    "api-server": { summary: "Run a real API server for each cluster, built before by npm run apiServer" },
    open: { summary: "Open the dashboard in a browser" },
    traces: { summary: "Keep the latest spans; the status of an operation links to its trace" },
    verbose: { summary: "Show everything that the service logs, not only warnings" },
  },
  examples: ["up", "up --port 7072", "up --auth", "up --api-server", "up --catalog mooring.yaml"],
  isLocal: true,
  async run({ signal, spell }, { port, latency, catalog, auth, "api-server": apiServer, open, traces, verbose }) {
    const args = [
      ...["--command", spell("mooring up")],
      ...(port === undefined ? [] : ["--port", String(readCount("--port", port, { least: 0, most: 65_535 }))]),
      ...(latency === undefined ? [] : ["--latency", `${readDuration("--latency", latency, latencyLimits)}ms`]),
      ...(catalog === undefined ? [] : ["--catalog", catalog]),
      ...(auth ? ["--auth"] : []),
      ...(apiServer ? ["--api-server"] : []),
      ...(open ? ["--open"] : []),
      ...(traces ? ["--traces"] : []),
      ...(verbose ? ["--verbose"] : []),
    ];
    // A separate process, because the command line speaks only HTTP and may not import the sandbox.
    const main = fileURLToPath(new URL("../../sandbox/main.ts", import.meta.url));
    if (!existsSync(main)) {
      throw new UsageError("up needs a checkout of Mooring; this is only the command line.", {
        next: ["In a checkout: npx mooring up"],
      });
    }
    const child = spawn(process.execPath, [main, ...args], { stdio: "inherit" });
    // Ctrl-C reaches the child anyway, since they share a terminal; a signal sent to this process alone is meant for both.
    signal.addEventListener("abort", () => child.kill("SIGTERM"));
    const [code] = (await once(child, "exit")) as [number | null];
    return signal.reason instanceof Interrupted ? signal.reason.exitCode : (code ?? exitCodes.refused);
  },
});
