/** Which clusters of the catalog bind an identity: as long as one does, Azure's own credential of the identity stays. */
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster, identityIdOf } from "../../domain/catalog/clusters.ts";
import type { IdentityUser, NamespaceRef } from "../../domain/naming/names.ts";
import { isSameId } from "../../domain/naming/resourceId.ts";
import type { BindingRef, IdentityBinding } from "../../ports/identityBindings.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";

type Looking = Pick<Ports, "catalog" | "identityBindings">;

export async function bindingsOf(
  { catalog, identityBindings }: Looking,
  user: IdentityUser,
): Promise<readonly BindingRef[]> {
  const identityId = identityIdOf(catalog, user);
  const found = await Promise.all(
    clusterIdsIn(catalog).map(async (clusterId) => {
      const bindings = await identityBindings.listAt(clusterId);
      return bindings.filter((each) => binds(each, identityId)).map(({ name }) => ({ clusterId, name }));
    }),
  );
  return found.flat();
}

export function binds(binding: IdentityBinding, identityId: string): boolean {
  return isSameId(binding.identityId, identityId);
}

/** A cluster may be in the catalog under several aliases. */
function clusterIdsIn({ clusters }: Catalog): readonly string[] {
  const ids = Object.entries(clusters).flatMap(([alias, each]) => clusterIdOf({ ...each, alias }) ?? []);
  return [...new Map(ids.map((id) => [id.toLowerCase(), id])).values()];
}

/** Whether the namespace is in the cluster, which the catalog may have under several aliases. */
export function isInCluster(
  { catalog }: Pick<Ports, "catalog">,
  cluster: ClusterTarget,
  { cluster: alias }: Pick<NamespaceRef, "cluster">,
): boolean {
  if (alias === cluster.alias) return true;
  const id = clusterIdOf(cluster);
  const other = unlessDropped(
    () => clusterIdOf(findCluster(catalog, alias)),
    () => undefined,
  );
  return id !== undefined && other !== undefined && isSameId(id, other);
}
