/** What was there before Mooring came: the walk-through checks that all of it stays as it is. */
import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { type Cloud, names } from "../cloud.ts";
import type { TeamCluster } from "./cluster.ts";

export function createIdentityClient({ arm, world, credentialOf }: Cloud): ManagedServiceIdentityClient {
  return new ManagedServiceIdentityClient(credentialOf("operator"), world.subscriptionId, {
    endpoint: arm.url,
    // The sandbox is another endpoint of the same Azure.
    credentialScopes: "https://management.azure.com/.default",
  });
}

/** An identity of the cluster itself, a user of a report, and a namespace with a ConfigMap and nothing to do with us. */
export async function prepareCloud(cloud: Cloud, cluster: TeamCluster): Promise<void> {
  const { location = "", nodeResourceGroup = "" } = cloud.world.clusters.get(names.cluster) ?? {};
  await createIdentityClient(cloud).userAssignedIdentities.createOrUpdate(nodeResourceGroup, "aks-dev-agentpool", {
    location,
  });
  await cloud.sql
    .database("orders")
    .runScript("CREATE USER reporting WITHOUT LOGIN; ALTER ROLE db_datareader ADD MEMBER reporting;");
  await cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team-c" } });
  await cluster.create({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "feature-flags", namespace: "team-c" },
    data: { DARK_MODE: "on" },
  });
}
