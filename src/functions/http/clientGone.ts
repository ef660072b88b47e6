/**
 * Whether a client has gone while its answer is still being written. The SDK does not say it: it writes on to a closed
 * response, and a GET has no body whose end could be seen. But the SDK's HTTP server, to which the Functions host forwards
 * a request under the id of its invocation, is one of this process, and Node tells of every request that one gets
 * (nodejs.org "Diagnostics Channel", http.server.request.start). The host ends the forwarded request with the client's.
 */
import { subscribe } from "node:diagnostics_channel";
import { IncomingMessage, ServerResponse } from "node:http";

export interface Clients {
  /** Aborted when nobody reads the answer of the invocation any more; never, where the host does not forward requests. */
  goneSignal(invocation: { readonly invocationId: string }): AbortSignal;
}

/** From now on: requests that came before are not known. */
export function watchClients(): Clients {
  const open = new Map<string, AbortController>();
  subscribe("http.server.request.start", (message) => {
    if (typeof message !== "object" || message === null || !("request" in message && "response" in message)) return;
    const { request, response } = message;
    if (!(request instanceof IncomingMessage && response instanceof ServerResponse)) return;
    const invocationId = request.headers["x-ms-invocation-id"];
    if (typeof invocationId !== "string" || open.has(invocationId)) return;
    const gone = new AbortController();
    open.set(invocationId, gone);
    response.once("close", () => {
      open.delete(invocationId);
      gone.abort();
    });
  });
  return { goneSignal: ({ invocationId }) => open.get(invocationId)?.signal ?? new AbortController().signal };
}
