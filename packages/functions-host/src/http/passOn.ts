/** Forwards requests below a path, unchanged, to another server on this machine: the sandbox's own, in which the app has no part. */
import { pipeline } from "node:stream/promises";
import { discardRest } from "./body.ts";
import { request as send } from "./nodeHttp.ts";
import type { RequestHandler } from "./server.ts";
import { reply } from "./server.ts";

export function passOn({ path, to, otherwise }: { path: string; to: URL; otherwise: RequestHandler }): RequestHandler {
  return async (request, response, url) => {
    if (url.pathname !== path && !url.pathname.startsWith(`${path}/`)) return await otherwise(request, response, url);
    const { method = "GET", headers } = request;
    const sent = send({ hostname: to.hostname, port: to.port, path: `${url.pathname}${url.search}`, method, headers });
    const answered = new Promise<void>((resolve, reject) => {
      sent.once("error", () => {
        if (!response.headersSent) reply(response, 502, "The sandbox does not answer.\n");
        resolve();
      });
      sent.once("response", (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        pipeline(answer, response).then(resolve, reject);
      });
    });
    request.pipe(sent);
    request.once("close", () => {
      if (!request.complete) sent.destroy();
    });
    await answered;
    // It may refuse a request by its head alone: then nobody reads the rest.
    if (request.complete) return;
    request.unpipe(sent);
    sent.destroy();
    discardRest(request);
  };
}
