/**
 * A host in a process of its own, so that it can be killed. Arguments: the app's folder and the store's. It serves the
 * durable API and prints its URL.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createDurableExtension } from "../../../../../local/host/durable/extension.ts";
import { loadApp } from "../../../../../local/host/load.ts";
import { createLog } from "../../../../../local/host/log.ts";

const [folder = "", directory = ""] = process.argv.slice(2);
const log = createLog({ filter: { default: "error" } });
const app = await loadApp(folder, { log });
const extension = createDurableExtension({ app, directory, baseUrl: () => url, key: "key", log });
const server = createServer(async (request, response) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const target = new URL(request.url ?? "/", url);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const answer = await extension.handle(
    { method: request.method ?? "GET", url: target, headers, body: Buffer.concat(chunks) },
    target.pathname.slice(1),
  );
  response.writeHead(answer.status, answer.headers).end(answer.body);
});
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
extension.start();
console.log(url);
