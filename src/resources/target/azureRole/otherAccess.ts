/** Whoever has a role in Azure at the scope of a target, or above it, that Mooring did not give for it. */
import { defined } from "../../../domain/defined.ts";
import { namespaceKey } from "../../../domain/naming/names.ts";
import { readRoleMark } from "../../../domain/naming/ownership.ts";
import { isSameId } from "../../../domain/naming/resourceId.ts";
import { type AzureRolePlace, roleNameOf, scopeOf } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { RoleAssignment } from "../../../ports/roleAssignments.ts";
import { byPrincipal } from "../../definitions/heldRoles.ts";
import { type OtherAccess, type OtherRight, type Owners, recordedMarkOf } from "../../definitions/otherAccess.ts";
import { assignmentId } from "./assignments.ts";

export async function othersWithRoles(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  { target, owners }: { readonly target: string; readonly owners: Owners },
): Promise<readonly OtherAccess[]> {
  const scope = scopeOf(place);
  const assignments = await roleAssignments.applyingAt(scope);
  return byPrincipal(
    assignments.flatMap((assignment) => {
      const { principalId, principalType = "principal", condition } = assignment;
      const isHere = isSameId(assignment.scope, scope);
      const isMooring = isGivenByMooring(assignment, target, owners);
      const owner = owners.byPrincipalId(principalId);
      if (isMooring && isHere && (owner === undefined || owner.hasTarget)) return [];
      const right: OtherRight = defined({
        right: `${roleNameOf(assignment.roleDefinitionId)}${condition === undefined ? "" : ", with a condition"}`,
        scope: isHere ? undefined : assignment.scope,
        isForAnother: isMooring || undefined,
      });
      return [defined({ name: principalId, type: principalType, owner, right })];
    }),
  );
}

function isGivenByMooring(assignment: RoleAssignment, target: string, owners: Owners): boolean {
  const owner = owners.byPrincipalId(assignment.principalId);
  const written = readRoleMark(assignment.description);
  if (!owner) return written !== undefined && owners.isUnsure(written.berth);
  const mark = written ?? readRoleMark(recordedMarkOf(owner, target, assignmentId(assignment)));
  return mark?.berth === namespaceKey(owner.namespaceRef);
}
