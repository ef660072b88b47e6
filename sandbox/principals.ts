/** Who acts in a cloud besides the workloads. */
import { randomUUID } from "node:crypto";
import type { TokenCredential } from "@azure/identity";
import { mintAccessToken } from "azure-sim/entra";
import type { ServicePrincipal, World } from "azure-sim/world";

export interface Principals {
  /** The service's own identity. It has the rights that infra/ asks for. */
  readonly mooring: ServicePrincipal;
  /** The SQL server's Entra administrator. */
  readonly databaseAdministrator: ServicePrincipal;
  /** May send to the queue, and nothing else. */
  readonly team: ServicePrincipal;
  /** May read the resources of the subscription. */
  readonly operator: ServicePrincipal;
  /** May do everything in Azure Resource Manager: the person who does by hand what the service does. */
  readonly owner: ServicePrincipal;
}

export function createPrincipals(world: World): Principals {
  return {
    mooring: createPrincipal(world, "mooring"),
    databaseAdministrator: createPrincipal(world, "database-administrator"),
    team: createPrincipal(world, "team"),
    operator: createPrincipal(world, "operator"),
    owner: createPrincipal(world, "owner"),
  };
}

function createPrincipal({ servicePrincipals }: World, displayName: string): ServicePrincipal {
  const principal = { displayName, clientId: randomUUID(), principalId: randomUUID() };
  servicePrincipals.set(principal.clientId, principal);
  return principal;
}

export function createCredential(world: World, principal: ServicePrincipal): TokenCredential {
  return {
    async getToken(scopes) {
      const [scope = ""] = [scopes].flat();
      const token = await mintAccessToken(world, principal, scope.replace(/\/\.default$/, ""));
      return { token, expiresOnTimestamp: world.now().getTime() + 3_000_000 };
    },
  };
}
