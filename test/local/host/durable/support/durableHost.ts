/** The engine with a real app, behind a real HTTP server, and the real DurableClient in front of it. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DurableClient, DurableOrchestrationStatus } from "durable-functions";
import type { DurableExtension, FunctionApp } from "../../../../../local/host/app.ts";
import { createDurableExtension, type DurableOptions } from "../../../../../local/host/durable/extension.ts";
import { loadApp } from "../../../../../local/host/load.ts";
import { createMemoryLog } from "../../support/memoryLog.ts";
import type { Seen } from "../apps/basic/main.ts";

export interface DurableHost {
  readonly url: string;
  readonly client: DurableClient;
  /** What the test app lends beside the client. */
  readonly seen: Seen;
  readonly extension: DurableExtension;
  readonly logLines: string[];
  /** Waits until the instance has ended, at most ten seconds. */
  finished(id: string): Promise<DurableOrchestrationStatus>;
  until(id: string, isReached: (status: DurableOrchestrationStatus) => boolean): Promise<DurableOrchestrationStatus>;
  run(name: string, input?: unknown): Promise<DurableOrchestrationStatus>;
  close(): Promise<void>;
}

export type HostOptions = Partial<Pick<DurableOptions, "settings" | "graceMs">> & {
  /** Kept when given; otherwise a new folder that goes with the host. */
  readonly directory?: string;
};

export async function loadTestApp(name: string): Promise<FunctionApp> {
  return await loadApp(resolve("test/local/host/durable/apps", name), { log: createMemoryLog().log });
}

export async function createStoreFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "mooring-durable-"));
}

export async function startDurableHost(app: FunctionApp, options: HostOptions = {}): Promise<DurableHost> {
  const { directory = await createStoreFolder(), ...given } = options;
  const { log, lines } = createMemoryLog();
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const extension = createDurableExtension({ app, directory, baseUrl: () => url, key: "system-key", log, ...given });
  server.on("request", async (request, response) => {
    const target = new URL(request.url ?? "/", url);
    const path = target.pathname.replace(/^\/(runtime\/webhooks\/)?durabletask\//, "");
    const answer = await extension.handle(
      {
        method: request.method ?? "GET",
        url: target,
        headers: headersOf(request),
        body: await bodyOf(request),
      },
      path,
    );
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  // The SDK would otherwise send its links to port 7071.
  process.env["WEBSITE_HOSTNAME"] = `127.0.0.1:${port}`;
  const { client, seen } = await borrow(app, extension);
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
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await extension.close();
      if (options.directory === undefined) await rm(directory, { recursive: true });
    },
  };
}

/** The SDK gives its client only to a function with a client binding; the test app has one that hands it out. */
async function borrow(app: FunctionApp, extension: DurableExtension): Promise<{ client: DurableClient; seen: Seen }> {
  const binding = app.functions.get("lendClient")?.bindings.find(({ type }) => type === "durableClient");
  if (binding === undefined) throw new Error("The test app has no function lendClient with a durable client.");
  const { result } = await app.invoke("lendClient", {
    trigger: { string: "" },
    inputs: { [binding.name]: { string: extension.clientPayload() } },
  });
  return result as { client: DurableClient; seen: Seen };
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
