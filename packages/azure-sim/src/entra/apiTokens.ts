/** Access tokens for an application of the tenant, such as Mooring's API: v2.0 claims, with app roles and groups. */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { World } from "../world.ts";
import { hour } from "./accessTokens.ts";

export interface ApiTokenRequest {
  /** Client id of the application for which the token is issued. */
  readonly audience: string;
  /** Object id of the person or service principal. */
  readonly oid: string;
  /** The client that requests the token; a workload requests its own. */
  readonly clientId: string;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  /** Set if the client calls on behalf of a person; absent for a workload. */
  readonly scope?: string;
  /** Claims to override; undefined leaves one out. */
  readonly changes?: Readonly<Record<string, unknown>>;
}

export async function mintApiToken(world: World, issuer: string, request: ApiTokenRequest): Promise<string> {
  const { audience, oid, clientId, roles = [], groups = [], scope, changes } = request;
  const now = Math.floor(world.now().getTime() / 1000);
  const claims = {
    iss: issuer,
    aud: audience,
    iat: now,
    nbf: now,
    exp: now + hour,
    azp: clientId,
    azpacr: "2",
    oid,
    sub: oid,
    tid: world.tenantId,
    uti: randomUUID().replaceAll("-", "").slice(0, 22),
    ver: "2.0",
    // Entra omits empty lists.
    ...(roles.length > 0 ? { roles } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(scope === undefined ? {} : { scp: scope }),
    ...changes,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ typ: "JWT", alg: "RS256", kid: world.entraKey.kid })
    .sign(world.entraKey.privateKey);
}
