/** The engine with a real app behind a real HTTP server, used through the real DurableClient. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DurableClient, DurableOrchestrationStatus } from "durable-functions";
import type { DurableExtension, FunctionApp, HttpAnswer, HttpCall } from "../../../src/app.ts";
import { createDurableExtension, type DurableOptions } from "../../../src/durable/extension.ts";
import { loadApp } from "../../../src/load.ts";
import { createMemoryLog } from "../../support/memoryLog.ts";
import type { Seen } from "../apps/basic/main.ts";
import { serve } from "./serve.ts";

export interface DurableHost {
  readonly url: string;
  readonly client: DurableClient;
  /** What the test app hands out together with the client. */
  readonly seen: Seen;
  readonly extension: DurableExtension;
  readonly logLines: string[];
  /** Waits until the instance has ended, at most ten seconds. */
  finished(id: string): Promise<DurableOrchestrationStatus>;
  until(id: string, isReached: (status: DurableOrchestrationStatus) => boolean): Promise<DurableOrchestrationStatus>;
  run(name: string, input?: unknown): Promise<DurableOrchestrationStatus>;
  close(): Promise<void>;
}

export type HostOptions = Partial<Pick<DurableOptions, "settings" | "graceMs" | "meetTurn" | "isStrict" | "clock">> & {
  /** Kept when given; otherwise a new folder that is deleted with the host. */
  readonly directory?: string;
};

export async function loadTestApp(name: string): Promise<FunctionApp> {
  return await loadApp(resolve("packages/functions-host/test/durable/apps", name), { log: createMemoryLog().log });
}

export async function createStoreFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "mooring-durable-"));
}

export async function startDurableHost(app: FunctionApp, options: HostOptions = {}): Promise<DurableHost> {
  const { directory = await createStoreFolder(), ...given } = options;
  const { log, lines } = createMemoryLog();
  let handle: (call: HttpCall) => Promise<HttpAnswer> = async () => ({ status: 503, headers: {}, body: "" });
  const server = await serve((call) => handle(call));
  const { url } = server;
  const extension = createDurableExtension({
    app,
    directory,
    baseUrl: () => url,
    key: "system-key",
    rpcKey: "rpc-key",
    log,
    ...given,
  });
  handle = (call) =>
    extension.handle(call, call.url.pathname.replace(/^\/(runtime\/webhooks\/durabletask|durabletask\/rpc-key)\//, ""));
  // The SDK's links would otherwise point to port 7071.
  process.env["WEBSITE_HOSTNAME"] = new URL(url).host;
  const { client, seen } = await borrow(app, extension.clientPayload());
  extension.start();

  const until: DurableHost["until"] = async (id, isReached) => {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const status = await client.getStatus(id);
      if (isReached(status)) return status;
      if (Date.now() > deadline) throw new Error(`${id} is still ${JSON.stringify(status)}`);
      await new Promise((wait) => setTimeout(wait, 5));
    }
  };
  const finished = (id: string) => until(id, ({ runtimeStatus }) => /Completed|Failed|Terminated/.test(runtimeStatus));

  return {
    url,
    client,
    seen,
    extension,
    logLines: lines,
    until,
    finished,
    run: async (name, input) => await finished(await client.startNew(name, { input })),
    async close() {
      await server.close();
      await extension.close();
      if (options.directory === undefined) await rm(directory, { recursive: true });
    },
  };
}

/** The SDK gives its client only to functions with a client binding; the test app has one that hands it out. */
export async function borrow(app: FunctionApp, clientPayload: string): Promise<{ client: DurableClient; seen: Seen }> {
  const binding = app.functions.get("lendClient")?.bindings.find(({ type }) => type === "durableClient");
  if (binding === undefined) throw new Error("The test app has no function lendClient with a durable client.");
  const { result } = await app.invoke("lendClient", {
    trigger: { string: "" },
    inputs: { [binding.name]: { string: clientPayload } },
  });
  return result as { client: DurableClient; seen: Seen };
}
