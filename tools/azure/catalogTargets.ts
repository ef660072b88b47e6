/** The clusters and servers of a catalog, by their names in Azure. */
import { type ClusterFeatures, featuresOf } from "../../sandbox/clusterRights.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { type Login, traitsOf, userNameIn } from "../../src/domain/catalog/clusterKinds.ts";

export interface Target {
  /** The name of the catalog's entry. */
  readonly alias: string;
  readonly subscriptionId: string;
}

export interface ClusterTarget extends Target, ClusterFeatures {
  /** The host of its API server, by which a managed cluster is found. */
  readonly host: string;
  readonly identityResourceGroup: string;
  readonly oidcIssuer: string | undefined;
  readonly login: Login;
  /** The name by which it knows Mooring, whose identity has this object ID. */
  userName(objectId: string): string;
}

export interface SqlTarget extends Target {
  readonly resourceId: string;
  readonly host: string;
  readonly port: number;
  readonly databases: readonly string[];
}

export function clustersOf(catalog: Catalog): readonly ClusterTarget[] {
  return Object.entries(catalog.clusters).map(([alias, cluster]) => {
    const { apiServer, oidcIssuer, subscriptionId, identityResourceGroup } = cluster;
    return {
      alias,
      subscriptionId,
      identityResourceGroup,
      oidcIssuer,
      login: traitsOf(cluster).login,
      ...featuresOf(catalog, cluster),
      host: new URL(apiServer).hostname,
      userName: (objectId) => userNameIn(cluster, objectId),
    };
  });
}

export function sqlServersOf({ sqlServers }: Catalog): readonly SqlTarget[] {
  return Object.entries(sqlServers).map(([alias, { resourceId, host, port, databases }]) => ({
    alias,
    resourceId,
    host,
    port,
    subscriptionId: resourceId.split("/")[2] ?? "",
    databases: Object.keys(databases),
  }));
}
