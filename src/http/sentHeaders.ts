/**
 * The headers that the client really sent. While requests are streamed, the SDK takes a request's headers from the binding data
 * of its invocation. There the Functions host lets a query parameter, or a property of a JSON body, with the name `Headers` take
 * their place (HttpTriggerAttributeBindingProvider.cs; seen on host 4.1037). Anyone could so write headers that only the
 * platform may set, such as the principal of App Service authentication. The forwarded request has what was sent.
 */
import type { HttpRequest, InvocationContext } from "@azure/functions";
import type { Clients, Forwarded } from "./clients.ts";

/** False when what was sent is unknown, because the client has already given up. */
export type RestoreSent = (
  request: Pick<HttpRequest, "headers">,
  invocation: Pick<InvocationContext, "invocationId">,
) => boolean;

export function createRestoreSent(clients: Pick<Clients, "requestOf">): RestoreSent {
  return (request, invocation) => {
    const forwarded = clients.requestOf(invocation);
    if (!forwarded) return false;
    restoreHeaders(request, forwarded);
    return true;
  };
}

/** What forwarding changes: headers of one connection (RFC 9110, 7.6.1), of the way here, and of the trace. */
const ofTheWay = new Set([
  "baggage",
  "connection",
  "content-length",
  "correlation-context",
  "expect",
  "forwarded",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "request-id",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "x-forwarded-proto",
  "x-ms-invocation-id",
]);

/** Puts the forwarded headers in place of all others if any differs. */
function restoreHeaders({ headers }: Pick<HttpRequest, "headers">, { headersDistinct }: Forwarded): void {
  const sent = new Map(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.join(", ")]));
  // The host forwards the name under which it was called; `Host` is then the SDK's own server.
  const host = sent.get("x-forwarded-host");
  if (host === undefined) sent.delete("host");
  else sent.set("host", host);
  const compared = [...new Set([...headers.keys(), ...sent.keys()])].filter((name) => !ofTheWay.has(name));
  const isSame = (name: string) => plain(headers.get(name)) === plain(sent.get(name));
  if ([...compared, "host"].every(isSame)) return;
  for (const name of [...headers.keys()]) headers.delete(name);
  for (const [name, value] of sent) headers.set(name, value);
}

/** Repeated headers are joined in more than one way. */
function plain(value: string | null | undefined): string | undefined {
  return value?.replaceAll(/[,;]\s*/g, ",").trim();
}
