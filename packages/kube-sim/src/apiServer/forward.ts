/** Passes a request of a client on to the real API server, byte by byte, once the listener in front has let it through. */
import type { IncomingMessage } from "node:http";
import { Agent, request as send } from "node:https";
import type { Answer } from "../kubernetes/answer.ts";
import type { ApiRequest } from "../kubernetes/request.ts";

/** Of this connection, not of the request. */
const ofConnection = new Set(["connection", "host", "keep-alive", "transfer-encoding", "upgrade", "content-length"]);

export function createForward({ url, ca }: { url: string; ca: string }): {
  settle: (request: ApiRequest) => Promise<Answer>;
  close: () => void;
} {
  const agent = new Agent({ keepAlive: true, ca });

  function open({ method, url: asked, headers, bytes }: ApiRequest): Promise<IncomingMessage> {
    const kept = Object.entries(headers).filter(([name]) => !ofConnection.has(name));
    return new Promise((resolve, reject) => {
      const options = {
        method,
        agent,
        headers: { ...Object.fromEntries(kept), "content-length": String(bytes.length) },
      };
      send(`${url}${asked.pathname}${asked.search}`, options).on("response", resolve).on("error", reject).end(bytes);
    });
  }

  return {
    async settle(request) {
      const answer = await open(request);
      return {
        stream(response) {
          const headers = Object.entries(answer.headers).filter(([name]) => !ofConnection.has(name));
          const length = answer.headers["content-length"];
          response.writeHead(answer.statusCode ?? 502, {
            ...Object.fromEntries(headers),
            ...(length === undefined ? {} : { "content-length": length }),
          });
          // A watch may have nothing to say for a long time, and its client waits for the answer's head.
          response.flushHeaders();
          answer.pipe(response);
          answer.once("error", () => response.destroy());
          response.once("close", () => answer.destroy());
        },
        discard: () => void answer.resume(),
      };
    },
    close: () => agent.destroy(),
  };
}
