import type { IncomingMessage, ServerResponse } from "node:http";
import { ConfigurationError } from "../configurationError.ts";
import type { Log } from "../log.ts";
import { messageOf } from "../messageOf.ts";
import { findDurableRoute } from "./durableRoute.ts";
import { createServer } from "./nodeHttp.ts";

export type RequestHandler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

export interface HttpServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Until this is called, every request gets 503, because the port has to be known before the app is loaded. */
  serve(handler: RequestHandler): void;
  /** How many connections it has accepted. */
  countConnections(): number;
  /** Refuses new requests with 503, except the durable SDK's own, and resolves when the running ones have ended. */
  drain(): Promise<void>;
  /** Cuts off requests that still run. */
  close(): Promise<void>;
}

const loopback = "127.0.0.1";

/** Kestrel's limits (KestrelServerLimits.cs): of the request line with its CRLF, and of the number and size of the headers. */
const limits = { requestLine: 8_192, headers: 100, headersSize: 32_768 };

function checkSize({ method = "", url = "", httpVersion, rawHeaders }: IncomingMessage): 414 | 431 | undefined {
  if (`${method} ${url} HTTP/${httpVersion}\r\n`.length > limits.requestLine) return 414;
  return rawHeaders.length / 2 > limits.headers ? 431 : undefined;
}

export async function listen({ port, log }: { port: number; log: Log }): Promise<HttpServer> {
  let handler: RequestHandler | undefined;
  let isDraining = false;
  const running = new Set<Promise<void>>();

  // A client's pooled connection must not hit our idle timeout while it sends; close() ends idle ones itself.
  const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: limits.headersSize }, (request, response) => {
    // A client that goes away does not concern us, but without a listener the error would be uncaught.
    request.on("error", () => {});
    response.on("error", () => {});
    if (isDraining) response.setHeader("connection", "close");
    const task = serveOne(request, response).then(() => void running.delete(task));
    running.add(task);
  });

  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });

  async function serveOne(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await answer(request, response);
    if (!response.writableFinished && !response.destroyed) await isSent(response);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host = "" } = request.headers;
    const tooLarge = checkSize(request);
    if (tooLarge !== undefined) {
      response.setHeader("connection", "close");
      return reply(response, tooLarge);
    }
    if (!ownNames.has(host.toLowerCase())) return reply(response, 403, "This host serves loopback names only.\n");
    if (!readHeaders(request)) return reply(response, 400);
    const url = toUrl(request, host);
    // As in Kestrel, no function sees a path with a NUL in it.
    if (url === undefined || /%00/.test(url.pathname)) return reply(response, 400);
    // A function that still runs may start an orchestration, which is a request to this very host.
    if (handler === undefined || (isDraining && findDurableRoute(url.pathname)?.isWebhook !== false)) {
      response.setHeader("retry-after", "1");
      return reply(response, 503);
    }
    try {
      await handler(request, response, url);
    } catch (error) {
      log.error("request failed", {
        // Without the key that is part of the durable client's address.
        path: findDurableRoute(url.pathname)?.path ?? url.pathname,
        error: messageOf(error),
      });
      if (response.headersSent) response.destroy();
      else reply(response, 500);
    }
  }

  const boundPort = await new Promise<number>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" || error.code === "EACCES" ? cannotListen(port, error) : error),
    );
    server.listen(port, loopback, () => {
      server.on("error", (error) => log.error("the listener failed", { error: error.message }));
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address.port);
    });
  });

  const ownNames = namesOf(boundPort);

  return {
    port: boundPort,
    url: `http://${loopback}:${boundPort}`,
    serve(given) {
      handler = given;
    },
    countConnections: () => connections,
    async drain() {
      isDraining = true;
      // A handler may outlive its connection: the client went away and the function still runs.
      while (running.size > 0) await Promise.race(running);
    },
    async close() {
      isDraining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if (running.size > 0) log.warn("cutting requests that did not end in time", { requests: running.size });
      server.closeAllConnections();
      await closed;
    },
  };
}

function isSent(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => void response.once("finish", resolve).once("close", resolve));
}

/** Serving no others keeps a web page from reaching us through its own name that resolves to loopback (DNS rebinding). */
function namesOf(port: number): ReadonlySet<string> {
  const names = [loopback, "localhost", "[::1]"];
  return new Set([...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])]);
}

/** As Kestrel does, takes header values for UTF-8, which Node reads as Latin-1. False when one is not. */
function readHeaders({ headers }: IncomingMessage): boolean {
  try {
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === "string" && /[\u0080-\u00ff]/.test(value)) {
        headers[name] = utf8.decode(Buffer.from(value, "latin1"));
      }
    }
    return true;
  } catch {
    return false;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function toUrl(request: IncomingMessage, host: string): URL | undefined {
  const target = request.url ?? "/";
  // Absolute targets (`GET http://…`) and `*` are for proxies and for OPTIONS.
  return target.startsWith("/") ? (URL.parse(`http://${host}${target}`) ?? undefined) : undefined;
}

export function reply(response: ServerResponse, status: number, text = ""): void {
  if (response.headersSent || response.destroyed) return;
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  response.writeHead(status, text === "" ? { "content-length": 0 } : { "content-type": "text/plain; charset=utf-8" });
  response.end(text);
}

function cannotListen(port: number, cause: NodeJS.ErrnoException): ConfigurationError {
  const reason = cause.code === "EACCES" ? "may not be used by this user" : "is taken";
  return new ConfigurationError(
    `Port ${port} ${reason}; stop what listens there, or choose another with --port (0 takes any free one).`,
    { cause },
  );
}
