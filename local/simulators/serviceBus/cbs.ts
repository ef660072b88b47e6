/**
 * $cbs: the node that takes a client's tokens (AMQP claims-based security). A token names the entity that it is for;
 * links to other entities stay refused.
 */
import { importJWK, jwtVerify } from "jose";
import rhea, { type EventContext } from "rhea";
import { findPrincipal, type World } from "../world.ts";
import { BrokerError } from "./errors.ts";
import { meet, type Peer, perform, reply } from "./peer.ts";

export type TokenCheck = (token: string) => Promise<void>;

export interface Claims {
  add(audience: string): void;
  /** Whether a token was put for the entity, or for something above it. */
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
export async function createTokenCheck(world: World, authorized: ReadonlySet<string>): Promise<TokenCheck> {
  const key = await importJWK(world.entraKey.publicJwk, "RS256");
  return async (token) => {
    const { payload } = await jwtVerify(token, key, { currentDate: world.now(), requiredClaims: ["exp"] });
    // The SDK asks for the scope `https://servicebus.azure.net//.default`; what it gets may end in any number of slashes.
    const audiences = [payload.aud ?? []].flat().map((audience) => audience.replace(/\/+$/, ""));
    if (!audiences.includes("https://servicebus.azure.net")) {
      throw new Error(`The token's audience is ${audiences.join(", ")}; it must be https://servicebus.azure.net.`);
    }
    const { tid, appid, azp } = payload;
    if (tid !== world.tenantId) throw new Error("The token is of another tenant.");
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

export async function answerPutToken(peer: Peer, { message, receiver, delivery }: EventContext): Promise<void> {
  delivery?.accept();
  if (!message || !receiver) return;
  const properties: Record<string, unknown> = message.application_properties ?? {};
  const audience = String(properties["name"]);
  const answer = (status: number, description: string) =>
    reply(peer, message, { "status-code": rhea.types.wrap_int(status), "status-description": description });
  const effect = await meet(peer, "putToken", entityPath(audience));
  const failure = await check(peer.checkToken, properties, message.body);
  perform(peer, effect, {
    act() {
      if (failure !== undefined) throw new BrokerError("amqp:unauthorized-access", failure);
      peer.claims.add(audience);
    },
    answer: () => answer(202, "Accepted"),
    refuse: ({ description, status }) => answer(status ?? 401, description),
  });
}

/** Why the token is no good, or undefined. */
async function check(checkToken: TokenCheck, properties: Record<string, unknown>, token: unknown) {
  if (properties["operation"] !== "put-token") return `$cbs has no operation ${String(properties["operation"])}.`;
  if (properties["type"] !== "jwt" || typeof token !== "string") return "Only tokens of type jwt are taken here.";
  try {
    await checkToken(token);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `sb://namespace/queue` and `amqp://namespace/queue/$management` name what follows the host. */
function entityPath(audience: string): string {
  return audience.replace(/^[a-z]+:\/\/[^/]*\/?/i, "").replace(/\/+$/, "");
}
