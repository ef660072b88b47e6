/** SQL servers as ARM sees them, by @azure/arm-sql. */
import type { SqlManagementClient } from "@azure/arm-sql";
import { PermanentError } from "../../domain/errors.ts";
import type { SqlServers } from "../../ports.ts";
import type { Caller } from "./caller.ts";

export function createSqlServers({
  clientFor,
  caller: { find },
}: {
  clientFor: (subscriptionId: string) => Promise<SqlManagementClient>;
  caller: Caller;
}): SqlServers {
  return {
    async inspect({ alias, resourceId }) {
      const { subscriptionId, resourceGroup, server } = parseServerId(alias, resourceId);
      const { servers, databases, serverAzureADAdministrators } = await clientFor(subscriptionId);
      return find(`Inspect SQL server "${server}" in resource group "${resourceGroup}"`, async (options) => {
        const [found, administrators, names] = await Promise.all([
          servers.get(resourceGroup, server, options),
          collect(serverAzureADAdministrators.listByServer(resourceGroup, server, options)),
          collect(databases.listByServer(resourceGroup, server, options)),
        ]);
        const admin = administrators.find(({ login, sid }) => login && sid);
        return {
          location: found.location,
          fullyQualifiedDomainName: found.fullyQualifiedDomainName ?? "",
          entraAdmin: admin?.login && admin.sid ? { login: admin.login, objectId: admin.sid } : undefined,
          databases: names.flatMap(({ name }) => (name === undefined ? [] : [name])),
        };
      });
    },
  };
}

function parseServerId(alias: string, id: string) {
  const parts =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Sql\/servers\/([^/]+)$/i.exec(id);
  const [, subscriptionId, resourceGroup, server] = parts ?? [];
  if (!subscriptionId || !resourceGroup || !server) {
    throw new PermanentError(
      "ARM_REJECTED",
      `The catalog's resourceId of SQL server "${alias}" is no server id: ${id}`,
    );
  }
  return { subscriptionId, resourceGroup, server };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
