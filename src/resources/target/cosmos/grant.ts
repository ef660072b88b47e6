/** Giving roles in a Cosmos DB account. */
import type { Conflict } from "../../../domain/operation/plan.ts";
import { mayAdopt } from "../../../domain/request/adoption.ts";
import {
  type CosmosPlace,
  cosmosAssignmentName,
  cosmosRolesFor,
  cosmosScope,
  type GivenCosmosRole,
} from "../../../domain/targets/cosmos.ts";
import { conflictOfUnrecorded, isOf, isOneOf, planRoles } from "../../definitions/heldRoles.ts";
import type { Decision, Granting } from "../../definitions/targetFamily.ts";
import { type AssignmentsAt, type Looking, readAssignments } from "./assignments.ts";

export async function planGrant(ports: Looking, place: CosmosPlace, input: Granting): Promise<Decision> {
  const wanted = cosmosRolesFor(input.access);
  const found = await readAssignments(ports, place, input);
  const conflict = conflictOfUnrecorded(found, input) ?? findConflict(found, { ...input, wanted });
  if (conflict) return { action: "conflict", differences: [], conflict, writes: [] };
  return planRoles(found, wanted, input, {
    async give(role, { principalId }) {
      const grant = { roleId: role.id, principalId, scope: cosmosScope(place) };
      const by = { ...input, installation: await ports.registry.installation() };
      await ports.cosmosRoles.assign(place.resourceId, { ...grant, name: cosmosAssignmentName(grant, by) });
    },
  });
}

/** What somebody else gave is used, unless that is forbidden. */
function findConflict(
  { others }: AssignmentsAt,
  { wanted, identity, adoptionPolicy, target }: Granting & { readonly wanted: readonly GivenCosmosRole[] },
): Conflict | undefined {
  if (!identity || mayAdopt(adoptionPolicy, { isIdentical: true })) return undefined;
  const lent = others.find((each) => isOneOf(each, wanted) && isOf(each, identity));
  if (!lent) return undefined;
  const what = `On ${target} somebody else gave the identity the role ${lent.word} (sqlRoleAssignments/${lent.name})`;
  return { code: "TARGET_ACCESS_CONFLICT", message: `${what}, and adoptionPolicy is ${adoptionPolicy}.` };
}
