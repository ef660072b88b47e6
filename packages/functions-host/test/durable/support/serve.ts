/** Passes HTTP requests to a handler, as the host does. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { HttpAnswer, HttpCall } from "../../../src/app.ts";

export interface TestServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function serve(handle: (call: HttpCall) => Promise<HttpAnswer>): Promise<TestServer> {
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const answer = await handle({
      method: request.method ?? "GET",
      url: new URL(request.url ?? "/", url),
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(chunks),
    });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
