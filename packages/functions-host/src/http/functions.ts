import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { DurableExtension, InvocationInput, InvocationResult, RegisteredFunction } from "../app.ts";
import { BodyTooLarge, ClientGone, discardRest, readBody } from "./body.ts";
import { serveDurable } from "./durable.ts";
import { findDurableRoute } from "./durableRoute.ts";
import type { HostKeys } from "./keys.ts";
import { sendHttpData, toHttpData } from "./message.ts";
import type { RouteMatch, Routes } from "./routes.ts";
import { type RequestHandler, reply } from "./server.ts";
import { stream } from "./stream.ts";
import { createThrottle, type HttpLimits } from "./throttle.ts";

export interface HttpFunctionsOptions {
  readonly routes: Routes;
  readonly keys: HostKeys;
  /** In bytes. */
  readonly bodyLimit: number;
  readonly limits: HttpLimits;
  readonly durable: DurableExtension | undefined;
  /** Where the app's SDK listens when it streams HTTP. */
  readonly streamTarget: URL | undefined;
  invoke(definition: RegisteredFunction, input: InvocationInput): Promise<InvocationResult>;
  /** A request that ended before the app got it. */
  failed(definition: RegisteredFunction, error: Error): void;
}

/** Answers requests: the durable extension's paths first, then the app's routes, else 404. */
export function createHttpFunctions(options: HttpFunctionsOptions): RequestHandler {
  const { routes, keys, bodyLimit, durable } = options;
  const throttle = createThrottle(options.limits);
  return async function serve(request, response, url) {
    try {
      const durableRoute = durable && findDurableRoute(url.pathname);
      if (durable && durableRoute)
        return await serveDurable(request, response, { url, route: durableRoute, durable, keys, bodyLimit });
      const found = routes.match(request.method ?? "GET", url.pathname);
      if (found === undefined) {
        answerAsHost(request, response, url);
        return;
      }
      const { definition } = found.route;
      /** Azure's host reads the body for the function, and that fails. */
      const unread = (error: unknown) => {
        if (!(error instanceof BodyTooLarge || error instanceof ClientGone)) throw error;
        options.failed(definition, error);
        if (error instanceof ClientGone) return;
        reply(response, 500);
        discardRest(request);
      };
      const isTaken = await throttle(async () => {
        // For a client that left while it waited, no function is started.
        if (!response.destroyed) await call(request, response, { url, found, options }).catch(unread);
      });
      if (isTaken) return;
      // Azure's host does not say why, nor when to come back.
      reply(response, 429);
      discardRest(request);
    } catch (error) {
      if (error instanceof ClientGone) return;
      if (!(error instanceof BodyTooLarge)) throw error;
      reply(response, 413, "The request's body is larger than this host takes.\n");
      discardRest(request);
    }
  };
}

const homePage =
  "<!DOCTYPE html>\n<html><head><title>Functions host</title></head><body>" +
  "<h1>Your Functions app is up and running</h1></body></html>\n";

/** Answers what no function does: the host's own page, and its admin paths as far as it has them. */
function answerAsHost(request: IncomingMessage, response: ServerResponse, url: URL): void {
  const path = url.pathname.toLowerCase();
  if (path === "/") {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(homePage);
    return;
  }
  if (path === "/admin/host/ping" && (request.method === "GET" || request.method === "POST")) {
    response.setHeader("cache-control", "no-store,no-cache").setHeader("pragma", "no-cache");
    reply(response, 200);
    return;
  }
  reply(response, isAdministration(path, request.method) ? 401 : 404);
}

/** What needs the master key, which this host does not make. The other paths below /admin are unknown to the real host, too. */
function isAdministration(path: string, method = "GET"): boolean {
  if (keyPaths.test(path)) return ["GET", "POST", "PUT", "DELETE"].includes(method);
  return method === "GET" && /^\/admin\/(?:host\/status|functions(?:\/[^/]+)?|vfs(?:\/.*)?)\/?$/.test(path);
}

const keyPaths = /^\/admin\/(?:host\/(?:\w+keys|keys)|functions\/[^/]+\/keys)(?:\/[^/]+)?\/?$/;

async function call(
  request: IncomingMessage,
  response: ServerResponse,
  { url, found, options }: { url: URL; found: RouteMatch; options: HttpFunctionsOptions },
): Promise<void> {
  const { definition } = found.route;
  const invocationId = randomUUID();
  if (options.streamTarget !== undefined) {
    return await stream(request, response, {
      url,
      params: found.params,
      invocationId,
      target: options.streamTarget,
      bodyLimit: options.bodyLimit,
      invoke: (input) => options.invoke(definition, { ...input, method: request.method }),
    });
  }
  const body = await readBody(request, options.bodyLimit);
  const traceParent = request.headers["traceparent"];
  let done: InvocationResult;
  try {
    done = await options.invoke(definition, {
      trigger: toHttpData(request, { url, params: found.params, body }),
      invocationId,
      method: request.method,
      ...(typeof traceParent === "string" ? { traceParent } : {}),
    });
  } catch {
    // The failure is in the log, with the invocation's id; Azure's host does not tell the caller either.
    return reply(response, 500);
  }
  sendHttpData(response, done.returnValue);
}
