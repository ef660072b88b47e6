/** Microsoft.Sql/servers. */
import { z } from "zod";
import type { SqlServer, World } from "../world.ts";
import { failures } from "./failures.ts";
import { sqlApiVersions } from "./longRunning.ts";
import { regionOf } from "./resourceGroups.ts";
import { isSame, type ResourcePath } from "./resourcePath.ts";
import { type ArmCall, notFound, page, parseBody, type ResourceType, requireGroup } from "./resources.ts";

const ServerBody = z.object({
  location: z.string().optional(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z
    .object({
      administratorLogin: z.string().nullish(),
      administratorLoginPassword: z.string().nullish(),
      administrators: z
        .object({ login: z.string(), sid: z.guid(), azureADOnlyAuthentication: z.boolean().nullish() })
        .nullish(),
    })
    .nullish(),
});

export function findServer(
  world: World,
  { subscriptionId, resourceGroup = "", names }: ResourcePath,
): SqlServer | undefined {
  return [...world.sqlServers.values()].find(
    (server) =>
      isSame(server.name, names[0] ?? "") &&
      isSame(server.resourceGroup, resourceGroup) &&
      isSame(server.subscriptionId, subscriptionId),
  );
}

export function sqlServers(world: World): ResourceType {
  return {
    type: "Microsoft.Sql/servers",
    apiVersions: sqlApiVersions,
    list(call) {
      const { subscriptionId, resourceGroup } = call.path;
      if (resourceGroup !== undefined) requireGroup(world, call.path);
      const found = [...world.sqlServers.values()].filter(
        (server) =>
          isSame(server.subscriptionId, subscriptionId) &&
          (resourceGroup === undefined || isSame(server.resourceGroup, resourceGroup)),
      );
      return page(
        call,
        found.map((server) => describe(world, server, isExpanded(call))),
      );
    },
    GET(call) {
      const server = findServer(world, call.path);
      if (!server) throw notFound(call.path);
      return { status: 200, body: describe(world, server, isExpanded(call)) };
    },
    PUT({ path, body }) {
      const existing = findServer(world, path);
      const server = { ...(existing ?? create(world, path)), ...readServer(body, existing) };
      const [alias] = [...world.sqlServers].find(([, each]) => each === existing) ?? [];
      world.sqlServers.set(alias ?? server.name, server);
      return { status: existing ? 200 : 201, body: describe(world, server, true) };
    },
    PATCH({ path, body }) {
      const existing = findServer(world, path);
      if (!existing) throw notFound(path);
      const [alias = existing.name] = [...world.sqlServers].find(([, each]) => each === existing) ?? [];
      const server = { ...existing, ...readServer(body, existing) };
      world.sqlServers.set(alias, server);
      return { status: 200, body: describe(world, server, true) };
    },
    DELETE({ path }) {
      const existing = findServer(world, path);
      for (const [alias, each] of world.sqlServers) if (each === existing) world.sqlServers.delete(alias);
      return { status: existing ? 200 : 204 };
    },
  };
}

/** A server that is created here exists only in Azure Resource Manager: nothing listens for it. */
function create(world: World, path: ResourcePath): SqlServer {
  const { name: resourceGroup } = requireGroup(world, path);
  const { subscriptionId, names } = path;
  const name = names[0] ?? "";
  const taken = [...world.sqlServers.values()].some((each) => isSame(each.name, name));
  if (taken) throw failures.nameTaken(name);
  const contents = { entraAdmin: undefined, canReadDirectory: true, databases: new Set<string>() };
  return { name, subscriptionId, resourceGroup, location: "", firewallRules: new Map(), ...contents };
}

function describe(world: World, server: SqlServer, expand: boolean) {
  const { entraAdmin, isEntraOnly = false } = server;
  const administrators = entraAdmin && {
    administratorType: "ActiveDirectory",
    principalType: "Application",
    login: entraAdmin.login,
    sid: entraAdmin.objectId,
    tenantId: world.tenantId,
    azureADOnlyAuthentication: isEntraOnly,
  };
  const id = `/subscriptions/${server.subscriptionId}/resourceGroups/${server.resourceGroup}/providers/Microsoft.Sql/servers/${server.name}`;
  return {
    id,
    name: server.name,
    type: "Microsoft.Sql/servers",
    kind: "v12.0",
    location: server.location,
    tags: server.tags ?? {},
    properties: {
      ...(isEntraOnly ? {} : { administratorLogin: "sqladmin" }),
      fullyQualifiedDomainName: `${server.name.toLowerCase()}.database.windows.net`,
      state: "Ready",
      version: "12.0",
      minimalTlsVersion: "1.2",
      publicNetworkAccess: "Enabled",
      ...(expand && administrators ? { administrators } : {}),
    },
  };
}

function isExpanded({ url }: ArmCall): boolean {
  return url.searchParams.get("$expand")?.toLowerCase() === "administrators/activedirectory";
}

/** What a PUT or PATCH of a server changes. */
function readServer(body: string, existing: SqlServer | undefined): Partial<SqlServer> {
  const { location, tags, properties } = parseBody(ServerBody, body);
  if (existing && location !== undefined && !isSame(regionOf(location), existing.location))
    throw failures.wrongLocation(existing.name, existing.location, location);
  if (!existing && location === undefined) throw failures.badRequest("The location property is required.");
  const { administrators, administratorLogin, administratorLoginPassword } = properties ?? {};
  if (!existing && !administrators && !(administratorLogin && administratorLoginPassword))
    throw failures.badRequest("A server needs administratorLogin and administratorLoginPassword, or administrators.");
  return {
    ...(location === undefined ? {} : { location: regionOf(location) }),
    ...(tags ? { tags } : {}),
    ...(administrators ? { entraAdmin: { login: administrators.login, objectId: administrators.sid } } : {}),
    ...(administrators ? { isEntraOnly: administrators.azureADOnlyAuthentication ?? false } : {}),
  };
}
