import type { Catalog } from "../../domain/catalog/catalog.ts";
import { type Berth, federatedCredentialName, federatedSubject } from "../../domain/naming/names.ts";
import type { FederatedCredential } from "../../ports/identities.ts";

/** The account is one of the namespace's, and the name is the one that Mooring gives to its credential, whoever the issuer is. */
export function hasOwnName({ name, subject }: FederatedCredential, berth: Berth): boolean {
  const accounts = federatedSubject(berth.namespace, "");
  return subject.startsWith(accounts) && name === federatedCredentialName(berth, subject.slice(accounts.length));
}

/** The namespace for which Mooring gives a credential this name; undefined for a name of somebody else's. */
export function namespaceOf(
  { clusters }: Pick<Catalog, "clusters">,
  credential: FederatedCredential,
): Berth | undefined {
  const [, , namespace = ""] = credential.subject.split(":");
  return Object.keys(clusters)
    .map((cluster) => ({ cluster, namespace }))
    .find((berth) => hasOwnName(credential, berth));
}
