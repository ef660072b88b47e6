/**
 * A guest that has left is named in the record of its home no longer, so that the list does not grow with everybody who ever came.
 * It may be coming again: the record of the home is read before those of its guests and written by its ETag, and whoever comes writes
 * both in the other order, even if it is named already (joinIdentity.ts).
 */
import { homeOf, type IdentityUser, isGuest, namespaceKey } from "../../domain/naming/names.ts";
import type { Ports } from "../../ports/index.ts";
import { guestsIn } from "../../resources/definitions/identityMembers.ts";
import { amendNamespace } from "../amend.ts";

/** Takes every name off of which no record asks for the identity, also those that a crash has left. Idempotent. */
export async function leaveIdentity(
  { registry }: { readonly registry: Pick<Ports["registry"], "getNamespace" | "replaceNamespace"> },
  user: IdentityUser,
): Promise<void> {
  if (!isGuest(user)) return;
  const home = homeOf(user);
  await amendNamespace(registry, home, async (record) => {
    const { guests: named = [], ...rest } = record;
    const there = new Set((await guestsIn(registry, home, record)).map(namespaceKey));
    const guests = named.filter((each) => there.has(each));
    if (guests.length === named.length) return undefined;
    return guests.length > 0 ? { ...rest, guests } : rest;
  });
}
