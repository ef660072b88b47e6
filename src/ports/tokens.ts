/** Callers: Microsoft Entra. */
import type { Claims } from "../domain/policy/claims.ts";

export interface Tokens {
  /** The claims of an access token for Mooring; UNAUTHENTICATED for any other token, and if the keys cannot be read. */
  verify(token: string): Promise<Claims>;
}
