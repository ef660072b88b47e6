/**
 * What becomes of the client of an answer that is still being written. The SDK does not say it: it writes on to a closed
 * response, writes faster than the client reads, and a GET has no body whose end could be seen. But the SDK's HTTP server, to
 * which the Functions host forwards a request under the id of its invocation, is one of this process, and Node tells of every
 * request that one gets (nodejs.org "Diagnostics Channel", http.server.request.start). The host ends the forwarded request
 * with the client's.
 */
import { subscribe } from "node:diagnostics_channel";
import { IncomingMessage, ServerResponse } from "node:http";

export interface Client {
  /** Aborted when nobody reads the answer any more. */
  readonly gone: AbortSignal;
  /** How many bytes of the answer have been written and not been read. */
  unread(): number;
  /** Drops what has not been read, and the connection. */
  cutOff(): void;
}

export interface Clients {
  /** Of the invocation; undefined where the host does not forward requests. */
  find(invocation: { readonly invocationId: string }): Client | undefined;
}

/** From now on: requests that came before are not known. */
export function watchClients(): Clients {
  const open = new Map<string, Client>();
  subscribe("http.server.request.start", (message) => {
    if (typeof message !== "object" || message === null || !("request" in message && "response" in message)) return;
    const { request, response } = message;
    if (!(request instanceof IncomingMessage && response instanceof ServerResponse)) return;
    const invocationId = request.headers["x-ms-invocation-id"];
    if (typeof invocationId !== "string" || open.has(invocationId)) return;
    const gone = new AbortController();
    open.set(invocationId, {
      gone: gone.signal,
      unread: () => response.writableLength,
      cutOff: () => void response.destroy(),
    });
    response.once("close", () => {
      open.delete(invocationId);
      gone.abort();
    });
  });
  return { find: ({ invocationId }) => open.get(invocationId) };
}
