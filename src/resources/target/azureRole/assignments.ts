/** The role assignments at the scope of a target: those that Mooring made for the namespace, and those of others. */
import { type Berth, berthKey } from "../../../domain/naming/names.ts";
import { type Ownership, readRoleMark } from "../../../domain/naming/ownership.ts";
import { type AzureRolePlace, everyRole, scopeOf } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { AssignmentRef, RoleAssignment } from "../../../ports/roleAssignments.ts";
import type { HeldRole, OurRole, RolesAt } from "../../definitions/heldRoles.ts";
import type { About } from "../../definitions/targetFamily.ts";

export interface Assigned extends HeldRole {
  readonly assignment: RoleAssignment;
}

export interface OurAssignment extends Assigned, OurRole {
  readonly mark: Ownership;
  /** Somebody wrote over the description; the record still has it. */
  readonly isMarkLost: boolean;
}

export type AssignmentsAt = RolesAt<OurAssignment, Assigned>;

export async function readAssignments(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  about: About,
): Promise<AssignmentsAt> {
  const made = await roleAssignments.madeAt(scopeOf(place));
  const ours: OurAssignment[] = [];
  const others: Assigned[] = [];
  for (const assignment of made) {
    const { principalId, condition, roleDefinitionId } = assignment;
    const roleId = nameOf(roleDefinitionId.toLowerCase());
    const word = everyRole(place.kind).find(({ id }) => id === roleId)?.word ?? nameOf(roleDefinitionId);
    const held = { assignment, word, roleId, principalId, condition };
    const written = ofBerth(assignment.description, about.berth);
    const mark = written ?? ofBerth(await about.recordedMark(about.target, assignmentId(assignment)), about.berth);
    if (!mark) others.push(held);
    else
      ours.push({
        ...held,
        mark,
        isMarkLost: written === undefined,
        isGivenBy: (operation) => mark.operation === operation,
        remove: () => roleAssignments.remove(refOf(assignment)),
      });
  }
  return { ours, others };
}

/** A later assignment of the same name is another one. */
export function assignmentId({ id, createdTime }: RoleAssignment): string | undefined {
  return createdTime === undefined ? undefined : `${nameOf(id)} ${createdTime}`;
}

export function refOf({ id, scope }: RoleAssignment): AssignmentRef {
  return { scope, name: nameOf(id) };
}

function nameOf(id: string): string {
  return id.split("/").at(-1) ?? id;
}

function ofBerth(description: string | undefined, berth: Berth): Ownership | undefined {
  const mark = readRoleMark(description);
  return mark?.berth === berthKey(berth) ? mark : undefined;
}
