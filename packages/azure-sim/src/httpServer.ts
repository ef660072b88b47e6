/** The HTTP side of a simulated service: it reads the call, consults the faults, and applies an effect to the socket. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { Call, Effect, Faults } from "./faults.ts";
import type { Simulator } from "./simulator.ts";
import type { Certificate } from "./tls.ts";

/** What is known of a request before its body has been read. */
export interface HttpHead {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  /** The name by which a TLS client asked for the server. */
  readonly serverName?: string | undefined;
}

export interface HttpRequest extends HttpHead {
  readonly body: string;
}

export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as plain text, anything else as JSON; absent means an empty body. */
  readonly body?: unknown;
}

export type ErrorEffect = Extract<Effect, { kind: "error" }>;

/** One call, understood but not yet carried out. */
export interface Exchange {
  /** The call for the faults and the journal; undefined for calls that tests should not have to count, such as discovery. */
  readonly call: Call | undefined;
  run(): HttpReply | Promise<HttpReply>;
  /** A scripted error in this service's format. */
  fail(error: ErrorEffect): HttpReply;
  /** Called when the answer has been sent or the connection is gone, whether or not the call was carried out. */
  end?(): void;
}

/** What the server does with a request. */
interface Handling {
  readonly faults: Faults;
  readonly open: (request: HttpRequest) => Exchange;
  /** The answer to a request whose body need not be read to refuse it. */
  readonly refuse?: (head: HttpHead) => HttpReply | undefined;
  /** A larger body gets the second member as its answer; without this, bodies have no limit. */
  readonly body?: { readonly most: number; readonly tooLarge: HttpReply };
}

export async function startHttpServer({
  tls,
  port = 0,
  ...handling
}: Handling & {
  /** Without a certificate, the server speaks plain HTTP. */
  tls?: Certificate | undefined;
  port?: number | undefined;
}): Promise<Simulator> {
  const listener: RequestListener = (request, response) => {
    serve(request, response, { ...handling, base: url }).catch((error: unknown) => {
      // A bug in the simulator: report it on the wire, where the failing test shows it.
      if (!response.headersSent) send(response, { status: 500, body: { error: String(error) } });
      else response.destroy();
    });
  };
  const server: Server = tls
    ? createTlsServer({ key: tls.privateKey, cert: tls.certificate }, listener)
    : createServer(listener);
  // Not closeAllConnections: it does not know connections whose TLS handshake is still going on.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // Longer than any client keeps an idle connection; otherwise a reused connection might be reset during its next call.
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const bound = boundPort(server);
  const url = `${tls ? "https" : "http"}://127.0.0.1:${bound}`;
  return {
    url,
    port: bound,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  { faults, open, refuse, body: limit, base }: Handling & { base: string },
): Promise<void> {
  const { method = "GET", headers } = incoming;
  const { socket } = incoming;
  const serverName = socket instanceof TLSSocket && socket.servername ? socket.servername : undefined;
  const head: HttpHead = { method, url: new URL(incoming.url ?? "/", base), headers, serverName };
  const refusal = refuse?.(head);
  // Node discards the rest of the request once the answer is sent.
  if (refusal) return send(response, refusal);
  const body = await readBody(incoming, limit?.most);
  if (body === undefined) return send(response, limit?.tooLarge ?? { status: 413 });
  const exchange = understand(open, { ...head, body });
  if (!exchange) return send(response, { status: 400, body: "Bad Request - Invalid URL" });
  // Not `incoming`, which closes as soon as its body has been read.
  response.on("close", () => exchange.end?.());
  const effect = exchange.call && (await faults.meet(exchange.call));
  switch (effect?.kind) {
    case undefined:
      send(response, await exchange.run());
      return;
    case "error":
      send(response, exchange.fail(effect));
      return;
    case "cutBefore":
      response.destroy();
      return;
    case "cutAfter":
      await exchange.run();
      response.destroy();
      return;
    case "cutLate":
      response.destroy();
      await sleep(effect.ms, undefined, { ref: false });
      await exchange.run();
      return;
    case "garbage": {
      const { status, headers } = await exchange.run();
      response.writeHead(status, { ...headers, "content-type": "application/json" }).end('{"value": [{');
      return;
    }
    case "hang":
      return;
  }
}

/** Undefined for an address that is no UTF-8: gateways of Azure refuse it before any service reads it. */
function understand(open: Handling["open"], request: HttpRequest): Exchange | undefined {
  try {
    return open(request);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function send(response: ServerResponse, { status, headers, body }: HttpReply): void {
  if (body === undefined) {
    response.writeHead(status, { ...headers, "content-length": "0" }).end();
    return;
  }
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response
    .writeHead(status, {
      "content-type": `${typeof body === "string" ? "text/plain" : "application/json"}; charset=utf-8`,
      "content-length": String(Buffer.byteLength(text)),
      ...headers,
    })
    .end(text);
}

/** Undefined if it is larger; the rest is then read without being kept, so that the client gets the answer. */
async function readBody(incoming: IncomingMessage, most = Number.POSITIVE_INFINITY): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > most) break;
    chunks.push(Buffer.from(chunk));
  }
  if (size > most) incoming.resume();
  return size > most ? undefined : Buffer.concat(chunks).toString("utf8");
}

function boundPort(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
}
