/** The roles at the scope of a target in a Cosmos DB account: those that Mooring gave the namespace, and those of others. */
import { namespaceKey } from "../../../domain/naming/names.ts";
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

export type Looking = Pick<Ports, "cosmosRoles" | "registry">;

export interface Assigned extends CosmosAssignment {
  /** The word, or the GUID of a role that the account's owner made. */
  readonly word: string;
}

export type AssignmentsAt = RolesAt<Assigned & OurRole, Assigned>;

/** The name of an assignment is its mark, so none can be lost. */
export async function readAssignments(
  { cosmosRoles: port, registry }: Looking,
  place: CosmosPlace,
  { namespaceRef, judge }: Pick<About, "namespaceRef" | "judge">,
): Promise<AssignmentsAt> {
  const [all, installation] = await Promise.all([port.assignmentsIn(place.resourceId), registry.installation()]);
  const found = {
    ours: [] as (Assigned & OurRole)[],
    unrecorded: [] as (Assigned & OurRole)[],
    others: [] as Assigned[],
  };
  for (const each of all.filter(({ scope }) => scope === cosmosScope(place))) {
    const held = { ...each, word: cosmosRoles.find(({ id }) => id === each.roleId)?.word ?? each.roleId };
    const isOwn = isOwnAssignment(each, namespaceRef, installation);
    const whose = isOwn
      ? await judge({ berth: namespaceKey(namespaceRef) }, { isHolder: (id) => id === each.principalId.toLowerCase() })
      : "others";
    if (whose === "others") found.others.push(held);
    else
      found[whose].push({
        ...held,
        isGivenBy: (operation) => isGivenBy(each.name, operation),
        remove: () => port.remove(place.resourceId, each.name),
      });
  }
  return found;
}

/** Of scopes, as `cosmosScope` says them. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}

export function roleNameOf({ roleId }: CosmosAssignment): string {
  return cosmosRoles.find(({ id }) => id === roleId.toLowerCase())?.name ?? `role ${roleId}`;
}
