/** The account's roles that an identity has where a target is, above it or below it, and that no request asks for. */

import { defined } from "../../../domain/defined.ts";
import { isSameId } from "../../../domain/naming/resourceId.ts";
import { withIncluded } from "../../../domain/targets/access.ts";
import { type CosmosPlace, cosmosRoles, cosmosScope, isOwnAssignment } from "../../../domain/targets/cosmos.ts";
import type { CosmosAssignment } from "../../../ports/cosmosRoles.ts";
import { isOf } from "../../definitions/heldRoles.ts";
import type { Asked, Reached, Reaching } from "../../definitions/targetFamily.ts";
import { isWithin, type Looking, roleNameOf } from "./assignments.ts";

export async function reachedInAccount(
  { cosmosRoles: port, registry }: Looking,
  place: CosmosPlace,
  { namespaceRef, principalId, asked }: Reaching,
): Promise<readonly Reached[]> {
  const here = cosmosScope(place);
  const [all, installation] = await Promise.all([port.assignmentsIn(place.resourceId), registry.installation()]);
  return all
    .filter((each) => isOf(each, { principalId }))
    .filter(({ scope }) => isWithin(here, scope) || isWithin(scope, here))
    .filter((each) => !asked.some((one) => isAskedFor(each, one, place)))
    .map((each) => ({
      what: `${roleNameOf(each)} at ${place.resourceId}${each.scope}`,
      isOurs: isOwnAssignment(each, namespaceRef, installation),
      place: placeAt(place, each),
    }));
}

function placeAt({ database: _, container: _none, ...account }: CosmosPlace, { scope }: CosmosAssignment): CosmosPlace {
  const [, , database, , container] = scope.split("/");
  return { ...account, ...defined({ database, container }) };
}

/** At the scope of a place that a request names, `inspect` judges it; below, whoever may do as much above has it anyway. */
function isAskedFor(
  { scope, roleId }: CosmosAssignment,
  { place, access }: Asked,
  { resourceId }: Pick<CosmosPlace, "resourceId">,
): boolean {
  if (place.kind !== "cosmosNoSql" || !isSameId(place.resourceId, resourceId)) return false;
  const named = cosmosScope(place);
  if (scope === named) return true;
  const word = cosmosRoles.find(({ id }) => id === roleId)?.word;
  return isWithin(scope, named) && word !== undefined && withIncluded(access).has(word);
}
