/** Microsoft.ManagedIdentity/userAssignedIdentities (REST API version 2024-11-30). */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { HttpReply } from "../httpServer.ts";
import type { Identity, World } from "../world.ts";
import { failures } from "./failures.ts";
import { regionOf } from "./resourceGroups.ts";
import { isSame, type ResourcePath } from "./resourcePath.ts";
import { notFound, page, parseBody, type ResourceType, requireGroup } from "./resources.ts";

export const identityApiVersions = [
  "2018-11-30",
  "2022-01-31-preview",
  "2023-01-31",
  "2024-11-30",
  "2025-01-31-preview",
  "2025-05-31-preview",
];

// ARM: at most 50 tags, names up to 512 characters, values up to 256 ("Use tags to organize your Azure resources").
const Tags = z
  .record(z.string().min(1).max(512), z.string().max(256))
  .refine((tags) => Object.keys(tags).length <= 50, "more than 50 tags");
const IdentityBody = z.object({ location: z.string().optional(), tags: Tags.optional() });

export function userAssignedIdentities(world: World): ResourceType {
  return {
    type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    apiVersions: identityApiVersions,

    list(call) {
      const { subscriptionId, resourceGroup } = call.path;
      if (resourceGroup !== undefined) requireGroup(world, call.path);
      const identities = [...world.identities.values()].filter(
        (identity) =>
          isSame(identity.subscriptionId, subscriptionId) &&
          (resourceGroup === undefined || isSame(identity.resourceGroup, resourceGroup)),
      );
      return page(call, identities.map(describe(world)));
    },

    GET({ path }) {
      const identity = findIdentity(world, path);
      if (!identity) throw notFound(path);
      return reply(world, 200, identity);
    },

    PUT({ path, body }) {
      const group = requireGroup(world, path);
      const { location, tags = {} } = parseBody(IdentityBody, body);
      const [name = ""] = path.names;
      if (!/^[a-z0-9][a-z0-9_-]{2,127}$/i.test(name)) {
        throw failures.badRequest(`The identity name '${name}' must be 3 to 128 letters, digits, '-' and '_'.`);
      }
      const existing = findIdentity(world, path);
      if (location === undefined && !existing) throw failures.badRequest("The location property is required.");
      if (existing) {
        const asked = location ?? existing.location;
        if (!isSame(regionOf(asked), existing.location)) {
          throw failures.wrongLocation(name, existing.location, asked);
        }
        existing.tags = tags;
        return reply(world, 200, existing);
      }
      const identity = create({ path, name, group: group.name, location: regionOf(location ?? ""), tags });
      world.identities.set(identity.id.toLowerCase(), identity);
      return reply(world, 201, identity);
    },

    PATCH({ path, body }) {
      const identity = findIdentity(world, path);
      if (!identity) throw notFound(path);
      const { tags } = parseBody(IdentityBody, body);
      if (tags) identity.tags = tags;
      return reply(world, 200, identity);
    },

    DELETE({ path }) {
      const identity = findIdentity(world, path);
      if (!identity) return { status: 204 };
      world.identities.delete(identity.id.toLowerCase());
      return { status: 200 };
    },
  };

  function create(init: {
    path: ResourcePath;
    name: string;
    group: string;
    location: string;
    tags: Record<string, string>;
  }): Identity {
    const { subscriptionId } = init.path;
    return {
      id: identityId({ subscriptionId, group: init.group, name: init.name }),
      name: init.name,
      subscriptionId,
      resourceGroup: init.group,
      location: init.location,
      tags: init.tags,
      clientId: randomUUID(),
      principalId: randomUUID(),
      createdAt: world.now(),
      federatedCredentials: new Map(),
    };
  }
}

/** Microsoft.ManagedIdentity/userAssignedIdentities/listAssociatedResources: in this world, nothing but pods uses identities. */
export function associatedResources(world: World): ResourceType {
  return {
    type: "Microsoft.ManagedIdentity/userAssignedIdentities/listAssociatedResources",
    apiVersions: ["2021-09-30-preview", "2022-01-31-preview"],
    POST({ path }) {
      if (!findIdentity(world, path)) throw notFound(path);
      return { status: 200, body: { totalCount: 0, value: [] } };
    },
  };
}

/** The identity named by the path or by its parent. */
export function findIdentity(
  world: World,
  { subscriptionId, resourceGroup = "", names }: ResourcePath,
): Identity | undefined {
  const [name = ""] = names;
  return world.identities.get(identityId({ subscriptionId, group: resourceGroup, name }).toLowerCase());
}

/** The identity provider writes `resourcegroups` in lower case, unlike the rest of ARM. */
function identityId(of: { readonly subscriptionId: string; readonly group: string; readonly name: string }): string {
  const { subscriptionId, group, name } = of;
  const provider = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
  return `/subscriptions/${subscriptionId}/resourcegroups/${group}/${provider}/${name}`;
}

function reply(world: World, status: number, identity: Identity): HttpReply {
  return { status, body: describe(world)(identity) };
}

function describe({ tenantId }: World) {
  return ({ id, name, location, tags, principalId, clientId }: Identity) => ({
    id,
    name,
    type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    location,
    tags,
    properties: { tenantId, principalId, clientId },
  });
}
