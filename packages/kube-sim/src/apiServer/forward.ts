/** Passes a request of a client on to the real API server, byte by byte, once the listener in front has let it through. */
import type { IncomingMessage } from "node:http";
import { Agent, type RequestOptions, request as send } from "node:https";
import type { Duplex } from "node:stream";
import type { Answer } from "../kubernetes/answer.ts";
import type { ApiRequest } from "../kubernetes/request.ts";

/** Of this connection, not of the request. */
const ofConnection = new Set(["connection", "host", "keep-alive", "transfer-encoding", "upgrade", "content-length"]);

/** Name and value in turn, a header that is there twice twice: Node would join them, and two groups would be one. */
function passedOn(raw: readonly string[], isPassed = (name: string) => !ofConnection.has(name)): string[] {
  return raw.flatMap((text, index) => {
    const isName = index % 2 === 0;
    return isName && isPassed(text.toLowerCase()) ? [text, raw[index + 1] ?? ""] : [];
  });
}

export interface Forward {
  readonly settle: (request: ApiRequest) => Promise<Answer>;
  /** A client that wants another protocol, such as SPDY or a web socket, gets whatever the API server makes of that. */
  readonly upgrade: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly close: () => void;
}

export function createForward({ url, ca }: { url: string; ca: string }): Forward {
  const agent = new Agent({ keepAlive: true, ca });
  const { host } = new URL(url);

  function open({ method, url: asked, rawHeaders, bytes }: ApiRequest): Promise<IncomingMessage> {
    const headers = [...passedOn(rawHeaders), "host", host, "content-length", String(bytes.length)];
    return new Promise((resolve, reject) => {
      const options: RequestOptions = { method, agent, headers };
      send(`${url}${asked.pathname}${asked.search}`, options).on("response", resolve).on("error", reject).end(bytes);
    });
  }

  return {
    async settle(request) {
      const answer = await open(request);
      return {
        stream(response) {
          const length = answer.headers["content-length"];
          const headers = [...passedOn(answer.rawHeaders), ...(length === undefined ? [] : ["content-length", length])];
          response.writeHead(answer.statusCode ?? 502, headers);
          // A watch may have nothing to say for a long time, and its client waits for the answer's head.
          response.flushHeaders();
          answer.pipe(response);
          answer.once("error", () => response.destroy());
          response.once("close", () => answer.destroy());
        },
        discard: () => void answer.resume(),
      };
    },
    upgrade(incoming, socket, head) {
      const { method = "GET", url: path = "/", rawHeaders } = incoming;
      const headers = [...passedOn(rawHeaders, (name) => name !== "host"), "host", host];
      const sent = send(`${url}${path}`, { method, ca, headers, agent: false });
      const answered = (answer: IncomingMessage) => {
        const lines = passedOn(answer.rawHeaders, () => true).map((text, index) =>
          index % 2 === 0 ? `${text}: ` : `${text}\r\n`,
        );
        socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join("")}\r\n`);
      };
      sent.on("upgrade", (answer, upstream, first) => {
        answered(answer);
        socket.write(first);
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
        for (const [one, other] of [
          [socket, upstream],
          [upstream, socket],
        ] as const) {
          one.on("error", () => other.destroy()).on("close", () => other.destroy());
        }
      });
      sent.on("response", (answer) => {
        answered(answer);
        answer.pipe(socket);
      });
      sent.on("error", () => socket.destroy());
      socket.on("error", () => sent.destroy());
      sent.end();
    },
    close: () => agent.destroy(),
  };
}
