/** Microsoft.Sql/servers, as far as a service needs them that creates no servers. */
import { z } from "zod";
import type { SqlServer, World } from "../world.ts";
import { failures } from "./failures.ts";
import { type LongRunning, sqlApiVersions } from "./longRunning.ts";
import { isSame, type ResourcePath, resourceId } from "./resourcePath.ts";
import { notFound, page, parentNotFound, parseBody, type ResourceType } from "./resources.ts";

const AdministratorBody = z.object({
  properties: z.object({
    administratorType: z.literal("ActiveDirectory"),
    login: z.string().min(1),
    sid: z.guid(),
    tenantId: z.guid().optional(),
  }),
});

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
      GET({ path, url }) {
        const server = find(path);
        if (!server) throw notFound(path);
        const expand = url.searchParams.get("$expand")?.toLowerCase() === "administrators/activedirectory";
        return { status: 200, body: describeServer(server, path, expand) };
      },
    },
    {
      type: "Microsoft.Sql/servers/databases",
      apiVersions: sqlApiVersions,
      list(call) {
        const server = requireServer(call.path, "read");
        return page(
          call,
          databasesOf(server).map((name) => describeDatabase(server, call.path, name)),
        );
      },
      GET({ path }) {
        const server = requireServer(path, "read");
        const name = databasesOf(server).find((database) => isSame(database, path.names[1] ?? ""));
        if (!name) throw notFound(path);
        return { status: 200, body: describeDatabase(server, path, name) };
      },
    },
    {
      type: "Microsoft.Sql/servers/firewallRules",
      apiVersions: sqlApiVersions,
      list(call) {
        requireServer(call.path, "read");
        // What the setting "Allow Azure services and resources to access this server" creates.
        const name = "AllowAllWindowsAzureIps";
        const properties = { startIpAddress: "0.0.0.0", endIpAddress: "0.0.0.0" };
        return page(call, [
          {
            id: `${resourceId(call.path, 1)}/firewallRules/${name}`,
            name,
            type: "Microsoft.Sql/servers/firewallRules",
            properties,
          },
        ]);
      },
    },
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

  function describeServer(server: SqlServer, path: ResourcePath, expand: boolean) {
    const { entraAdmin } = server;
    const administrators = entraAdmin && {
      administratorType: "ActiveDirectory",
      principalType: "Application",
      login: entraAdmin.login,
      sid: entraAdmin.objectId,
      tenantId: world.tenantId,
      azureADOnlyAuthentication: false,
    };
    return {
      id: resourceId(path, 1),
      name: server.name,
      type: "Microsoft.Sql/servers",
      kind: "v12.0",
      location: server.location,
      tags: {},
      properties: {
        fullyQualifiedDomainName: `${server.name.toLowerCase()}.database.windows.net`,
        state: "Ready",
        version: "12.0",
        minimalTlsVersion: "1.2",
        publicNetworkAccess: "Enabled",
        ...(expand && administrators ? { administrators } : {}),
      },
    };
  }

  function describeAdministrator({ entraAdmin }: SqlServer, path: ResourcePath) {
    return {
      id: `${resourceId(path, 1)}/administrators/ActiveDirectory`,
      name: "ActiveDirectory",
      type: "Microsoft.Sql/servers/administrators",
      properties: {
        administratorType: "ActiveDirectory",
        login: entraAdmin?.login,
        sid: entraAdmin?.objectId,
        tenantId: world.tenantId,
        azureADOnlyAuthentication: false,
      },
    };
  }
}

function isAdministrator({ names }: ResourcePath): boolean {
  return isSame(names[1] ?? "", "ActiveDirectory");
}

function databasesOf({ databases }: SqlServer): string[] {
  return [...new Set(["master", ...databases])];
}

function describeDatabase({ location }: SqlServer, path: ResourcePath, name: string) {
  return {
    id: `${resourceId(path, 1)}/databases/${name}`,
    name,
    type: "Microsoft.Sql/servers/databases",
    location,
    properties: { status: "Online", collation: "SQL_Latin1_General_CP1_CI_AS" },
  };
}
