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
}

export const targetTypes: readonly TargetType[] = [
  { type: "Microsoft.Storage/storageAccounts", apiVersions: ["2022-09-01", "2023-01-01", "2023-05-01", "2024-01-01"] },
  { type: "Microsoft.KeyVault/vaults", apiVersions: ["2022-07-01", "2023-02-01", "2023-07-01"] },
  { type: "Microsoft.ServiceBus/namespaces", apiVersions: ["2021-11-01", "2024-01-01"] },
  { type: "Microsoft.EventHub/namespaces", apiVersions: ["2021-11-01", "2024-01-01"] },
  { type: "Microsoft.AppConfiguration/configurationStores", apiVersions: ["2023-03-01", "2024-05-01"] },
  { type: "Microsoft.DocumentDB/databaseAccounts", apiVersions: cosmosApiVersions },
  { type: "Microsoft.CognitiveServices/accounts", apiVersions: ["2023-05-01", "2024-10-01"] },
];

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
      const found = [...world.targets].filter(
        ([id]) => id.startsWith(prefix) && id.includes(`/providers/${type}/`.toLowerCase()),
      );
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

/** Whether the scope is in a resource of these types that does not exist. */
export function isGone({ targets }: Pick<World, "targets">, scope: string): boolean {
  const known = targetTypes.map(({ type }) => type.toLowerCase());
  const [, id, type] =
    /^(\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/([^/]+\/[^/]+)\/[^/]+)/.exec(scope.toLowerCase()) ??
    [];
  return id !== undefined && type !== undefined && known.includes(type) && !targets.has(id);
}
