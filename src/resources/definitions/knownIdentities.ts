/** The identity of a namespace as its record knows it, from its first verification on, and as it is. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { identityRef } from "../../domain/catalog/clusters.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { IdentityPair } from "../../domain/naming/identityPair.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { presentIdentity } from "../../domain/operation/identities.ts";
import type { Ports } from "../../ports/index.ts";

/** More than one where somebody has made another of its name: a change may use that one. */
export async function knownIdentities(
  ports: Pick<Ports, "catalog" | "identities" | "registry">,
  namespaceRef: NamespaceRef,
): Promise<readonly IdentityPair[]> {
  const [recorded, current] = await Promise.all([
    recordedIdentity(ports, namespaceRef),
    currentIdentity(ports, namespaceRef),
  ]);
  const isSame = recorded?.principalId === current?.principalId;
  return [recorded, isSame ? undefined : current].filter((each) => each !== undefined);
}

async function recordedIdentity(
  { registry }: Pick<Ports, "registry">,
  namespaceRef: NamespaceRef,
): Promise<IdentityPair | undefined> {
  const record = await registry.getNamespace(namespaceRef);
  return record && presentIdentity(record);
}

/** Nobody knows where it is if the catalog has dropped the cluster. */
export async function currentIdentity(
  { catalog, identities }: Pick<Ports, "identities"> & { readonly catalog: Catalog },
  namespaceRef: NamespaceRef,
): Promise<IdentityPair | undefined> {
  if (lookUp(catalog.clusters, namespaceRef.cluster) === undefined) return undefined;
  const found = await identities.get(identityRef(catalog, namespaceRef));
  return found && IdentityPair.parse(found);
}
