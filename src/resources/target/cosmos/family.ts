/** Cosmos DB for NoSQL, whose accounts give roles of their own. They know an identity by its principal ID. */
import { type CosmosPlace, cosmosRolesFor, cosmosScope } from "../../../domain/targets/cosmos.ts";
import { inspectHeld, planRoleRevocation } from "../../definitions/heldRoles.ts";
import type { Exporting, NamedTargetAt } from "../../definitions/targetFamily.ts";
import { readAssignments } from "./assignments.ts";
import { effectiveFrom } from "./effect.ts";
import { planGrant } from "./grant.ts";
import { othersInAccount } from "./otherAccess.ts";
import { preflightAt, unmetAt } from "./preflight.ts";
import { reachedInAccount } from "./reach.ts";

export function cosmosAt(place: CosmosPlace): NamedTargetAt {
  return {
    planGrant: (ports, input) => planGrant(ports, place, input),
    async planRevocation(ports, input) {
      const { ours } = await readAssignments(ports, place, input);
      return planRoleRevocation(ours, cosmosRolesFor(input.keep), input);
    },
    async inspect(ports, input) {
      const identity = await input.identity();
      if (!identity) return [];
      const held = await readAssignments(ports, place, input);
      return inspectHeld(held, cosmosRolesFor(input.access), { ...input, identity });
    },
    unmet: (ports) => unmetAt(ports, place),
    preflight: (ports, input) => preflightAt(ports, place, input),
    lockScope: place.resourceId,
    others: (ports, { owners }) => othersInAccount(ports, place, owners),
    reached: (ports, input) => reachedInAccount(ports, place, input),
    // Every role may read what the container is.
    isProvable: () => true,
    effectiveFrom: (ports, input) => effectiveFrom(ports, place, input),
    exported: (input) => exportAt(place, input),
    judges: () => false,
  };
}

function exportAt(
  place: CosmosPlace,
  { target, access, principalId }: Exporting,
): ReturnType<NamedTargetAt["exported"]> {
  if (principalId === undefined) {
    const why = "Mooring does not know the identity's principal ID yet: verify the namespace, and export it again.";
    return { commands: [], leftOut: [{ what: target, why }] };
  }
  const [, , subscription = "", , group = "", , , , account = ""] = place.resourceId.split("/");
  return {
    commands: cosmosRolesFor(access).map(({ id }) => [
      ...["az", "cosmosdb", "sql", "role", "assignment", "create", "--subscription", subscription],
      ...["--account-name", account, "--resource-group", group, "--principal-id", principalId],
      ...["--role-definition-id", id, "--scope", `${place.resourceId}${cosmosScope(place)}`],
    ]),
  };
}
