/** What is in a subscription, across resource types: its resources, its locations, and the providers that this simulator has. */
import type { World } from "../world.ts";
import { failures } from "./failures.ts";
import { describeCluster, inAzure } from "./managedClusters.ts";
import { isSame } from "./resourcePath.ts";
import type { ResourceType } from "./resources.ts";
import { databasesOf } from "./sqlDatabases.ts";

interface Generic {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** learn.microsoft.com "Resources - List": those of a subscription or of one of its groups, filtered. */
export function listResources(
  world: World,
  { subscriptionId, group, filter }: { subscriptionId: string; group: string | undefined; filter: string | null },
): readonly Generic[] {
  const isMeant = readFilter(filter);
  return allResources(world, subscriptionId).filter(
    (each) => isMeant(each) && (group === undefined || isSame(groupIn(each.id), group)),
  );
}

function allResources(world: World, subscriptionId: string): readonly Generic[] {
  const isHere = (each: { readonly subscriptionId?: string }) =>
    each.subscriptionId === undefined || isSame(each.subscriptionId, subscriptionId);
  const identities = [...world.identities.values()]
    .filter(isHere)
    .map(({ id, name, location, tags }) => ({ id, name, type: identityType, location, tags }));
  const servers = [...world.sqlServers.values()].filter(isHere).flatMap((server) => {
    const { name, location, resourceGroup, tags = {} } = server;
    const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Sql/servers/${name}`;
    const databases = databasesOf(server).map((database) => ({
      id: `${id}/databases/${database}`,
      name: `${name}/${database}`,
      type: "Microsoft.Sql/servers/databases",
      location,
      tags: {},
    }));
    return [{ id, name, type: "Microsoft.Sql/servers", location, tags }, ...databases];
  });
  const clusters = inAzure(world)
    .filter(isHere)
    .map((cluster) => {
      const { id, name, type, location, tags } = describeCluster(world, cluster, subscriptionId);
      return { id, name, type, location, tags };
    });
  return [...identities, ...servers, ...clusters];
}

const identityType = "Microsoft.ManagedIdentity/userAssignedIdentities";
const groupIn = (id: string) => id.split("/")[4] ?? "";

function readFilter(filter: string | null): (resource: Generic) => boolean {
  if (filter === null || filter === "") return () => true;
  const tests = filter.split(/ and /i).map((term) => {
    const [, field = "", value = ""] =
      /^(name|resourceType|location|resourceGroup) eq '([^']*)'$/i.exec(term.trim()) ?? [];
    const [, tag, content] = /^tagName eq '([^']*)'(?: and tagValue eq '([^']*)')?$/i.exec(term.trim()) ?? [];
    if (/^name$/i.test(field)) return ({ name }: Generic) => isSame(name, value);
    if (/^resourceType$/i.test(field)) return ({ type }: Generic) => isSame(type, value);
    if (/^location$/i.test(field)) return ({ location }: Generic) => isSame(location, value);
    if (/^resourceGroup$/i.test(field)) return ({ id }: Generic) => isSame(groupIn(id), value);
    if (tag !== undefined)
      return ({ tags }: Generic) => tag in tags && (content === undefined || tags[tag] === content);
    throw failures.badRequest(`The filter '${filter}' is not supported.`);
  });
  return (resource) => tests.every((test) => test(resource));
}

const regions = [
  ["westeurope", "West Europe"],
  ["northeurope", "North Europe"],
  ["germanywestcentral", "Germany West Central"],
  ["eastus", "East US"],
] as const;

export function listLocations(subscriptionId: string): readonly object[] {
  return regions.map(([name, displayName]) => ({
    id: `/subscriptions/${subscriptionId}/locations/${name}`,
    name,
    displayName,
    regionalDisplayName: displayName,
    type: "Region",
    metadata: { regionType: "Physical", regionCategory: "Recommended", geographyGroup: "Other" },
  }));
}

/** Each namespace with its types and their API versions, by which clients choose one. */
export function listProviders(subscriptionId: string, types: readonly ResourceType[]): readonly Provider[] {
  const namespaces = [...new Set(types.map(({ type }) => type.split("/")[0] ?? ""))];
  return namespaces.map((namespace) => ({
    id: `/subscriptions/${subscriptionId}/providers/${namespace}`,
    namespace,
    registrationState: "Registered",
    registrationPolicy: "RegistrationRequired",
    resourceTypes: types
      .filter(({ type }) => type.startsWith(`${namespace}/`))
      .map(({ type, apiVersions }) => ({
        resourceType: type.slice(namespace.length + 1),
        locations: regions.map(([, displayName]) => displayName),
        apiVersions: apiVersions.toSorted().toReversed(),
        capabilities: "None",
      })),
  }));
}

export interface Provider {
  readonly namespace: string;
}
