/** The workflow on openworkflow; prints where it listens. The body of a request is how long each step waits, in milliseconds. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { importPeer, workerArguments } from "./peerModules.ts";

interface Run {
  readonly workflowRun: { readonly id: string };
}
interface Backend {
  completeWorkflowRun(params: { readonly workflowRunId: string }): Promise<unknown>;
}
interface Step {
  run(config: { name: string }, action: () => Promise<number>): Promise<number>;
}
interface Package {
  readonly OpenWorkflow: new (options: {
    backend: Backend;
  }) => {
    defineWorkflow(
      spec: { name: string },
      handler: (call: { input: number; step: Step }) => Promise<string>,
    ): { run(input: number): Promise<Run> };
    newWorker(options: { concurrency: number }): { start(): Promise<void> };
  };
}
interface SqlitePackage {
  readonly BackendSqlite: { connect(path: string): Backend };
}

const [peers, folder] = workerArguments();
const { OpenWorkflow } = await importPeer<Package>(peers, "openworkflow");
const { BackendSqlite } = await importPeer<SqlitePackage>(peers, "openworkflow/sqlite");
const backend = BackendSqlite.connect(join(folder, "openworkflow.sqlite"));

// openworkflow itself waits for a result by polling the database once a second.
const waiting = new Map<string, () => void>();
const complete = backend.completeWorkflowRun.bind(backend);
const ended = new Set<string>();
backend.completeWorkflowRun = async (params) => {
  const completed = await complete(params);
  const tell = waiting.get(params.workflowRunId);
  if (tell === undefined) ended.add(params.workflowRunId);
  else tell();
  waiting.delete(params.workflowRunId);
  return completed;
};

const client = new OpenWorkflow({ backend });
const step = (ms: number) => async () => {
  if (ms > 0) await sleep(ms);
  return ms;
};
const flow = client.defineWorkflow({ name: "flow" }, async ({ input, step: steps }) => {
  await steps.run({ name: "A" }, step(input));
  await Promise.all(["B", "C", "D"].map((name) => steps.run({ name }, step(input))));
  return "done";
});
await client.newWorker({ concurrency: 100 }).start();

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const { workflowRun } = await flow.run(Number(body));
  if (!ended.delete(workflowRun.id)) await new Promise<void>((resolve) => waiting.set(workflowRun.id, resolve));
  response.end();
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
