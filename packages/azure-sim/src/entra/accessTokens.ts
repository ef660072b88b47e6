/** Access tokens of the kind that Microsoft Entra issues for Azure services: v1.0 claims, signed with the world's key. */
import { randomUUID } from "node:crypto";
import { errors, SignJWT } from "jose";
import { verifyToken } from "../verifyToken.ts";
import type { ServicePrincipal, World } from "../world.ts";

/** Lifetimes: an hour for Entra's client-credentials tokens, a day for those of managed identity endpoints. */
export const hour = 3599;
export const day = 86_399;

export async function mintAccessToken(
  world: World,
  { clientId, principalId }: Pick<ServicePrincipal, "clientId" | "principalId">,
  audience: string,
  { lifetimeSeconds = hour }: { lifetimeSeconds?: number } = {},
): Promise<string> {
  const issuer = issuerOf(world);
  const now = Math.floor(world.now().getTime() / 1000);
  return new SignJWT({
    appid: clientId,
    appidacr: "2",
    idp: issuer,
    idtyp: "app",
    oid: principalId,
    tid: world.tenantId,
    uti: randomUUID().replaceAll("-", "").slice(0, 22),
    ver: "1.0",
  })
    .setProtectedHeader({ typ: "JWT", alg: "RS256", kid: world.entraKey.kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(principalId)
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(world.entraKey.privateKey);
}

export type TokenCheck =
  | { readonly outcome: "valid"; readonly clientId: string; readonly principalId: string }
  | { readonly outcome: "expired"; readonly expiredAt: Date }
  | { readonly outcome: "wrongAudience"; readonly audience: string }
  | { readonly outcome: "invalid" };

/** What any Azure service checks about a token before it checks rights. */
export async function checkAccessToken(world: World, token: string, audiences: readonly string[]): Promise<TokenCheck> {
  try {
    const { aud, appid, oid } = await verifyToken(token, world.entraKey, {
      issuer: issuerOf(world),
      currentDate: world.now(),
    });
    const audience = String(aud);
    if (!audiences.includes(audience)) return { outcome: "wrongAudience", audience };
    if (typeof appid !== "string" || typeof oid !== "string") return { outcome: "invalid" };
    return { outcome: "valid", clientId: appid, principalId: oid };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      return { outcome: "expired", expiredAt: new Date((error.payload.exp ?? 0) * 1000) };
    }
    if (error instanceof errors.JOSEError || error instanceof TypeError) return { outcome: "invalid" };
    throw error;
  }
}

function issuerOf(world: World): string {
  return `https://sts.windows.net/${world.tenantId}/`;
}
