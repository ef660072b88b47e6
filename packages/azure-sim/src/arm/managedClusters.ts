/** Microsoft.ContainerService/managedClusters, read-only: the clusters of the world, as `az aks show` prints them. */
import type { Cluster, World } from "../world.ts";
import { isSame, type ResourcePath } from "./resourcePath.ts";
import { notFound, page, type ResourceType } from "./resources.ts";

const type = "Microsoft.ContainerService/managedClusters";

export function managedClusters(world: World): ResourceType {
  const inSubscription = (subscriptionId: string) =>
    inAzure(world).filter(({ subscriptionId: own = subscriptionId }) => isSame(own, subscriptionId));
  return {
    type,
    apiVersions: ["2024-09-01", "2025-01-01", "2025-05-01", "2025-07-01", "2025-09-01", "2025-10-01", "2026-04-01"],
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
      const found = findCluster(world, path);
      if (!found) throw notFound(path);
      return { status: 200, body: describeCluster(world, found, path.subscriptionId) };
    },
  };
}

export function inAzure({ clusters }: World): readonly Cluster[] {
  return [...clusters.values()].filter(({ isOutsideAzure }) => !isOutsideAzure);
}

/** The cluster that a path names, of itself or of something in it. */
export function findCluster(
  world: World,
  { subscriptionId, resourceGroup = "", names }: ResourcePath,
): Cluster | undefined {
  const asked = idOf({ subscriptionId, resourceGroup, name: names[0] ?? "" });
  return inAzure(world).find((each) => isSame(clusterIdOf(each, subscriptionId), asked));
}

function idOf({
  subscriptionId,
  resourceGroup,
  name,
}: {
  subscriptionId: string;
  resourceGroup: string;
  name: string;
}) {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`;
}

export function clusterIdOf(cluster: Cluster, subscriptionId: string): string {
  const { id, name, subscriptionId: own = subscriptionId } = cluster;
  return id ?? idOf({ subscriptionId: own, resourceGroup: groupOf(cluster), name });
}

/** AKS calls a cluster's second group `MC_<group>_<cluster>_<location>`. */
function groupOf({ id, nodeResourceGroup, name, location }: Cluster): string {
  if (id !== undefined) return id.split("/")[4] ?? "";
  const ending = `_${name}_${location}`.toLowerCase();
  const isUsual = /^MC_/i.test(nodeResourceGroup) && nodeResourceGroup.toLowerCase().endsWith(ending);
  return isUsual ? nodeResourceGroup.slice("MC_".length, -ending.length) : nodeResourceGroup;
}

export function describeCluster({ tenantId }: World, cluster: Cluster, subscriptionId: string) {
  const { location, oidcIssuer, nodeResourceGroup, hasWorkloadIdentityWebhook, hasVnetIntegration = false } = cluster;
  const id = clusterIdOf(cluster, subscriptionId);
  const name = id.split("/").at(-1) ?? cluster.name;
  const dnsPrefix = `${name}-dns`;
  return {
    id,
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
      apiServerAccessProfile: { enableVnetIntegration: hasVnetIntegration },
      oidcIssuerProfile: { enabled: true, issuerURL: oidcIssuer },
      securityProfile: { workloadIdentity: { enabled: hasWorkloadIdentityWebhook } },
      agentPoolProfiles: [],
    },
  };
}
