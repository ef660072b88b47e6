/** The roles at the scope of a target in a Cosmos DB account: those that Mooring gave the namespace, and those of others. */
import {
  type CosmosPlace,
  cosmosRoles,
  cosmosScope,
  isGivenBy,
  isOwnAssignment,
} from "../../../domain/targets/cosmos.ts";
import type { CosmosAssignment } from "../../../ports/cosmosRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { OurRole, RolesAt } from "../../definitions/heldRoles.ts";
import type { About } from "../../definitions/targetFamily.ts";

export type Looking = Pick<Ports, "cosmosRoles">;

export interface Assigned extends CosmosAssignment {
  /** The word, or the GUID of a role that the account's owner made. */
  readonly word: string;
}

export type AssignmentsAt = RolesAt<Assigned & OurRole, Assigned>;

/** The name of an assignment is its mark, so none can be lost. */
export async function readAssignments(
  { cosmosRoles: port }: Looking,
  place: CosmosPlace,
  { berth }: Pick<About, "berth">,
): Promise<AssignmentsAt> {
  const all = await port.assignmentsIn(place.resourceId);
  const here = all
    .filter(({ scope }) => scope === cosmosScope(place))
    .map((each) => ({ ...each, word: cosmosRoles.find(({ id }) => id === each.roleId)?.word ?? each.roleId }));
  return {
    ours: here
      .filter((each) => isOwnAssignment(each, berth))
      .map((each) => ({
        ...each,
        isGivenBy: (operation) => isGivenBy(each.name, operation),
        remove: () => port.remove(place.resourceId, each.name),
      })),
    others: here.filter((each) => !isOwnAssignment(each, berth)),
  };
}

/** Of scopes, as `cosmosScope` says them. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}

export function roleNameOf({ roleId }: CosmosAssignment): string {
  return cosmosRoles.find(({ id }) => id === roleId.toLowerCase())?.name ?? `role ${roleId}`;
}
