/** What a connection's tokens allow, and the check of a token. */
import { jwtVerify } from "jose";
import { findPrincipal, type World } from "../world.ts";

export type TokenCheck = (token: string) => Promise<void>;

export interface Claims {
  add(audience: string): void;
  /** Whether the connection has a token for the entity, or for something above it. */
  cover(path: string): boolean;
}

export function createClaims(): Claims {
  const paths = new Set<string>();
  return {
    add(audience) {
      paths.add(entityPath(audience).toLowerCase());
    },
    cover(path) {
      const parts = path.toLowerCase().split("/");
      return paths.has("") || parts.some((_, index) => paths.has(parts.slice(0, index + 1).join("/")));
    },
  };
}

/** Checks signature, audience, lifetime and tenant, and that the principal is known and authorized. */
export function createTokenCheck(world: World, authorized: Pick<ReadonlySet<string>, "has">): TokenCheck {
  return async (token) => {
    const { payload } = await jwtVerify(token, world.entraKey.publicKey, {
      currentDate: world.now(),
      requiredClaims: ["exp"],
    });
    // The SDK requests the scope `https://servicebus.azure.net//.default`; the audience may end in any number of slashes.
    const audiences = [payload.aud ?? []].flat().map((audience) => audience.replace(/\/+$/, ""));
    if (!audiences.includes("https://servicebus.azure.net")) {
      throw new Error(`The token's audience is ${audiences.join(", ")}; it must be https://servicebus.azure.net.`);
    }
    const { tid, appid, azp } = payload;
    if (tid !== world.tenantId) throw new Error("The token is from another tenant.");
    const clientId = appid ?? azp;
    if (typeof clientId !== "string" || !findPrincipal(world, clientId)) {
      throw new Error(`The token's principal ${String(clientId)} is not known.`);
    }
    if (!authorized.has(clientId)) {
      throw new Error(
        `The principal ${clientId} has no role on this namespace: assign it Azure Service Bus Data Owner.`,
      );
    }
  };
}

/** The part after the host of `sb://namespace/queue` or `amqp://namespace/queue/$management`. */
export function entityPath(audience: string): string {
  return audience.replace(/^[a-z]+:\/\/[^/]*\/?/i, "").replace(/\/+$/, "");
}
