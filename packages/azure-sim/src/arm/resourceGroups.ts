/** Microsoft.Resources/resourceGroups (learn.microsoft.com "Resource Groups" of the REST API). */
import { z } from "zod";
import type { World } from "../world.ts";
import { failures } from "./failures.ts";
import { isSame, type ResourcePath } from "./resourcePath.ts";
import { parseBody, type ResourceType, requireGroup } from "./resources.ts";

const type = "Microsoft.Resources/resourceGroups";
const Tags = z.record(z.string(), z.string());
const GroupBody = z.object({ location: z.string().min(1), tags: Tags.nullish(), managedBy: z.string().nullish() });
const GroupPatch = z.object({ tags: Tags.nullish() });

export function resourceGroups(world: World): ResourceType {
  const find = ({ subscriptionId, resourceGroup = "" }: ResourcePath) =>
    [...world.resourceGroups].find(
      ([, { name, subscriptionId: where = subscriptionId }]) =>
        isSame(name, resourceGroup) && isSame(where, subscriptionId),
    );
  const describe = (path: ResourcePath) => {
    const { name, location, tags } = requireGroup(world, path);
    return describeGroup(path.subscriptionId, { name, location, tags });
  };
  return {
    type,
    apiVersions: ["2020-06-01", "2021-04-01", "2022-09-01", "2024-03-01", "2024-11-01", "2025-04-01"],
    GET: ({ path }) => ({ status: 200, body: describe(path) }),
    HEAD: ({ path }) => ({ status: find(path) ? 204 : 404 }),
    PUT({ path, body }) {
      const { location, tags } = parseBody(GroupBody, body);
      const [key, existing] = find(path) ?? [];
      if (existing && !isSame(existing.location, regionOf(location)))
        throw failures.wrongGroupLocation(existing.name, existing.location);
      const { subscriptionId, resourceGroup: name = "" } = path;
      world.resourceGroups.set(key ?? `${subscriptionId}/${name}`.toLowerCase(), {
        name: existing?.name ?? name,
        subscriptionId,
        location: regionOf(location),
        ...(tags ? { tags } : {}),
      });
      return { status: existing ? 200 : 201, body: describe(path) };
    },
    PATCH({ path, body }) {
      const [key, existing] = find(path) ?? [];
      if (key === undefined || !existing) throw failures.unknownGroup(path.resourceGroup ?? "");
      const { tags } = parseBody(GroupPatch, body);
      world.resourceGroups.set(key, tags ? { ...existing, tags } : existing);
      return { status: 200, body: describe(path) };
    },
    /** With everything in it. */
    DELETE({ path }) {
      const [key, existing] = find(path) ?? [];
      if (key === undefined || !existing) throw failures.unknownGroup(path.resourceGroup ?? "");
      const isInside = (each: { readonly resourceGroup: string; readonly subscriptionId: string }) =>
        isSame(each.resourceGroup, existing.name) && isSame(each.subscriptionId, path.subscriptionId);
      for (const [id, identity] of world.identities) if (isInside(identity)) world.identities.delete(id);
      for (const [alias, server] of world.sqlServers) if (isInside(server)) world.sqlServers.delete(alias);
      world.resourceGroups.delete(key);
      return { status: 200 };
    },
  };
}

export function describeGroup(
  subscriptionId: string,
  {
    name,
    location,
    tags = {},
  }: { name: string; location: string; tags?: Readonly<Record<string, string>> | undefined },
) {
  const properties = { provisioningState: "Succeeded" };
  return { id: `/subscriptions/${subscriptionId}/resourceGroups/${name}`, name, type, location, tags, properties };
}

/** `West Europe` becomes `westeurope`. */
export function regionOf(location: string): string {
  return location.replaceAll(" ", "").toLowerCase();
}
