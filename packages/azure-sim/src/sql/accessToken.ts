/** Verifies Entra access tokens and finds their principals in a database. */
import { errors } from "jose";
import { verifyToken } from "../verifyToken.ts";
import { findPrincipal, type World } from "../world.ts";
import { type DatabaseData, findUserBySid, principalIds } from "./engine/database.ts";
import { guidToBytes } from "./engine/sqlTypes.ts";
import { loginFailed } from "./errors.ts";

export const tokenUser = "<token-identified principal>";
export const audience = "https://database.windows.net/";

/** The client id of a valid token. Like Azure, it does not say why a token is invalid. */
export async function verifyAccessToken(token: string, { world }: { world: World }): Promise<string> {
  try {
    const { appid, tid } = await verifyToken(token, world.entraKey, {
      algorithms: ["RS256"],
      audience: [audience, audience.slice(0, -1)],
      currentDate: world.now(),
      requiredClaims: ["exp", "appid", "tid"],
    });
    if (tid !== world.tenantId || typeof appid !== "string" || !/^[0-9a-f-]{36}$/i.test(appid))
      throw loginFailed(tokenUser);
    return appid.toLowerCase();
  } catch (error) {
    // A bug here must not pass for an invalid token.
    throw error instanceof errors.JOSEError ? loginFailed(tokenUser) : error;
  }
}

/**
 * The database principal of a client id: dbo for the server's Entra administrator (whom Azure knows by object id),
 * otherwise the user whose SID is the *client id*. A user created from an object id exists but is never found here.
 */
export function principalOf(
  clientId: string,
  { world, server, data }: { world: World; server: string; data: DatabaseData },
): number {
  const administrator = world.sqlServers.get(server)?.entraAdmin?.objectId.toLowerCase();
  // "Removing the Microsoft Entra admin for server prevents any Microsoft Entra authentication-based connections."
  if (administrator === undefined) throw loginFailed(tokenUser);
  if (findPrincipal(world, clientId)?.principalId.toLowerCase() === administrator) {
    return principalIds.dbo;
  }
  const user = findUserBySid(data, guidToBytes(clientId));
  const mayConnect =
    user?.type === "E" && data.grants.list("grantee", user.id).some(({ permission }) => permission === "CONNECT");
  if (!mayConnect) throw loginFailed(tokenUser);
  return user.id;
}
