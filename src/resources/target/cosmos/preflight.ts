/** What has to be true of an account before a role is given there. */
import { type CosmosPlace, cosmosApiVersion, cosmosResources } from "../../../domain/targets/cosmos.ts";
import type { Ports } from "../../../ports/index.ts";
import { findGone, isAllowed } from "../../definitions/azureChecks.ts";
import type { Obstacles } from "../../definitions/preflight.ts";
import type { UnmetCondition } from "../../definitions/targetFamily.ts";

type Looking = Pick<Ports, "roleAssignments" | "azureResources">;

/** Also for the undo. */
const needed = ["write", "delete"].map((verb) => `Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/${verb}`);

export function preflightAt(
  ports: Looking,
  place: CosmosPlace,
  { target }: { readonly target: string },
): readonly (() => Promise<Obstacles>)[] {
  const scope = place.resourceId;
  return [() => isAllowed(ports, { target, scope, needed })];
}

export function unmetAt(
  ports: Pick<Looking, "azureResources">,
  place: CosmosPlace,
): Promise<UnmetCondition | undefined> {
  return findGone(ports, cosmosResources(place), cosmosApiVersion);
}
