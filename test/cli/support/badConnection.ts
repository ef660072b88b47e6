/** A connection to the service that loses answers, cuts streams and asks clients to wait, as networks and gateways do. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** What becomes of a request: `lose` lets it through and cuts the connection before the answer. */
export type Fate =
  | "pass"
  | "lose"
  | { readonly cutAfterEvents: number }
  | { readonly answer: { readonly status: number; readonly headers?: Record<string, string>; readonly body: string } };

export interface BadConnection {
  readonly url: string;
  readonly passed: readonly Passing[];
  close(): Promise<void>;
}

export async function startBadConnection(
  target: string,
  decide: (passing: Passing, earlier: readonly Passing[]) => Fate,
): Promise<BadConnection> {
  const passed: Passing[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url: path = "", headers } = incoming;
    const passing = { method, path, headers };
    const fate = decide(passing, [...passed]);
    passed.push(passing);
    if (typeof fate === "object" && "answer" in fate) {
      incoming.resume();
      outgoing.writeHead(fate.answer.status, fate.answer.headers).end(fate.answer.body);
      return;
    }
    forward(target, incoming, outgoing, fate);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    async close() {
      server.closeAllConnections();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fate: Exclude<Fate, { answer: object }>,
) {
  const { method, headers, url = "" } = incoming;
  const to = new URL(url, target);
  const onward = request(to, { method, headers: { ...headers, host: to.host } });
  incoming.pipe(onward);
  onward.on("error", () => outgoing.destroy());
  onward.on("response", (answer) => {
    if (fate === "lose") {
      answer.resume();
      // Only after the service has completed the request.
      answer.on("end", () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    let left = fate === "pass" ? Number.POSITIVE_INFINITY : fate.cutAfterEvents;
    answer.on("data", (chunk: Buffer) => {
      const blocks = chunk.toString().split(/(?<=\n\n)/);
      const through = blocks.filter((block) => left > 0 && (!block.includes("event: ") || left-- > 0));
      // The bytes that are let through must arrive before the cut.
      outgoing.write(through.join(""), () => left <= 0 && outgoing.destroy());
    });
    // An answer that is to be cut must not end properly, although the service may have finished it in the meantime.
    answer.on("end", () => left > 0 && outgoing.end());
    answer.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
  });
}
