/** Microsoft.Sql/servers/administrators. */
import { z } from "zod";
import type { SqlServer, World } from "../world.ts";
import { failures } from "./failures.ts";
import { type LongRunning, sqlApiVersions } from "./longRunning.ts";
import { isSame, type ResourcePath, resourceId } from "./resourcePath.ts";
import { notFound, page, parseBody, type ResourceType } from "./resources.ts";

const AdministratorBody = z.object({
  properties: z.object({
    administratorType: z.literal("ActiveDirectory"),
    login: z.string().min(1),
    sid: z.guid(),
    tenantId: z.guid().optional(),
  }),
});

export function sqlAdministrators(
  world: World,
  { start }: Pick<LongRunning, "start">,
  requireServer: (path: ResourcePath, action: string) => SqlServer,
): ResourceType {
  return {
    type: "Microsoft.Sql/servers/administrators",
    apiVersions: sqlApiVersions,
    list(call) {
      const server = requireServer(call.path, "read");
      return page(call, server.entraAdmin ? [describe(world, server, call.path)] : []);
    },
    GET({ path }) {
      const server = requireServer(path, "read");
      if (!server.entraAdmin || !isAdministrator(path)) throw notFound(path);
      return { status: 200, body: describe(world, server, path) };
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
  };
}

function describe(world: World, { entraAdmin, isEntraOnly = false }: SqlServer, path: ResourcePath) {
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

function isAdministrator({ names }: ResourcePath): boolean {
  return isSame(names[1] ?? "", "ActiveDirectory");
}
