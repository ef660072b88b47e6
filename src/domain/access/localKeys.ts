import { createHash, timingSafeEqual } from "node:crypto";
import type { Auth } from "./access.ts";
import type { Caller } from "./caller.ts";

/**
 * The caller that a key belongs to. Digests are compared in constant time and all of them are, so that neither the time
 * nor the order in the catalog tells anything about a key.
 */
export function callerOfKey({ keys }: Pick<Auth, "keys">, presented: string): Caller | undefined {
  const digest = createHash("sha256").update(presented).digest();
  let found: Caller | undefined;
  for (const [name, { sha256, roles, teams }] of Object.entries(keys)) {
    // The prefix keeps a key's name apart from the object id of a token.
    if (timingSafeEqual(digest, Buffer.from(sha256, "hex"))) found = { id: `key:${name}`, name, teams, roles };
  }
  return found;
}
