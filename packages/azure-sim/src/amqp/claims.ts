/** What a connection's tokens allow, and the check of a token. */
import { randomUUID } from "node:crypto";
import { verifyToken } from "../verifyToken.ts";
import { findPrincipal, type ServicePrincipal, type World } from "../world.ts";
import { BrokerError } from "./errors.ts";

/** As the service names them in its refusals. */
export type Claim = "Send" | "Listen";

/** Whether a principal may do that with what is at the path; asked again for every link. */
export type May = (principal: ServicePrincipal, claim: Claim, path: string) => boolean;

export type TokenCheck = (token: string) => Promise<ServicePrincipal>;

export interface Claims {
  add(audience: string, principal: ServicePrincipal): void;
  /** Whose token the connection has for the entity, or for something above it. */
  find(path: string): ServicePrincipal | undefined;
}

export function createClaims(): Claims {
  const principals = new Map<string, ServicePrincipal>();
  return {
    add(audience, principal) {
      principals.set(managedPath(audience).toLowerCase(), principal);
    },
    find(path) {
      const parts = path.toLowerCase().split("/");
      const above = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
      return ["", ...above].map((each) => principals.get(each)).findLast((each) => each !== undefined);
    },
  };
}

/** Checks signature, audience, lifetime and tenant, and that the principal is known. */
export function createTokenCheck(world: World, expected: readonly string[]): TokenCheck {
  return async (token) => {
    const { aud, tid, appid, azp } = await verifyToken(token, world.entraKey, {
      currentDate: world.now(),
      requiredClaims: ["exp"],
    });
    // SDKs request scopes such as `https://servicebus.azure.net//.default`; the audience may end in any number of slashes.
    const audiences = [aud ?? []].flat().map((audience) => audience.replace(/\/+$/, ""));
    if (!audiences.some((audience) => expected.includes(audience))) {
      throw new Error(`The token's audience is ${audiences.join(", ")}; it must be ${expected.join(" or ")}.`);
    }
    if (tid !== world.tenantId) throw new Error("The token is from another tenant.");
    const clientId = appid ?? azp;
    const principal = typeof clientId === "string" ? findPrincipal(world, clientId) : undefined;
    if (!principal) throw new Error(`The token's principal ${String(clientId)} is not known.`);
    return principal;
  };
}

interface Asking {
  readonly claims: Claims;
  readonly may: May;
  /** Of the namespace. */
  readonly host: string;
}

/** Throws unless the connection has a token for the path, of a principal that has one of the claims there. */
export function expectClaim({ claims, may, host }: Asking, path: string, ...wanted: readonly Claim[]): void {
  const principal = claims.find(path);
  if (!principal)
    throw new BrokerError("amqp:unauthorized-access", `This connection has no token for ${path || "the namespace"}.`);
  if (wanted.some((claim) => may(principal, claim, path))) return;
  const tracked = `TrackingId:${randomUUID()}, SystemTracker:NoSystemTracker, Timestamp:${new Date().toISOString().slice(0, 19)}`;
  throw new BrokerError(
    "amqp:unauthorized-access",
    `Unauthorized access. '${wanted.join(", ")}' claim(s) are required to perform this operation. Resource: 'sb://${host}/${path}'. ${tracked}`,
  );
}

/** The path of the entity, also where the token is for its management node. */
export function managedPath(audience: string): string {
  return entityPath(audience).replace(/\/?\$management$/i, "");
}

/** The part after the host of `sb://namespace/queue` or `amqp://namespace/queue/$management`. */
export function entityPath(audience: string): string {
  return audience.replace(/^[a-z]+:\/\/[^/]*\/?/i, "").replace(/\/+$/, "");
}
