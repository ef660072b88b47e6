/**
 * Whether the client of an answer that is still being written is there, and reads. The SDK does not say: it keeps writing to
 * a closed response, writes faster than the client reads, and a GET has no body whose end could be seen. But the Functions
 * host forwards a request, under the ID of its invocation, to the SDK's HTTP server in this process, and Node reports every
 * request that a server gets (nodejs.org "Diagnostics Channel", http.server.request.start). When the client's request ends,
 * the host ends the forwarded one.
 */
import { subscribe } from "node:diagnostics_channel";
import { IncomingMessage, ServerResponse } from "node:http";

export interface Client {
  /** Aborted when nobody reads the answer any more. */
  readonly gone: AbortSignal;
  /** How many bytes of the answer have been written but not read. */
  unread(): number;
  /** Drops the unread bytes, and the connection. */
  cutOff(): void;
}

/** A request as the host forwards it. */
export type Forwarded = Pick<IncomingMessage, "headersDistinct">;

interface Invocation {
  readonly invocationId: string;
}

export interface Clients {
  /** The client of the invocation; undefined where the host does not forward requests. */
  find(invocation: Invocation): Client | undefined;
  /** The invocation's request; undefined when its client gave up before the invocation began. */
  requestOf(invocation: Invocation): Forwarded | undefined;
}

/** Sees requests from now on; earlier ones are unknown. */
export function watchClients(): Clients {
  const open = new Map<string, { readonly request: IncomingMessage; readonly client: Client }>();
  subscribe("http.server.request.start", (message) => {
    if (typeof message !== "object" || message === null || !("request" in message && "response" in message)) return;
    const { request, response } = message;
    if (!(request instanceof IncomingMessage && response instanceof ServerResponse)) return;
    const invocationId = request.headers["x-ms-invocation-id"];
    if (typeof invocationId !== "string" || open.has(invocationId)) return;
    const gone = new AbortController();
    const client = {
      gone: gone.signal,
      unread: () => response.writableLength,
      cutOff: () => void response.destroy(),
    };
    open.set(invocationId, { request, client });
    response.once("close", () => {
      open.delete(invocationId);
      gone.abort();
    });
  });
  return {
    find: ({ invocationId }) => open.get(invocationId)?.client,
    requestOf: ({ invocationId }) => open.get(invocationId)?.request,
  };
}
