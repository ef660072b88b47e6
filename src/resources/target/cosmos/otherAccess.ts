/** Whoever has a role of the account's own where the target is, above it or below it, that Mooring did not give for it. */
import { defined } from "../../../domain/defined.ts";
import { type CosmosPlace, cosmosScope, isOwnAssignment } from "../../../domain/targets/cosmos.ts";
import type { Ports } from "../../../ports/index.ts";
import { byPrincipal } from "../../definitions/heldRoles.ts";
import type { OtherAccess, OtherRight, Owners } from "../../definitions/otherAccess.ts";
import { isWithin, roleNameOf } from "./assignments.ts";

export async function othersInAccount(
  { cosmosRoles: port, registry }: Pick<Ports, "cosmosRoles" | "registry">,
  place: CosmosPlace,
  owners: Owners,
): Promise<readonly OtherAccess[]> {
  const here = cosmosScope(place);
  const [assignments, installation] = await Promise.all([
    port.assignmentsIn(place.resourceId),
    registry.installation(),
  ]);
  return byPrincipal(
    assignments.flatMap((assignment) => {
      const { scope, principalId } = assignment;
      if (!isWithin(here, scope) && !isWithin(scope, here)) return [];
      const owner = owners.byPrincipalId(principalId);
      // The account's roles have no description, and only whoever knows the namespace recognizes the name.
      const isMooring = owner !== undefined && isOwnAssignment(assignment, owner.namespaceRef, installation);
      if (isMooring && owner.hasTarget && scope === here) return [];
      const right: OtherRight = defined({
        right: roleNameOf(assignment),
        scope: scope === here ? undefined : scope === "" ? place.resourceId : scope,
        isForAnother: isMooring || undefined,
      });
      return [defined({ name: principalId, type: "principal", owner, right })];
    }),
  );
}
