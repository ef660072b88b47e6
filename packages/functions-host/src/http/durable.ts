import type { IncomingMessage, ServerResponse } from "node:http";
import type { DurableExtension } from "../app.ts";
import { readBody } from "./body.ts";
import type { DurableRoute } from "./durableRoute.ts";
import { givenKey, type HostKeys, isKey } from "./keys.ts";
import { headersOf } from "./message.ts";
import { reply } from "./server.ts";

const notForOthers =
  "Only the app's own durable client calls here, at the address that its binding gives it. " +
  "Call /runtime/webhooks/durabletask with the system key.\n";

export async function serveDurable(
  request: IncomingMessage,
  response: ServerResponse,
  call: { url: URL; route: DurableRoute; durable: DurableExtension; keys: HostKeys; bodyLimit: number },
): Promise<void> {
  const { url, route, durable, keys, bodyLimit } = call;
  if (route.isWebhook && !isKey(givenKey(request, url), keys.system))
    return reply(response, 401, "Give the system key as x-functions-key or as code in the query.\n");
  if (!route.isWebhook && !isKey(route.key, keys.rpc)) return reply(response, 401, notForOthers);
  const body = await readBody(request, bodyLimit);
  const answer = await durable.handle(
    { method: request.method ?? "GET", url, headers: headersOf(request), body },
    route.path,
  );
  if (response.destroyed) return;
  response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
  response.end(answer.body);
}
