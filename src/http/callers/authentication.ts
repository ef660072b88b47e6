/** Who calls, what the caller's roles allow, and how often the caller may send requests. */
import type { HttpRequest } from "@azure/functions";
import { AppRole, type Caller } from "../../domain/access/caller.ts";
import { callerOfKey } from "../../domain/access/localKeys.ts";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { type Claims, callerOf } from "../../domain/policy/claims.ts";
import { hasRole, missingRole } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Ports } from "../../ports/index.ts";
import { readClientPrincipal } from "./clientPrincipal.ts";
import { type ConcurrencyLimit, createConcurrencyLimit } from "./concurrencyLimit.ts";
import { createRateLimiter, type RateLimiter } from "./rateLimiter.ts";

/** The caller where the operator chose not to authenticate: anyone who reaches the service may do everything. */
const anybody: Caller = { id: "anonymous", name: "anonymous", teams: [], roles: AppRole.options };

type Identify = Pick<Ports, "catalog" | "tokens">;

export interface Callers {
  /** Identifies the sender by the credentials in the request; refuses a request without any. */
  identify(request: Pick<HttpRequest, "headers">): Promise<Caller>;
  /**
   * Until when the caller's token proves who calls, in milliseconds since 1970; undefined for a key, and for a session of App Service
   * authentication that has outlived its token.
   */
  validUntil(caller: Caller): number | undefined;
  /** Consumes one of the caller's tokens; refuses a caller who has none left, or none of the given roles. */
  expectAllowed(caller: Caller, anyOf: readonly AppRole[]): void;
  /** Charges what a request costs beyond the one token that every request takes; a full bucket always covers it. */
  charge(caller: Caller, tokens: number): void;
  /**
   * Refuses when the caller, or all callers together, have as many changes in progress as they may. Call the returned
   * function when the change is done.
   */
  beginChange(caller: Caller): () => void;
  /** The same for verifications, which change nothing, but may wait for minutes for a Job. */
  beginVerification(caller: Caller): () => void;
  /** The same for event streams. */
  openStream(caller: Caller): () => void;
}

export function createCallers(ports: Identify): Callers {
  const { limits } = ports.catalog;
  const limiter = createRateLimiter(limits);
  const changes = createConcurrencyLimit(limits.changes);
  const verifications = createConcurrencyLimit(limits.verifications);
  const streams = createConcurrencyLimit(limits.streams);
  const ends = new WeakMap<Caller, number>();
  return {
    identify: (request) => identify(ports, request, (caller, end) => void ends.set(caller, end)),
    validUntil: (caller) => ends.get(caller),
    expectAllowed(caller, anyOf) {
      consume(limiter, caller, 1);
      if (!hasRole(caller, anyOf)) throw new Refusal("FORBIDDEN", missingRole(anyOf));
    },
    charge(caller, tokens) {
      if (tokens > 0) consume(limiter, caller, Math.min(tokens, limits.burst - 1));
    },
    beginChange: ({ id }) => acquirePlace(changes, id, "changes"),
    beginVerification: ({ id }) => acquirePlace(verifications, id, "verifications"),
    openStream({ id }) {
      const place = streams.acquire(id);
      if (typeof place === "function") return place;
      const message = `The limits allow no more of ${place === "caller's" ? "your" : "all callers'"} streams at a time.`;
      throw new Refusal("TOO_MANY_STREAMS", message, { retryAfterSeconds: 5 });
    },
  };
}

function acquirePlace(limit: ConcurrencyLimit, caller: string, what: string): () => void {
  const place = limit.acquire(caller);
  if (typeof place === "function") return place;
  const [code, of] =
    place === "caller's" ? (["RATE_LIMITED", "your"] as const) : (["SERVICE_BUSY", "all callers'"] as const);
  throw new Refusal(code, `The limits allow no more of ${of} ${what} at a time.`, { retryAfterSeconds: 1 });
}

/** Whether the caller is authenticated, not the anonymous caller of a service without authentication. */
export function isProven(caller: Caller): boolean {
  return caller !== anybody;
}

function consume(limiter: RateLimiter, { id }: Caller, tokens: number): void {
  const retryAfterSeconds = limiter.consume(id, tokens);
  if (retryAfterSeconds === undefined) return;
  throw new Refusal("RATE_LIMITED", "You send requests more often than the limits allow.", { retryAfterSeconds });
}

/** Only the strongest credential counts: a valid header does not make up for a rejected token. */
async function identify(
  { catalog, tokens }: Identify,
  { headers }: Pick<HttpRequest, "headers">,
  noteEnd: (caller: Caller, end: number) => void,
): Promise<Caller> {
  const { auth } = catalog;
  if (!auth) return anybody;

  const authorization = headers.get("authorization");
  if (authorization !== null && tokens) {
    const [, token] = /^Bearer +([^ ]+)$/i.exec(authorization) ?? [];
    if (token === undefined) throw unauthenticated(catalog, "The Authorization header is not `Bearer <token>`.");
    const claims = await verify(catalog, tokens, token);
    const caller = callerOf(catalog, claims);
    if (claims.exp !== undefined) noteEnd(caller, claims.exp * 1_000);
    return caller;
  }
  const principal = headers.get("x-ms-client-principal");
  if (principal !== null && auth.easyAuth) {
    const claims = readClientPrincipal(principal);
    if (claims?.tid.toLowerCase() !== catalog.tenantId.toLowerCase())
      throw unauthenticated(catalog, "The client principal is not one of this tenant.");
    const caller = callerOf(catalog, claims);
    const end = (claims.exp ?? 0) * 1_000;
    // A browser's session goes on after the token that it began with, for as long as the platform lets it.
    if (end > Date.now()) noteEnd(caller, end);
    return caller;
  }
  const key = headers.get("x-mooring-key");
  if (key !== null) {
    const caller = callerOfKey(auth, key);
    if (caller) return caller;
    throw unauthenticated(catalog, "The key in x-mooring-key is not one of the catalog's.");
  }
  throw unauthenticated(catalog, "The request carries no proof of who sends it.");
}

async function verify(catalog: Catalog, tokens: NonNullable<Ports["tokens"]>, token: string): Promise<Claims> {
  try {
    return await tokens.verify(token);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw unauthenticated(catalog, error.message, error);
  }
}

/** RFC 9110, 11.6.1: every 401 says how to authenticate. Bearer is RFC 6750's; the key's scheme is our own. */
function unauthenticated({ auth }: Pick<Catalog, "auth">, message: string, cause?: Refusal): Refusal {
  const error = cause ? ', error="invalid_token"' : "";
  const challenges = [
    ...(auth?.entra || auth?.easyAuth ? [`Bearer realm="mooring"${error}`] : []),
    ...(Object.keys(auth?.keys ?? {}).length > 0 ? ['MooringKey realm="mooring", header="x-mooring-key"'] : []),
  ];
  return new Refusal("UNAUTHENTICATED", message, { challenge: challenges.join(", ") });
}
