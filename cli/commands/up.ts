import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readCount } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, Interrupted, UsageError } from "../failures.ts";

export const command = defineCommand({
  description:
    "Runs the service with its simulated cloud at http://127.0.0.1:7071 until Ctrl-C, as `npm start` does. Nothing is kept. --catalog simulates each cluster and each SQL server that a catalog of yours names, with its teams, approvals and quotas; the file is checked as `mooring catalog check` does. --auth asks callers who they are, has a requester, an approver and an operator (`mooring sandbox token`), and prints how to try an approval.",
  operands: [],
  flags: {
    port: { value: "n", summary: "Of the service on 127.0.0.1; 0 takes any free one (7071)" },
    latency: { value: "ms", summary: "What every call to the simulated cloud takes at least" },
    catalog: { value: "file", summary: "Simulate what this catalog names" },
    auth: { summary: "Tell callers apart; a catalog that has auth does so anyway" },
    open: { summary: "Open the dashboard in a browser" },
    traces: { summary: "Keep the last spans; the status of an operation links to its own" },
    verbose: { summary: "Show all that the service logs, not its warnings alone" },
  },
  examples: ["up", "up --port 7072", "up --auth", "up --catalog mooring.yaml"],
  isLocal: true,
  async run({ signal }, { port, latency, catalog, auth, open, traces, verbose }) {
    const args = [
      ...(port === undefined ? [] : ["--port", String(readCount("--port", port, { least: 0, most: 65_535 }))]),
      ...(latency === undefined
        ? []
        : ["--latency", String(readCount("--latency", latency, { least: 0, most: 60_000 }))]),
      ...(catalog === undefined ? [] : ["--catalog", catalog]),
      ...(auth ? ["--auth"] : []),
      ...(open ? ["--open"] : []),
      ...(traces ? ["--traces"] : []),
      ...(verbose ? ["--verbose"] : []),
    ];
    // A process of its own: the command line speaks HTTP, and knows nothing of what the sandbox is made of.
    const main = fileURLToPath(new URL("../../local/main.ts", import.meta.url));
    if (!existsSync(main)) {
      throw new UsageError("up is part of a checkout of Mooring; this is the command line alone.", {
        next: ["In a checkout: npx mooring up"],
      });
    }
    const child = spawn(process.execPath, [main, ...args], { stdio: "inherit" });
    // Ctrl-C reaches it by itself, since it has the same terminal; whoever sends a signal to this process alone means both.
    signal.addEventListener("abort", () => child.kill("SIGTERM"));
    const [code] = (await once(child, "exit")) as [number | null];
    return signal.reason instanceof Interrupted ? signal.reason.exitCode : (code ?? exitCodes.refused);
  },
});
