/** Who may call what, by keys: the levels of HTTP functions, the webhooks of extensions, the host's own paths. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { RegisteredFunction } from "../app.ts";
import type { KeptKeys } from "../keptKeys.ts";

export interface HostKeys {
  /** Opens /runtime/webhooks/durabletask. */
  readonly system: string;
  /** A part of the address at which the app's own durable client calls; the client binding tells it, and nothing else. */
  readonly rpc: string;
  /** Set: functions of level `function` ask for this key or the master key. */
  readonly function?: string | undefined;
  /** Set: functions of level `admin` ask for it. */
  readonly master?: string | undefined;
  /** Set: every function asks for a key of its level. Not set: only as far as the two above are set. */
  readonly kept?: KeptKeys | undefined;
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

export function isMaster(given: string | undefined, { master, kept }: HostKeys): boolean {
  return isOneOf(given, [master]) || (given !== undefined && kept?.isMaster(given) === true);
}

/** Keys are optional on a developer's machine, as with Core Tools; a level is enforced once its key is configured. */
export function mayCall(
  { name, trigger: { authLevel } }: RegisteredFunction,
  { given, keys }: { given: string | undefined; keys: HostKeys },
): boolean {
  const { kept } = keys;
  if (authLevel === "function" && (kept !== undefined || keys.function !== undefined)) {
    const isKept = given !== undefined && kept?.opens(name, given) === true;
    return isKept || isOneOf(given, [keys.function]) || isMaster(given, keys);
  }
  if (authLevel === "admin" && (kept !== undefined || keys.master !== undefined)) return isMaster(given, keys);
  return true;
}
