/**
 * Streamed HTTP. An app that calls `app.setup({ enableHttpStream: true })` makes its SDK listen on its own port (capability
 * `HttpUri`). The host forwards the request there under the invocation's id, and streams the response back from there, while
 * the invocation itself carries only route parameters and headers.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { InvocationInput, InvocationResult, TypedData } from "../app.ts";
import { BodyTooLarge, discardRest } from "./body.ts";
import { headersOf, isEndToEnd, queryOf } from "./message.ts";
import { request as startRequest } from "./nodeHttp.ts";
import { readProperties } from "./opening.ts";
import { reply } from "./server.ts";

type Properties = Readonly<Record<string, unknown>>;

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
  const input = toInput(request, call, hasBody(request.method) ? await readProperties(request) : {});
  const upstream = await connect(request, call);
  response.once("close", () => upstream.destroy());
  if (response.destroyed) {
    upstream.destroy();
    return;
  }

  const sent = sendBody(request, upstream, call.bodyLimit);
  const copied = receive(upstream).then((answer) => copy(answer, response));
  // Both are awaited below, unless something else fails first.
  sent.catch(() => {});
  copied.catch(() => {});
  const invoked = call.invoke(input);
  try {
    const { result } = await Promise.race([invoked, sent.then(() => invoked)]);
    // The handler returned nothing, so nothing comes through the SDK's port either.
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
 * a client that went away earlier would leave it waiting forever.
 */
async function connect(request: IncomingMessage, call: StreamedCall): Promise<ClientRequest> {
  const upstream = startRequest({
    // The SDK reports `localhost`, which may resolve to an address that it does not listen on.
    host: "127.0.0.1",
    port: call.target.port,
    agent: false,
    method: request.method,
    path: request.url,
    headers: {
      ...Object.fromEntries(Object.entries(request.headers).filter(([name]) => isHandedOn(name, request.method))),
      // Otherwise the SDK's server closes it after its answer, and an unread body resets it before the answer arrives.
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

/** The SDK drops the bodies of GET and HEAD, and Node's client would send them without their length. */
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

function toInput(
  request: IncomingMessage,
  { invocationId, params, url }: StreamedCall,
  properties: Properties,
): InvocationInput {
  const traceParent = request.headers["traceparent"];
  return {
    trigger: {},
    triggerMetadata: toBindingData(request, { url, params, properties }),
    invocationId,
    ...(typeof traceParent === "string" ? { traceParent } : {}),
  };
}

/**
 * As HttpTriggerAttributeBindingProvider.cs fills its dictionary, whose names have no case: a name keeps the case in which it
 * came first, so the query can hide a route parameter, and take the place of `Headers`; a property of a JSON body can, too. Other
 * properties of a body, which become binding data there, are left out.
 */
function toBindingData(
  request: IncomingMessage,
  { url, params, properties }: Pick<StreamedCall, "url" | "params"> & { readonly properties: Properties },
): Record<string, TypedData> {
  const data = new Map<string, { name: string; value: TypedData }>();
  const set = (name: string, value: TypedData) => {
    const key = name.toLowerCase();
    data.set(key, { name: data.get(key)?.name ?? name, value });
  };
  for (const [name, value] of Object.entries(properties)) {
    if (name.toLowerCase() === "headers" && value !== null && !Array.isArray(value)) set(name, toTyped(value));
  }
  for (const [name, value] of url.searchParams) if (name.toLowerCase() !== "code") set(name, { string: value });
  for (const [name, value] of Object.entries(params)) set(name, { string: value });
  if (!data.has("query")) set("Query", { json: JSON.stringify(queryOf(url)) });
  if (!data.has("headers")) set("Headers", { json: JSON.stringify(headersOf(request)) });
  return Object.fromEntries([...data.values()].map(({ name, value }) => [name, value]));
}

function toTyped(value: unknown): TypedData {
  return typeof value === "string" ? { string: value } : { json: JSON.stringify(value) };
}

/**
 * Sends the body as fast and as far as the handler reads it. Rejects only when it is too large: a client that goes away, or a
 * handler that stops reading, is not a failure.
 */
async function sendBody(request: IncomingMessage, upstream: ClientRequest, limit: number): Promise<void> {
  if (!hasBody(request.method)) {
    request.resume();
    upstream.end();
    return;
  }
  let size = 0;
  try {
    // Not a pipeline, which would end the client's connection with the app's, and lose the answer.
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

/** Resolves when more can be written, or when the other side is gone. */
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
