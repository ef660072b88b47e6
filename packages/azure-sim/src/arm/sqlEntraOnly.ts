/** Microsoft.Sql/servers/azureADOnlyAuthentications, which has one instance, Default. */
import { z } from "zod";
import type { SqlServer } from "../world.ts";
import { failures } from "./failures.ts";
import { sqlApiVersions } from "./longRunning.ts";
import { type ResourcePath, resourceId } from "./resourcePath.ts";
import { page, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.Sql/servers/azureADOnlyAuthentications";
const Body = z.object({ properties: z.object({ azureADOnlyAuthentication: z.boolean() }) });

export function sqlEntraOnly(requireServer: (path: ResourcePath, action: string) => SqlServer): ResourceType {
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
      const { azureADOnlyAuthentication } = parseBody(Body, body).properties;
      if (azureADOnlyAuthentication && !server.entraAdmin)
        throw failures.badRequest("A server without a Microsoft Entra administrator cannot be Entra-only.");
      server.isEntraOnly = azureADOnlyAuthentication;
      return { status: 200, body: describe(path, server) };
    },
  };
}
