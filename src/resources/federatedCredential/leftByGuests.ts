/**
 * Credentials that Mooring made on an identity for guests that are there no longer, such as one whose write took effect after its
 * guest had left: the namespace that it names does not look for it any more, so the identity's home does.
 */
import { homeOf, type IdentityUser, isGuest, namespaceKey } from "../../domain/naming/names.ts";
import type { FederatedCredential } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { askedOf } from "../definitions/identityMembers.ts";
import { namespaceOf } from "./ownName.ts";

/**
 * Of the identity's credentials, read before: whose guest has a record by now has it, or is about to. One that comes later waits for
 * the operation that holds the home (resources/identity/sharing.ts).
 */
export async function findLeftByGuests(
  { catalog, registry }: Pick<Ports, "catalog"> & { readonly registry: Pick<Ports["registry"], "getNamespace"> },
  user: IdentityUser,
  credentials: readonly FederatedCredential[],
): Promise<readonly FederatedCredential[]> {
  if (isGuest(user)) return [];
  const home = homeOf(user);
  const found = await Promise.all(
    credentials.map(async (each) => {
      const guest = namespaceOf(catalog, each);
      if (!guest || namespaceKey(guest) === namespaceKey(home)) return [];
      const record = await registry.getNamespace(guest);
      return record && askedOf(record, home).length > 0 ? [] : [each];
    }),
  );
  return found.flat();
}
