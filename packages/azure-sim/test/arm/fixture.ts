/** What the ARM tests add to the shared fixture: Mooring's principal, a resource group and a SQL server. */
import { randomUUID } from "node:crypto";
import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { SqlManagementClient } from "@azure/arm-sql";
import type { TokenCredential } from "@azure/identity";
import { mintAccessToken } from "../../src/entra/index.ts";
import type { ServicePrincipal, SqlServer, World } from "../../src/world.ts";

export const armScope = "https://management.azure.com/.default";
export const group = "rg-identities";

export function addMooring(world: World): ServicePrincipal {
  const principal = { displayName: "mooring", clientId: randomUUID(), principalId: randomUUID() };
  world.servicePrincipals.set(principal.clientId, principal);
  world.resourceGroups.set(group, { name: group, location: "westeurope" });
  return principal;
}

export function addSqlServer(world: World, part: Partial<SqlServer> = {}): SqlServer {
  const server: SqlServer = {
    name: "sql-dev",
    subscriptionId: world.subscriptionId,
    resourceGroup: "rg-data",
    location: "westeurope",
    entraAdmin: { login: "mooring", objectId: randomUUID() },
    canReadDirectory: false,
    databases: new Set(["orders", "stock"]),
    ...part,
  };
  world.sqlServers.set(server.name, server);
  return server;
}

export function credentialOf(
  world: World,
  principal: Pick<ServicePrincipal, "clientId" | "principalId">,
  audience = "https://management.azure.com",
): TokenCredential {
  return {
    async getToken() {
      return { token: await mintAccessToken(world, principal, audience), expiresOnTimestamp: Date.now() + 3600_000 };
    },
  };
}

export function clientsFor(credential: TokenCredential, subscriptionId: string, endpoint: string) {
  const options = { endpoint, credentialScopes: armScope, retryOptions: { maxRetries: 0 } };
  return {
    msi: new ManagedServiceIdentityClient(credential, subscriptionId, options),
    sql: new SqlManagementClient(credential, subscriptionId, options),
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
