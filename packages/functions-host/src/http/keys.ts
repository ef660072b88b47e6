/** Which key may call what. Functions of any level require none, as with Core Tools on a developer's machine. */
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface HostKeys {
  /** Opens /runtime/webhooks/durabletask. */
  readonly system: string;
  /** Part of the address that the app's own durable client calls; only the client binding reveals it. */
  readonly rpc: string;
}

/** The key from a caller, as Azure takes it: in the header, or as `code` in the query. */
export function givenKey(request: IncomingMessage, url: URL): string | undefined {
  const header = request.headers["x-functions-key"];
  return typeof header === "string" ? header : (url.searchParams.get("code") ?? undefined);
}

export function isKey(given: string | undefined, key: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digestOfOwn(key));
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

const ownDigests = new Map<string, Buffer>();

/** Every request compares with the same few keys of this host. */
function digestOfOwn(key: string): Buffer {
  const known = ownDigests.get(key) ?? digest(key);
  ownDigests.set(key, known);
  return known;
}
