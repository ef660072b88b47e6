/** What exists before Mooring does anything: the walk-through checks that all of it stays as it is. */
import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { type Cloud, names } from "../cloud.ts";
import type { TeamCluster } from "./cluster.ts";

export function createIdentityClient({ arm, world, credentialOf }: Cloud): ManagedServiceIdentityClient {
  return new ManagedServiceIdentityClient(credentialOf("operator"), world.subscriptionId, {
    endpoint: arm.url,
    // The sandbox has another endpoint, but its tokens are for the same Azure.
    credentialScopes: "https://management.azure.com/.default",
  });
}

/** The cluster's own identity, a user for reports, and a namespace with a ConfigMap that has nothing to do with Mooring. */
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
