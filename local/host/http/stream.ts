/**
 * Streamed HTTP. An app that calls `app.setup({ enableHttpStream: true })` makes its SDK listen on a port of its own
 * (capability `HttpUri`); the host forwards the request there under the invocation's id, and the response comes back
 * there too, piece by piece, while the invocation itself carries only route parameters and headers.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { InvocationInput, InvocationResult, TypedData } from "../app.ts";
import { BodyTooLarge, discardRest } from "./body.ts";
import { headersOf, isEndToEnd, queryOf } from "./message.ts";
import { request as startRequest } from "./nodeHttp.ts";
import { reply } from "./server.ts";

export interface StreamedCall {
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly invocationId: string;
  /** Where the SDK listens. */
  readonly target: URL;
  readonly bodyLimit: number;
  invoke(input: InvocationInput): Promise<InvocationResult>;
}

export async function stream(request: IncomingMessage, response: ServerResponse, call: StreamedCall): Promise<void> {
  if (Number(request.headers["content-length"] ?? 0) > call.bodyLimit) throw new BodyTooLarge();
  const upstream = await connect(request, call);
  response.once("close", () => upstream.destroy());
  if (response.destroyed) {
    upstream.destroy();
    return;
  }

  const sent = sendBody(request, upstream, call.bodyLimit);
  const copied = receive(upstream).then((answer) => copy(answer, response));
  // Each is awaited below unless another one fails first.
  sent.catch(() => {});
  copied.catch(() => {});
  const invoked = call.invoke(toInput(request, call));
  try {
    const { result } = await Promise.race([invoked, sent.then(() => invoked)]);
    // Nothing was returned, so nothing comes through the SDK's port either.
    if (result === undefined || result === null) reply(response, 204);
    else await copied.catch(() => response.destroy());
    discardRest(request, sent);
  } catch (error) {
    upstream.destroy();
    await invoked.catch(() => {});
    if (error instanceof BodyTooLarge) throw error;
    // Half a response must not look like a whole one.
    if (response.headersSent) response.destroy();
    else reply(response, 500);
  }
}

/**
 * The invocation waits inside the SDK until its request arrives there, so it may start only when that is certain:
 * a client that goes away earlier would leave it waiting for ever.
 */
async function connect(request: IncomingMessage, call: StreamedCall): Promise<ClientRequest> {
  const upstream = startRequest({
    // The SDK says `localhost`, which may resolve to an address that it does not listen on.
    host: "127.0.0.1",
    port: call.target.port,
    agent: false,
    method: request.method,
    path: request.url,
    headers: {
      ...Object.fromEntries(Object.entries(request.headers).filter(([name]) => isHandedOn(name, request.method))),
      // Or the SDK's server would close it after its answer, and a body that nobody has read resets it before that arrives.
      connection: "keep-alive",
      "x-ms-invocation-id": call.invocationId,
      "x-forwarded-host": call.url.host,
      "x-forwarded-proto": "http",
    },
  });
  upstream.flushHeaders();
  await new Promise<void>((resolve, reject) => {
    upstream.once("error", reject);
    upstream.once("socket", (socket) => socket.once("connect", resolve));
  });
  return upstream;
}

/** The SDK drops the bodies of GET and HEAD, and Node's client would send one without saying how long it is. */
const hasBody = (method: string | undefined): boolean => method !== "GET" && method !== "HEAD";

function isHandedOn(header: string, method: string | undefined): boolean {
  return isEndToEnd(header) && header !== "expect" && (header !== "content-length" || hasBody(method));
}

function receive(upstream: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    upstream.once("response", resolve);
    upstream.on("error", reject);
    upstream.once("close", () => reject(new Error("the connection to the app's HTTP stream ended")));
  });
}

function toInput(request: IncomingMessage, { invocationId, params, url }: StreamedCall): InvocationInput {
  const triggerMetadata: Record<string, TypedData> = {
    Headers: { json: JSON.stringify(headersOf(request)) },
    Query: { json: JSON.stringify(queryOf(url)) },
  };
  for (const [name, value] of Object.entries(params)) triggerMetadata[name] = { string: value };
  const traceParent = request.headers["traceparent"];
  return {
    trigger: {},
    triggerMetadata,
    invocationId,
    ...(typeof traceParent === "string" ? { traceParent } : {}),
  };
}

/**
 * As fast as the handler reads, and no further than it does. Rejects only when the body is too large: a client that goes
 * away, or a handler that reads no further, is no failure.
 */
async function sendBody(request: IncomingMessage, upstream: ClientRequest, limit: number): Promise<void> {
  if (!hasBody(request.method)) {
    request.resume();
    upstream.end();
    return;
  }
  let size = 0;
  try {
    // Not a pipeline: it ends the client's connection with the app's, and the answer with it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > limit) throw new BodyTooLarge();
      if (!upstream.write(chunk)) await isTaken(upstream);
      if (upstream.destroyed) return;
    }
    upstream.end();
  } catch (error) {
    if (error instanceof BodyTooLarge) throw error;
    upstream.destroy();
  }
}

/** Resolves when more can be written, or nobody is there to write to. */
function isTaken(upstream: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    if (upstream.destroyed) resolve();
    const done = () => {
      upstream.off("drain", done).off("close", done);
      resolve();
    };
    upstream.on("drain", done).on("close", done);
  });
}

async function copy(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    if (values !== undefined && isEndToEnd(name) && name !== "x-ms-invocation-id") response.setHeader(name, values);
  }
  response.writeHead(answer.statusCode ?? 200);
  response.flushHeaders();
  await pipeline(answer, response);
}
