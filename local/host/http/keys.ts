/** Which key may call what: the levels of HTTP functions, the webhooks of extensions, the host's own paths. */
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { RegisteredFunction } from "../app.ts";

export interface HostKeys {
  /** Opens /runtime/webhooks/durabletask. */
  readonly system: string;
  /** Part of the address that the app's own durable client calls; only the client binding reveals it. */
  readonly rpc: string;
  /** When set, functions of level `function` require this key or the master key. */
  readonly function?: string | undefined;
  /** When set, functions of level `admin` require it. */
  readonly master?: string | undefined;
}

/** The key from a caller, as Azure takes it: in the header, or as `code` in the query. */
export function givenKey(request: IncomingMessage, url: URL): string | undefined {
  const header = request.headers["x-functions-key"];
  return typeof header === "string" ? header : (url.searchParams.get("code") ?? undefined);
}

export function isOneOf(given: string | undefined, accepted: readonly (string | undefined)[]): boolean {
  if (given === undefined) return false;
  const of = digest(given);
  return accepted.some((key) => key !== undefined && timingSafeEqual(of, digestOfOwn(key)));
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

export function isMaster(given: string | undefined, { master }: HostKeys): boolean {
  return isOneOf(given, [master]);
}

/** Keys are optional on a developer's machine, as with Core Tools; a level is enforced once its key is configured. */
export function mayCall(
  { trigger: { authLevel } }: RegisteredFunction,
  { given, keys }: { given: string | undefined; keys: HostKeys },
): boolean {
  if (authLevel === "function" && keys.function !== undefined)
    return isOneOf(given, [keys.function]) || isMaster(given, keys);
  if (authLevel === "admin" && keys.master !== undefined) return isMaster(given, keys);
  return true;
}
