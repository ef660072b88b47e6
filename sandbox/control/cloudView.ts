/** What is in the simulated cloud at this moment, as JSON: no fault hides it. */

import type { EntityView } from "../../packages/azure-sim/src/serviceBus/inspect.ts";
import type { SqlSimulator } from "../../packages/azure-sim/src/sql/index.ts";
import type { ClusterServer } from "../../packages/kube-sim/src/cluster/index.ts";
import { type Cloud, names } from "../cloud.ts";

export async function viewCloud(cloud: Cloud) {
  const { world, arm, entra, clusters, sqlServers, serviceBus } = cloud;
  return {
    azure: {
      url: arm.url,
      tenantId: world.tenantId,
      subscriptionId: world.subscriptionId,
      resourceGroups: [...world.resourceGroups.values()],
      identities: [...world.identities.values()].map(({ federatedCredentials, ...identity }) => ({
        ...identity,
        federatedCredentials: [...federatedCredentials.values()],
      })),
      roleAssignments: [...world.roleAssignments.values()].map((assignment) => ({
        ...assignment,
        principal: nameOf(cloud, assignment.principalId),
      })),
    },
    entra: {
      url: entra.authorityHost,
      servicePrincipals: [...world.servicePrincipals.values()],
      groups: [...world.groups].map(([id, members]) => ({ id, members: [...members] })),
    },
    sqlServers: [...sqlServers.values()].map((sql) => viewSqlServer(cloud, sql)),
    clusters: await Promise.all([...clusters.values()].map(({ kubernetes }) => viewCluster(cloud, kubernetes))),
    serviceBus: {
      url: serviceBus.url,
      namespace: names.serviceBusNamespace,
      queues: [{ name: names.queue, ...viewEntity(serviceBus.queue(names.queue)) }],
      subscriptions: [{ topic: names.topic, name: "all", ...viewEntity(serviceBus.subscription(names.topic, "all")) }],
    },
  };
}

/** The name of the principal with this object id; undefined when it was deleted or is a group. */
function nameOf({ world }: Cloud, principalId: string): string | undefined {
  const identity = [...world.identities.values()].find((each) => each.principalId === principalId);
  const principal = [...world.servicePrincipals.values()].find((each) => each.principalId === principalId);
  return identity?.name ?? principal?.displayName;
}

function viewSqlServer({ world }: Cloud, sql: SqlSimulator) {
  const { name, databases, resourceGroup, location, entraAdmin } = world.sqlServers.get(sql.server) ?? missing();
  return {
    name: sql.server,
    resourceName: name,
    address: `localhost,${sql.port}`,
    resourceGroup,
    location,
    entraAdmin,
    connections: sql.connections,
    databases: [...databases].map((each) => ({ name: each, users: sql.database(each).users() })),
  };
}

const podIdentity = "aadpodidentity.k8s.io/v1";
const kinds = [
  ["v1", "Namespace"],
  ["v1", "ServiceAccount"],
  ["v1", "ConfigMap"],
  ["v1", "Pod"],
  ["batch/v1", "Job"],
  [podIdentity, "AzureIdentity"],
  [podIdentity, "AzureIdentityBinding"],
  [podIdentity, "AzureAssignedIdentity"],
] as const;

async function viewCluster({ world }: Cloud, { cluster, url, objects }: ClusterServer) {
  const { oidcIssuer, location, nodeResourceGroup } = world.clusters.get(cluster) ?? missing();
  const lists = await Promise.all(kinds.map(([apiVersion, kind]) => objects.list(apiVersion, kind)));
  return {
    name: cluster,
    url,
    oidcIssuer,
    location,
    nodeResourceGroup,
    objects: lists.flat().map(({ metadata: { managedFields: _, ...metadata }, ...rest }) => ({ ...rest, metadata })),
  };
}

function viewEntity(entity: EntityView) {
  return { messages: entity.messages(), deadLetters: entity.deadLetters() };
}

function missing(): never {
  throw new Error("a simulator serves what the world does not have");
}
