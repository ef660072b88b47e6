import { createHash, timingSafeEqual } from "node:crypto";
import type { Auth } from "./access.ts";
import type { Caller } from "./caller.ts";

/** Distinguishes a key's name from a token's object ID. */
export const keyPrefix = "key:";

/**
 * The caller that a key belongs to. Compares all digests, each in constant time, so that timing reveals nothing about a key or
 * its position in the catalog.
 */
export function callerOfKey({ keys }: Pick<Auth, "keys">, presented: string): Caller | undefined {
  const digest = createHash("sha256").update(presented).digest();
  let found: Caller | undefined;
  for (const [name, { sha256, roles, teams }] of Object.entries(keys)) {
    if (timingSafeEqual(digest, Buffer.from(sha256, "hex"))) found = { id: `${keyPrefix}${name}`, name, teams, roles };
  }
  return found;
}
