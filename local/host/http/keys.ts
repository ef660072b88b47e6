import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface HostKeys {
  /** Opens /runtime/webhooks/durabletask. */
  readonly system: string;
  /** A part of the address at which the app's own durable client calls; the client binding tells it, and nothing else. */
  readonly rpc: string;
  /** Set: functions of level `function` ask for this key or the master key. Not set: no key is asked for. */
  readonly function?: string | undefined;
  /** Set: functions of level `admin` ask for it. */
  readonly master?: string | undefined;
}

/** The key a caller gives, as Azure takes it: the header, or `code` in the query. */
export function givenKey(request: IncomingMessage, url: URL): string | undefined {
  const header = request.headers["x-functions-key"];
  return typeof header === "string" ? header : (url.searchParams.get("code") ?? undefined);
}

export function isOneOf(given: string | undefined, accepted: readonly (string | undefined)[]): boolean {
  if (given === undefined) return false;
  return accepted.some((key) => key !== undefined && timingSafeEqual(digest(given), digest(key)));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Keys are optional on a developer's machine, as with Core Tools; a level is enforced once its key is configured. */
export function mayCall(authLevel: unknown, { given, keys }: { given: string | undefined; keys: HostKeys }): boolean {
  if (authLevel === "function" && keys.function !== undefined) return isOneOf(given, [keys.function, keys.master]);
  if (authLevel === "admin" && keys.master !== undefined) return isOneOf(given, [keys.master]);
  return true;
}
