import type { Catalog } from "../../domain/catalog/catalog.ts";
import { federatedCredentialName, federatedSubject, type NamespaceRef } from "../../domain/naming/names.ts";
import type { FederatedCredential } from "../../ports/identities.ts";

/** The account is one of the namespace's, and the name is the one that Mooring gives to its credential, whoever the issuer is. */
export function hasOwnName({ name, subject }: FederatedCredential, namespaceRef: NamespaceRef): boolean {
  const accounts = federatedSubject(namespaceRef.namespace, "");
  return subject.startsWith(accounts) && name === federatedCredentialName(namespaceRef, subject.slice(accounts.length));
}

/** The namespace for which Mooring gives a credential this name; undefined for a name of somebody else's. */
export function namespaceOf(
  { clusters }: Pick<Catalog, "clusters">,
  credential: FederatedCredential,
): NamespaceRef | undefined {
  const [, , namespace = ""] = credential.subject.split(":");
  return Object.keys(clusters)
    .map((cluster) => ({ cluster, namespace }))
    .find((namespaceRef) => hasOwnName(credential, namespaceRef));
}
