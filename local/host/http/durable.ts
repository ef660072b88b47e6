import type { IncomingMessage, ServerResponse } from "node:http";
import type { DurableExtension } from "../app.ts";
import { readBody } from "./body.ts";
import type { DurableRoute } from "./durableRoute.ts";
import { givenKey, type HostKeys, isOneOf } from "./keys.ts";
import { headersOf } from "./message.ts";
import { reply } from "./server.ts";

export async function serveDurable(
  request: IncomingMessage,
  response: ServerResponse,
  call: { url: URL; route: DurableRoute; durable: DurableExtension; keys: HostKeys; bodyLimit: number },
): Promise<void> {
  const { url, route, durable, keys, bodyLimit } = call;
  if (route.isWebhook && !isOneOf(givenKey(request, url), [keys.system, keys.master])) return reply(response, 401);
  // Only the SDK calls without a key; a browser always says one of these, and any web page can send a POST to loopback.
  if (!route.isWebhook && (request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined))
    return reply(response, 403);
  const body = await readBody(request, bodyLimit);
  const answer = await durable.handle(
    { method: request.method ?? "GET", url, headers: headersOf(request), body },
    route.path,
  );
  if (response.destroyed) return;
  response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
  response.end(answer.body);
}
