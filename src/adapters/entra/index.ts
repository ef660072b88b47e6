/**
 * Entra access tokens, verified with the keys that the issuer's discovery document names
 * (learn.microsoft.com "Microsoft identity platform access tokens": validate tokens).
 */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import type { EntraSettings } from "../../domain/access/access.ts";
import { Claims } from "../../domain/policy/claims.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Tokens } from "../../ports/tokens.ts";

/** How much the clocks of two machines may differ. */
const clockToleranceSeconds = 300;
const fetchTimeoutMs = 5_000;

export function createTokens({ issuer, audiences, tenantId }: EntraSettings & { readonly tenantId: string }): Tokens {
  const keys = openKeys(issuer);
  return {
    async verify(token) {
      const payload = await verify(token, await keys(), { issuer, audiences });
      const claims = Claims.safeParse(payload).data;
      if (!claims || (claims.azp ?? claims.appid) === undefined) {
        throw refuse("it is not an access token of a tenant: oid, tid or azp is missing");
      }
      // In v2.0 the issuer implies the tenant, but not under a custom domain.
      if (claims.tid.toLowerCase() !== tenantId.toLowerCase()) throw refuse("it comes from another tenant");
      return claims;
    },
  };
}

async function verify(token: string, key: JWTVerifyGetKey, { issuer, audiences }: EntraSettings): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, key, {
      // Listed, so that neither `none` nor a key used as an HMAC secret is even tried.
      algorithms: ["RS256"],
      issuer,
      audience: audiences,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ["exp", "nbf"],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refuse("it has expired", error);
    if (error instanceof errors.JWTClaimValidationFailed)
      throw refuse(`its claim ${error.claim} is not accepted`, error);
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
      throw refuse("its key is not one of the issuer's", error);
    }
    if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid)
      throw refuse("it is not a JWT", error);
    if (error instanceof errors.JOSENotSupported) throw refuse("it uses an extension of JWS", error);
    if (error instanceof errors.JOSEAlgNotAllowed) throw refuse("it is not signed with RS256", error);
    if (error instanceof errors.JWSSignatureVerificationFailed) throw refuse("its signature is wrong", error);
    throw keysUnreadable(error);
  }
}

/** Reads the discovery document once; a failure is not cached. */
function openKeys(issuer: string): () => Promise<JWTVerifyGetKey> {
  let opened: Promise<JWTVerifyGetKey> | undefined;
  return async () => {
    const opening = opened ?? discover(issuer);
    opened = opening;
    try {
      return await opening;
    } catch (error) {
      if (opened === opening) opened = undefined;
      throw keysUnreadable(error);
    }
  };
}

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https$/ }) });

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(fetchTimeoutMs) });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  const document = Discovery.parse(await response.json());
  if (document.issuer !== issuer) throw new Error(`${address} names issuer ${document.issuer}`);
  return createRemoteJWKSet(new URL(document.jwks_uri), { timeoutDuration: fetchTimeoutMs });
}

function keysUnreadable(cause: unknown): Refusal {
  return refuse("the issuer's keys cannot be read at the moment; send it again", cause);
}

function refuse(why: string, cause?: unknown): Refusal {
  return new Refusal("UNAUTHENTICATED", `The access token is not accepted: ${why}.`, {}, { cause });
}
