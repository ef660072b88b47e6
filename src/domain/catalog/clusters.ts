/**
 * Looks up a cluster's catalog entry by alias. Every activity does so again, and the operation's team reads the errors: they must
 * not reveal what else is in the catalog.
 */

import { PermanentError } from "../errors.ts";
import { lookUp } from "../lookUp.ts";
import { homeOf, type IdentityUser, identityName } from "../naming/names.ts";
import { isModeOf, whyNotMode } from "../request/identityModes.ts";
import type { IdentityMode } from "../request/request.ts";
import type { Catalog, ClusterTarget } from "./catalog.ts";
import { traitsOf } from "./clusterKinds.ts";

export function findCluster(catalog: Catalog, alias: string): ClusterTarget {
  const cluster = lookUp(catalog.clusters, alias);
  if (!cluster) throw new PermanentError("UNKNOWN_CLUSTER", `The catalog has no cluster "${alias}".`);
  return { ...cluster, alias };
}

export function findClusterFor(catalog: Catalog, alias: string, mode: IdentityMode): ClusterTarget {
  const cluster = findCluster(catalog, alias);
  if (!cluster.identityModes.includes(mode)) {
    const offers = `it offers ${cluster.identityModes.join(", ")}`;
    const why = isModeOf(cluster.kind, mode) ? offers : `${offers}, and ${whyNotMode(cluster.kind, mode)}`;
    throw new PermanentError("MODE_NOT_ALLOWED", `Cluster "${alias}" does not offer identityMode ${mode}; ${why}.`);
  }
  return cluster;
}

/** The resource ID of the cluster, if the catalog gives it for identity bindings: only then does Mooring look for any. */
export function clusterIdOf(cluster: ClusterTarget): string | undefined {
  return traitsOf(cluster).identityBinding?.clusterId;
}

/** The resource ID of the cluster, if the catalog says that profiles of managed namespaces are written there. */
export function managingClusterIdOf(cluster: ClusterTarget): string | undefined {
  return traitsOf(cluster).managedNamespaces?.clusterId;
}

/** Of the identity that the namespace has. */
export function identityIdOf(catalog: Catalog, user: IdentityUser): string {
  const { subscriptionId, resourceGroup, name } = identityRef(catalog, user);
  const provider = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/${provider}/${name}`;
}

/** It is where the identities of its own namespace's cluster are. */
export function identityRef(catalog: Catalog, user: IdentityUser) {
  const cluster = findCluster(catalog, homeOf(user).cluster);
  return {
    subscriptionId: cluster.subscriptionId,
    resourceGroup: cluster.identityResourceGroup,
    name: identityName(user),
  };
}
