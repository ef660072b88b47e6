/**
 * Resources on which identities get roles: that they exist, and what decides whether a role has an effect there. Their data
 * is in simulators of its own.
 */
import { z } from "zod";
import type { TargetResource, World } from "../world.ts";
import { cosmosApiVersions } from "./longRunning.ts";
import { resourceId } from "./resourcePath.ts";
import { notFound, page, parseBody, type ResourceType, requireGroup } from "./resources.ts";

export interface TargetType {
  readonly type: string;
  readonly apiVersions: readonly string[];
  /** What is in it, as types of its own. */
  readonly parts?: readonly string[];
}

export const targetTypes: readonly TargetType[] = [
  {
    type: "Microsoft.Storage/storageAccounts",
    apiVersions: ["2022-09-01", "2023-01-01", "2023-05-01", "2024-01-01"],
    parts: ["blobServices/containers", "queueServices/queues", "tableServices/tables"],
  },
  { type: "Microsoft.KeyVault/vaults", apiVersions: ["2022-07-01", "2023-02-01", "2023-07-01"], parts: ["secrets"] },
  {
    type: "Microsoft.ServiceBus/namespaces",
    apiVersions: ["2021-11-01", "2024-01-01"],
    parts: ["queues", "topics", "topics/subscriptions"],
  },
  { type: "Microsoft.EventHub/namespaces", apiVersions: ["2021-11-01", "2024-01-01"], parts: ["eventhubs"] },
  { type: "Microsoft.AppConfiguration/configurationStores", apiVersions: ["2023-03-01", "2024-05-01"] },
  {
    type: "Microsoft.DocumentDB/databaseAccounts",
    apiVersions: cosmosApiVersions,
    parts: ["sqlDatabases", "sqlDatabases/containers"],
  },
  { type: "Microsoft.CognitiveServices/accounts", apiVersions: ["2023-05-01", "2024-10-01"] },
];

/** The types of all parts. */
export const partTypes: readonly TargetType[] = targetTypes.flatMap(({ type, apiVersions, parts = [] }) =>
  parts.map((part) => ({ type: `${type}/${part}`, apiVersions })),
);

const Body = z.object({ location: z.string().min(1), properties: z.record(z.string(), z.unknown()).default({}) });

export function targetResources(world: World, { type, apiVersions }: TargetType): ResourceType {
  const describe = ({ id, location, properties }: TargetResource) => ({
    id,
    name: id.split("/").at(-1),
    type,
    location,
    properties: { provisioningState: "Succeeded", ...properties },
  });
  return {
    type,
    apiVersions,
    list(call) {
      const { subscriptionId, resourceGroup } = call.path;
      const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}/`;
      const prefix = `/subscriptions/${subscriptionId}${group}`.toLowerCase();
      const isOfType = (id: string) => id.slice(0, id.lastIndexOf("/")).endsWith(`/providers/${type}`.toLowerCase());
      const found = [...world.targets].filter(([id]) => id.startsWith(prefix) && isOfType(id));
      return page(
        call,
        found.map(([, each]) => describe(each)),
      );
    },
    GET({ path }) {
      const found = world.targets.get(resourceId(path, 1).toLowerCase());
      if (!found) throw notFound(path);
      return { status: 200, body: describe(found) };
    },
    PUT({ path, body }) {
      requireGroup(world, path);
      const id = resourceId(path, 1);
      const status = world.targets.has(id.toLowerCase()) ? 200 : 201;
      const made = { id, ...parseBody(Body, body) };
      world.targets.set(id.toLowerCase(), made);
      return { status, body: describe(made) };
    },
    DELETE({ path }) {
      return { status: world.targets.delete(resourceId(path, 1).toLowerCase()) ? 200 : 204 };
    },
  };
}

/** What `world.targets` has below a resource. */
export function targetPart({ targets }: World, { type, apiVersions }: TargetType): ResourceType {
  return {
    type,
    apiVersions,
    GET({ path }) {
      const found = targets.get(resourceId(path, path.names.length).toLowerCase());
      if (!found || !targets.has(resourceId(path, 1).toLowerCase())) throw notFound(path);
      return { status: 200, body: { id: found.id, name: path.names.at(-1), type, properties: found.properties } };
    },
  };
}

/** Whether the scope is in a resource of these types that does not exist. */
export function isGone({ targets }: Pick<World, "targets">, scope: string): boolean {
  const known = targetTypes.map(({ type }) => type.toLowerCase());
  const [, id, type] =
    /^(\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/([^/]+\/[^/]+)\/[^/]+)/.exec(scope.toLowerCase()) ??
    [];
  return id !== undefined && type !== undefined && known.includes(type) && !targets.has(id);
}
