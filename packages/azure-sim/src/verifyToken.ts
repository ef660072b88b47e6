/**
 * Verifies a signed token. Clients send the same one with every request, and a signature takes more time than the rest of most answers:
 * what it says is remembered, and claims (lifetime, audience, issuer) are compared every time.
 */
import { base64url, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, UnsecuredJWT } from "jose";
import type { SigningKey } from "./world.ts";

/** By key and token: the token without its signature, or undefined if another key signed it. */
const known = new WeakMap<SigningKey["publicKey"], Map<string, string | undefined>>();
const unsigned = base64url.encode(JSON.stringify({ alg: "none" }));

/** Throws a JOSEError, as jose's `jwtVerify` does. */
export async function verifyToken(
  token: string,
  { publicKey }: Pick<SigningKey, "publicKey">,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const tokens = known.get(publicKey) ?? new Map<string, string | undefined>();
  known.set(publicKey, tokens);
  if (!tokens.has(token)) return await verifyFirst(token, publicKey, options, tokens);
  const verified = tokens.get(token);
  if (verified === undefined) throw new errors.JWSSignatureVerificationFailed();
  return UnsecuredJWT.decode(verified, options).payload;
}

async function verifyFirst(
  token: string,
  key: SigningKey["publicKey"],
  options: JWTVerifyOptions,
  tokens: Map<string, string | undefined>,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, options);
    tokens.set(token, `${unsigned}.${token.split(".")[1]}.`);
    return payload;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) tokens.set(token, undefined);
    throw error;
  }
}
