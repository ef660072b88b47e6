/** Microsoft.Sql/servers with their administrators. */
import { z } from "zod";
import type { SqlServer, World } from "../world.ts";
import { failures } from "./failures.ts";
import { type LongRunning, sqlApiVersions } from "./longRunning.ts";
import { regionOf } from "./resourceGroups.ts";
import { isSame, type ResourcePath, resourceId } from "./resourcePath.ts";
import {
  type ArmCall,
  notFound,
  page,
  parentNotFound,
  parseBody,
  type ResourceType,
  requireGroup,
} from "./resources.ts";
import { sqlDatabases } from "./sqlDatabases.ts";
import { sqlFirewallRules } from "./sqlFirewallRules.ts";

const AdministratorBody = z.object({
  properties: z.object({
    administratorType: z.literal("ActiveDirectory"),
    login: z.string().min(1),
    sid: z.guid(),
    tenantId: z.guid().optional(),
  }),
});

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
const EntraOnlyBody = z.object({ properties: z.object({ azureADOnlyAuthentication: z.boolean() }) });

export function sqlTypes(world: World, { start }: Pick<LongRunning, "start">): ResourceType[] {
  const find = ({ subscriptionId, resourceGroup = "", names }: ResourcePath): SqlServer | undefined =>
    [...world.sqlServers.values()].find(
      (server) =>
        isSame(server.name, names[0] ?? "") &&
        isSame(server.resourceGroup, resourceGroup) &&
        isSame(server.subscriptionId, subscriptionId),
    );
  const requireServer = (path: ResourcePath, action: string): SqlServer => {
    const server = find(path);
    if (!server) throw parentNotFound(path, action);
    return server;
  };

  return [
    {
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
          found.map((server) => describeServer(server, isExpanded(call))),
        );
      },
      GET(call) {
        const server = find(call.path);
        if (!server) throw notFound(call.path);
        return { status: 200, body: describeServer(server, isExpanded(call)) };
      },
      PUT({ path, body }) {
        const existing = find(path);
        const server = { ...(existing ?? create(path)), ...readServer(body, existing) };
        const [alias] = [...world.sqlServers].find(([, each]) => each === existing) ?? [];
        world.sqlServers.set(alias ?? server.name, server);
        return { status: existing ? 200 : 201, body: describeServer(server, true) };
      },
      PATCH({ path, body }) {
        const existing = find(path);
        if (!existing) throw notFound(path);
        const [alias = existing.name] = [...world.sqlServers].find(([, each]) => each === existing) ?? [];
        const server = { ...existing, ...readServer(body, existing) };
        world.sqlServers.set(alias, server);
        return { status: 200, body: describeServer(server, true) };
      },
      DELETE({ path }) {
        const existing = find(path);
        for (const [alias, each] of world.sqlServers) if (each === existing) world.sqlServers.delete(alias);
        return { status: existing ? 200 : 204 };
      },
    },
    sqlDatabases(requireServer),
    sqlFirewallRules(requireServer),
    entraOnly(),
    {
      type: "Microsoft.Sql/servers/administrators",
      apiVersions: sqlApiVersions,
      list(call) {
        const server = requireServer(call.path, "read");
        return page(call, server.entraAdmin ? [describeAdministrator(server, call.path)] : []);
      },
      GET({ path }) {
        const server = requireServer(path, "read");
        if (!server.entraAdmin || !isAdministrator(path)) throw notFound(path);
        return { status: 200, body: describeAdministrator(server, path) };
      },
      PUT(call) {
        const server = requireServer(call.path, "write");
        if (!isAdministrator(call.path)) {
          throw failures.badRequest(`The administrator must be named ActiveDirectory, not '${call.path.names[1]}'.`);
        }
        const { login, sid } = parseBody(AdministratorBody, call.body).properties;
        return start(call, {
          location: server.location,
          operation: "UpsertServerAzureADAdministrator",
          finish: () => {
            server.entraAdmin = { login, objectId: sid };
          },
        });
      },
      DELETE(call) {
        const server = requireServer(call.path, "delete");
        if (!server.entraAdmin || !isAdministrator(call.path)) return { status: 204 };
        return start(call, {
          location: server.location,
          operation: "DropServerAzureADAdministrator",
          finish: () => {
            server.entraAdmin = undefined;
          },
        });
      },
    },
  ];

  /** A server that is created here exists only in Azure Resource Manager: nothing listens for it. */
  function create(path: ResourcePath): SqlServer {
    const { name: resourceGroup } = requireGroup(world, path);
    const { subscriptionId, names } = path;
    const name = names[0] ?? "";
    const taken = [...world.sqlServers.values()].some((each) => isSame(each.name, name));
    if (taken) throw failures.nameTaken(name);
    const contents = { entraAdmin: undefined, canReadDirectory: true, databases: new Set<string>() };
    return { name, subscriptionId, resourceGroup, location: "", firewallRules: new Map(), ...contents };
  }

  /** Microsoft.Sql/servers/azureADOnlyAuthentications, which has one instance, Default. */
  function entraOnly(): ResourceType {
    const type = "Microsoft.Sql/servers/azureADOnlyAuthentications";
    const describe = (path: ResourcePath, { isEntraOnly = false }: SqlServer) => ({
      id: `${resourceId(path, 1)}/azureADOnlyAuthentications/Default`,
      name: "Default",
      type,
      properties: { azureADOnlyAuthentication: isEntraOnly },
    });
    return {
      type,
      apiVersions: sqlApiVersions,
      list: (call) => page(call, [describe(call.path, requireServer(call.path, "read"))]),
      GET: ({ path }) => ({ status: 200, body: describe(path, requireServer(path, "read")) }),
      PUT({ path, body }) {
        const server = requireServer(path, "write");
        const { azureADOnlyAuthentication } = parseBody(EntraOnlyBody, body).properties;
        if (azureADOnlyAuthentication && !server.entraAdmin)
          throw failures.badRequest("A server without a Microsoft Entra administrator cannot be Entra-only.");
        server.isEntraOnly = azureADOnlyAuthentication;
        return { status: 200, body: describe(path, server) };
      },
    };
  }

  function describeServer(server: SqlServer, expand: boolean) {
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

  function describeAdministrator({ entraAdmin, isEntraOnly = false }: SqlServer, path: ResourcePath) {
    return {
      id: `${resourceId(path, 1)}/administrators/ActiveDirectory`,
      name: "ActiveDirectory",
      type: "Microsoft.Sql/servers/administrators",
      properties: {
        administratorType: "ActiveDirectory",
        login: entraAdmin?.login,
        sid: entraAdmin?.objectId,
        tenantId: world.tenantId,
        azureADOnlyAuthentication: isEntraOnly,
      },
    };
  }
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

function isAdministrator({ names }: ResourcePath): boolean {
  return isSame(names[1] ?? "", "ActiveDirectory");
}
