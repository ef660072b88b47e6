/**
 * Streamed HTTP. An app that calls `app.setup({ enableHttpStream: true })` makes its SDK listen on its own port (capability
 * `HttpUri`). The host forwards the request there under the invocation's id, and streams the response back from there, while
 * the invocation itself carries only route parameters and headers.
 *
 * As on the real host, a body that states its length is read to its end before the function is invoked
 * (HttpTriggerAttributeBindingProvider.cs). One in chunks reaches the function as it arrives, and the answer waits for its end.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { InvocationInput, InvocationResult, TypedData } from "../app.ts";
import { BodyTooLarge, BodyTooSlow, ClientGone, type ReadBody, receiveBody } from "./body.ts";
import { headersOf, isEndToEnd, queryOf } from "./message.ts";
import { request as startRequest } from "./nodeHttp.ts";
import { propertiesOf } from "./opening.ts";
import { reply } from "./server.ts";

type Properties = Readonly<Record<string, unknown>>;

export interface StreamedCall {
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly invocationId: string;
  /** Where the SDK listens. */
  readonly target: URL;
  readonly bodyLimit: number;
  readonly readBody: ReadBody;
  invoke(input: InvocationInput): Promise<InvocationResult>;
}

export async function stream(request: IncomingMessage, response: ServerResponse, call: StreamedCall): Promise<void> {
  const isWhole = hasBody(request.method) && request.headers["content-length"] !== undefined;
  const body = isWhole ? await call.readBody(request, response, call.bodyLimit) : undefined;
  const input = toInput(request, call, body ? propertiesOf(request, body) : {});
  const upstream = await connect(request, call);
  response.once("close", () => upstream.destroy());
  if (response.destroyed) {
    upstream.destroy();
    return;
  }

  if (body) {
    for (const chunk of body) upstream.write(chunk);
    upstream.end();
  }
  const sent = body ? Promise.resolve() : sendBody(request, upstream, call.bodyLimit);
  const copied = Promise.all([receive(upstream), sent]).then(([answer]) => copy(answer, response));
  // Both are awaited below, unless something else fails first.
  sent.catch(() => {});
  copied.catch(() => {});
  const invoked = call.invoke(input);
  try {
    const [{ result }] = await Promise.all([invoked, sent]);
    // The handler returned nothing, so nothing comes through the SDK's port either.
    if (result === undefined || result === null) reply(response, 204);
    else await copied.catch(() => response.destroy());
  } catch (error) {
    upstream.destroy();
    await invoked.catch(() => {});
    if (error instanceof BodyTooLarge || error instanceof BodyTooSlow) throw error;
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
 * Sends the body as fast as the handler reads it, and once that has answered, as fast as it arrives. A client that goes away, or a
 * handler that stops reading, is not a failure.
 */
async function sendBody(request: IncomingMessage, upstream: ClientRequest, limit: number): Promise<void> {
  if (!hasBody(request.method)) {
    request.resume();
    upstream.end();
    return;
  }
  let isAnswered = false;
  const goOn = () => void request.resume();
  upstream.on("drain", goOn).on("close", goOn);
  upstream.once("response", () => {
    isAnswered = true;
    goOn();
  });
  const take = (chunk: Buffer) => {
    if (!upstream.destroyed && !upstream.write(chunk) && !isAnswered) request.pause();
  };
  try {
    // Not a pipeline, which would end the client's connection with the app's, and lose the answer.
    await receiveBody(request, { limit, take });
    upstream.end();
  } catch (error) {
    if (!(error instanceof ClientGone)) throw error;
    upstream.destroy();
  } finally {
    upstream.off("drain", goOn).off("close", goOn);
  }
}

async function copy(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    if (values !== undefined && isEndToEnd(name) && name !== "x-ms-invocation-id") response.setHeader(name, values);
  }
  response.writeHead(answer.statusCode ?? 200);
  response.flushHeaders();
  await pipeline(answer, response);
}
