/** Who is behind a caller's ID. A person may call with a token and with a key, and is still one person. */
import type { Auth } from "./access.ts";
import { keyPrefix } from "./localKeys.ts";

/**
 * The same for everything with which a person calls. Undefined for a key that names no owner where people also sign in: its
 * holder may be any of them.
 */
export type PersonOf = (callerId: string) => string | undefined;

export function createPersonOf(auth: Pick<Auth, "entra" | "easyAuth" | "keys"> | undefined): PersonOf {
  return (id) => {
    if (!auth || !id.startsWith(keyPrefix)) return id;
    const name = id.slice(keyPrefix.length);
    const { owner } = (Object.hasOwn(auth.keys, name) && auth.keys[name]) || { owner: undefined };
    if (owner !== undefined) return owner.toLowerCase();
    return auth.entra || auth.easyAuth ? undefined : id;
  };
}
