/** Azure Resource Manager: managed identities, SQL servers and role assignments. */
import type { TokenCredential } from "@azure/identity";
import type { ManagedIdentities, RoleAssignments, SqlServers } from "../../ports.ts";
import { createCaller } from "./caller.ts";
import { createManagedIdentities } from "./identities.ts";
import { createPacer } from "./pacer.ts";
import { createRoleAssignments } from "./roleAssignments.ts";
import { createSqlServers } from "./sqlServers.ts";

export interface ArmOptions {
  readonly credential: TokenCredential;
  readonly endpoint?: string;
  /** The token's scope; a sandbox keeps the real one although its endpoint is another. */
  readonly scope?: string;
  /** Between two identity writes in one subscription. */
  readonly identityWriteIntervalMs?: number;
  /** How long one call may take. */
  readonly timeoutMs?: number;
  /** How long a call waits out Azure's Retry-After before it leaves that to the durable runtime. */
  readonly patienceMs?: number;
}

export interface Arm {
  readonly identities: ManagedIdentities;
  readonly sqlServers: SqlServers;
  readonly roleAssignments: RoleAssignments;
}

export function createArm({
  credential,
  endpoint = "https://management.azure.com",
  scope = "https://management.azure.com/.default",
  identityWriteIntervalMs = 500,
  timeoutMs = 30_000,
  patienceMs = 5_000,
}: ArmOptions): Arm {
  // Retries are the caller's and the durable runtime's: see caller.ts.
  const options = { endpoint, credentialScopes: scope, retryOptions: { maxRetries: 0 } };
  const caller = createCaller({ timeoutMs, patienceMs });
  return {
    identities: createManagedIdentities({
      caller,
      pacer: createPacer({ intervalMs: identityWriteIntervalMs }),
      clientFor: perSubscription(async (subscriptionId) => {
        const { ManagedServiceIdentityClient } = await import("@azure/arm-msi");
        return new ManagedServiceIdentityClient(credential, subscriptionId, options);
      }),
    }),
    sqlServers: createSqlServers({
      caller,
      // Imported on first use: it is the largest of the SDKs, and only preflight needs it.
      clientFor: perSubscription(async (subscriptionId) => {
        const { SqlManagementClient } = await import("@azure/arm-sql");
        return new SqlManagementClient(credential, subscriptionId, options);
      }),
    }),
    roleAssignments: createRoleAssignments({ credential, endpoint, scope, caller }),
  };
}

function perSubscription<Client>(create: (subscriptionId: string) => Promise<Client>) {
  const clients = new Map<string, Promise<Client>>();
  return (subscriptionId: string): Promise<Client> => {
    const existing = clients.get(subscriptionId);
    if (existing) return existing;
    const client = create(subscriptionId);
    clients.set(subscriptionId, client);
    return client;
  };
}
