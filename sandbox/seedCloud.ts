/** Creates in the world what a catalog names: its clusters, SQL servers, other targets and resource groups, each with Mooring's rights. */
import { randomUUID } from "node:crypto";
import { assignRole, createSigningKey, type ServicePrincipal, type World } from "../packages/azure-sim/src/world.ts";
import { Catalog } from "../src/domain/catalog/catalog.ts";
import { traitsOf } from "../src/domain/catalog/clusterKinds.ts";
import { usesServiceAccount } from "../src/domain/request/identityModes.ts";
import { azureResources, isAzureRolePlace } from "../src/domain/targets/azureRoles.ts";
import { cosmosResources } from "../src/domain/targets/cosmos.ts";
import type { CatalogDocument } from "./catalogs.ts";
import { type ClusterFeatures, featuresOf } from "./clusterRights.ts";
import { postgresServerOf } from "./postgresServers.ts";
import { readClusterRights } from "./rights.ts";

export interface SeedOptions {
  readonly mooring: ServicePrincipal;
  readonly databaseAdministrator: ServicePrincipal;
}

export async function seedCloud(world: World, document: CatalogDocument, options: SeedOptions): Promise<void> {
  const catalog = Catalog.parse(document);
  const { clusters, sqlServers, targets } = catalog;
  for (const [alias, cluster] of Object.entries(clusters)) {
    await addCluster(world, { alias, cluster, features: featuresOf(catalog, cluster), ...options });
  }
  const [location = "westeurope"] = Object.values(clusters).map((cluster) => cluster.location);
  for (const [alias, { resourceId, databases, entraAdmin }] of Object.entries(sqlServers)) {
    const [, , subscriptionId = "", , resourceGroup = "", , , , name = ""] = resourceId.split("/");
    addGroup(world, { subscriptionId, name: resourceGroup, location });
    const { displayName: login, principalId: objectId } = options.databaseAdministrator;
    world.sqlServers.set(alias, {
      name,
      subscriptionId,
      resourceGroup,
      location,
      // An operation sets the administrator that the catalog names.
      entraAdmin: entraAdmin ? undefined : { login, objectId },
      canReadDirectory: true,
      databases: new Set(Object.keys(databases)),
    });
  }
  for (const target of Object.values(targets)) {
    const { resourceId: id } = target;
    if (target.kind === "postgresql") addSchema(world, target, options);
    const [, , subscriptionId = "", , name = ""] = id.split("/");
    addGroup(world, { subscriptionId, name, location });
    // A vault of another age has access policies instead; other resources ignore the flag.
    for (const each of resourcesOf(target))
      world.targets.set(each.toLowerCase(), { id: each, location, properties: { enableRbacAuthorization: true } });
  }
}

function resourcesOf(target: Catalog["targets"][string]): readonly string[] {
  if (target.kind === "cosmosNoSql") return cosmosResources(target);
  return isAzureRolePlace(target) ? azureResources(target) : [target.resourceId];
}

type PostgresTarget = Extract<Catalog["targets"][string], { kind: "postgresql" }>;

/** Its server has both as administrators, each under a role of its own. */
function addSchema(
  { postgresServers }: World,
  { resourceId, login, database, schema }: PostgresTarget,
  { mooring, databaseAdministrator }: SeedOptions,
): void {
  const server = postgresServerOf({ resourceId });
  const { displayName, principalId: objectId } = databaseAdministrator;
  const entraAdmins = [
    { login, objectId: mooring.principalId },
    { login: displayName, objectId },
  ];
  const known = postgresServers.get(server)?.databases ?? new Map<string, readonly string[]>();
  const schemas = new Set([...(known.get(database) ?? []), schema]);
  postgresServers.set(server, { entraAdmins, databases: new Map([...known, [database, [...schemas]]]) });
}

async function addCluster(
  world: World,
  {
    alias,
    cluster,
    features,
    mooring,
  }: { alias: string; cluster: Catalog["clusters"][string]; features: ClusterFeatures } & SeedOptions,
): Promise<void> {
  const { subscriptionId, identityResourceGroup, location, identityModes, oidcIssuer } = cluster;
  const { podIdentity, identityBinding, managedNamespaces, login, isManagedByAzure } = traitsOf(cluster);
  const id = identityBinding?.clusterId ?? managedNamespaces?.clusterId;
  const nodeResourceGroup = podIdentity?.nodeResourceGroup ?? identityResourceGroup;
  for (const name of new Set([identityResourceGroup, nodeResourceGroup]))
    addGroup(world, { subscriptionId, name, location });
  const hasPodIdentity = identityModes.includes("podIdentity");
  if (hasPodIdentity) addKubelet(world, { alias, cluster, nodeResourceGroup });
  const { rules } = await readClusterRights(features, mooring.principalId);
  world.clusters.set(alias, {
    name: alias,
    oidcIssuer: oidcIssuer ?? `https://${location}.oic.prod-aks.azure.com/${world.tenantId}/${randomUUID()}/`,
    serviceAccountKey: await createSigningKey(),
    nodeResourceGroup,
    subscriptionId,
    location,
    administrators: new Set(),
    // A service account gets them in the cluster itself (cluster/serviceAccountLogin.ts).
    roles: new Map(login.by === "serviceAccount" ? [] : [[mooring.clientId, rules]]),
    hasPodIdentity,
    hasWorkloadIdentityWebhook: identityModes.some((mode) => usesServiceAccount({ identityMode: mode })),
    hasIdentityBindings: identityBinding !== undefined,
    ...(id === undefined ? {} : { id }),
    ...(isManagedByAzure ? {} : { isOutsideAzure: true, entraAudiences: login.by === "entra" ? [login.audience] : [] }),
  });
}

/** Managed Identity Operator and Virtual Machine Contributor, as aad-pod-identity's documentation asks for. */
const kubeletRoles = ["f1a07417-d97a-45cb-824c-7a7467783830", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"];

function addKubelet(
  world: World,
  {
    alias,
    cluster,
    nodeResourceGroup,
  }: { alias: string; cluster: Catalog["clusters"][string]; nodeResourceGroup: string },
): void {
  const { subscriptionId, identityResourceGroup } = cluster;
  const { podIdentity } = traitsOf(cluster);
  const principalId = podIdentity?.kubeletObjectId ?? randomUUID();
  const principal = { displayName: `${alias}-agentpool`, clientId: randomUUID(), principalId };
  world.servicePrincipals.set(principal.clientId, principal);
  for (const name of new Set([identityResourceGroup, nodeResourceGroup])) {
    const scope = `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
    for (const role of kubeletRoles) assignRole(world, { role, principalId, scope });
  }
}

function addGroup(
  { subscriptionIds, resourceGroups }: World,
  group: { subscriptionId: string; name: string; location: string },
): void {
  const { subscriptionId, name } = group;
  subscriptionIds.add(subscriptionId.toLowerCase());
  const key = `${subscriptionId}/${name}`.toLowerCase();
  if (!resourceGroups.has(key)) resourceGroups.set(key, group);
}
