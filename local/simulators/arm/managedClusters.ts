/** Microsoft.ContainerService/managedClusters, read-only: the clusters of the world, as `az aks show` prints them. */
import type { Cluster, World } from "../world.ts";
import { isSame } from "./resourcePath.ts";
import { notFound, page, type ResourceType } from "./resources.ts";

const type = "Microsoft.ContainerService/managedClusters";

export function managedClusters(world: World): ResourceType {
  const inSubscription = (subscriptionId: string) =>
    inAzure(world).filter(({ subscriptionId: own = subscriptionId }) => isSame(own, subscriptionId));
  return {
    type,
    apiVersions: ["2024-09-01", "2025-01-01", "2025-05-01", "2025-07-01", "2025-09-01", "2025-10-01"],
    list(call) {
      const { subscriptionId, resourceGroup } = call.path;
      const found = inSubscription(subscriptionId).filter(
        (each) => resourceGroup === undefined || isSame(groupOf(each), resourceGroup),
      );
      return page(
        call,
        found.map((each) => describeCluster(world, each, subscriptionId)),
      );
    },
    GET({ path }) {
      const { subscriptionId, resourceGroup = "", names } = path;
      const found = inSubscription(subscriptionId).find(
        (each) => isSame(each.name, names[0] ?? "") && isSame(groupOf(each), resourceGroup),
      );
      if (!found) throw notFound(path);
      return { status: 200, body: describeCluster(world, found, subscriptionId) };
    },
  };
}

export function inAzure({ clusters }: World): readonly Cluster[] {
  return [...clusters.values()].filter(({ isOutsideAzure }) => !isOutsideAzure);
}

/** AKS calls a cluster's second group `MC_<group>_<cluster>_<location>`. */
export function groupOf({ nodeResourceGroup, name, location }: Cluster): string {
  const ending = `_${name}_${location}`.toLowerCase();
  const isUsual = /^MC_/i.test(nodeResourceGroup) && nodeResourceGroup.toLowerCase().endsWith(ending);
  return isUsual ? nodeResourceGroup.slice("MC_".length, -ending.length) : nodeResourceGroup;
}

export function describeCluster({ tenantId }: World, cluster: Cluster, subscriptionId: string) {
  const { name, location, oidcIssuer, nodeResourceGroup, hasWorkloadIdentityWebhook } = cluster;
  const dnsPrefix = `${name}-dns`;
  return {
    id: `/subscriptions/${subscriptionId}/resourceGroups/${groupOf(cluster)}/providers/${type}/${name}`,
    name,
    type,
    location,
    tags: {},
    properties: {
      provisioningState: "Succeeded",
      powerState: { code: "Running" },
      kubernetesVersion: "1.32.3",
      dnsPrefix,
      fqdn: `${dnsPrefix}.hcp.${location}.azmk8s.io`,
      nodeResourceGroup,
      enableRBAC: true,
      aadProfile: { managed: true, enableAzureRBAC: false, tenantID: tenantId },
      disableLocalAccounts: false,
      oidcIssuerProfile: { enabled: true, issuerURL: oidcIssuer },
      securityProfile: { workloadIdentity: { enabled: hasWorkloadIdentityWebhook } },
      agentPoolProfiles: [],
    },
  };
}
