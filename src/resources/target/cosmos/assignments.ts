/** The roles at the scope of a target in a Cosmos DB account: those that Mooring gave the namespace, and those of others. */
import type { PrincipalId } from "../../../domain/naming/identityPair.ts";
import {
  type CosmosPlace,
  cosmosRoles,
  cosmosScope,
  type GivenCosmosRole,
  isOwnAssignment,
} from "../../../domain/targets/cosmos.ts";
import type { CosmosAssignment } from "../../../ports/cosmosRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { About } from "../../definitions/targetFamily.ts";

export type Looking = Pick<Ports, "cosmosRoles">;

export interface Assigned extends CosmosAssignment {
  /** The word, or the GUID of a role that the account's owner made: nobody can ask for that. */
  readonly word: string;
}

export interface AssignmentsAt {
  readonly ours: readonly Assigned[];
  readonly others: readonly Assigned[];
}

/** The name of an assignment is its mark, so none can be lost. */
export async function readAssignments(
  ports: Looking,
  place: CosmosPlace,
  { berth }: Pick<About, "berth">,
): Promise<AssignmentsAt> {
  const all = await ports.cosmosRoles.assignmentsIn(place.resourceId);
  const here = all
    .filter(({ scope }) => scope === cosmosScope(place))
    .map((each) => ({ ...each, word: cosmosRoles.find(({ id }) => id === each.roleId)?.word ?? each.roleId }));
  return {
    ours: here.filter((each) => isOwnAssignment(each, berth)),
    others: here.filter((each) => !isOwnAssignment(each, berth)),
  };
}

export function isOf({ principalId }: CosmosAssignment, identity: { readonly principalId: PrincipalId }): boolean {
  return principalId.toLowerCase() === identity.principalId.toLowerCase();
}

export function isOneOf({ roleId }: CosmosAssignment, roles: readonly GivenCosmosRole[]): boolean {
  return roles.some(({ id }) => id === roleId);
}
