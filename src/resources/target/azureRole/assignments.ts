/** The role assignments at the scope of a target: those that Mooring made for the namespace, and those of others. */
import type { PrincipalId } from "../../../domain/naming/identityPair.ts";
import type { Berth } from "../../../domain/naming/names.ts";
import { berthKey } from "../../../domain/naming/names.ts";
import { type Ownership, readRoleMark } from "../../../domain/naming/ownership.ts";
import { type AzureRolePlace, everyRole, type GivenRole, scopeOf } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { AssignmentRef, RoleAssignment } from "../../../ports/roleAssignments.ts";
import type { About } from "../../definitions/targetFamily.ts";

export interface Assigned {
  readonly assignment: RoleAssignment;
  /** Undefined for a role that is none of the kind's: nobody can ask for it. */
  readonly role: GivenRole | undefined;
}

export interface OurAssignment extends Assigned {
  readonly mark: Ownership;
  /** Somebody wrote over the description; the record still has it. */
  readonly isMarkLost: boolean;
}

export interface AssignmentsAt {
  readonly ours: readonly OurAssignment[];
  readonly others: readonly Assigned[];
}

export async function readAssignments(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  about: About,
): Promise<AssignmentsAt> {
  const made = await roleAssignments.madeAt(scopeOf(place));
  const ours: OurAssignment[] = [];
  const others: Assigned[] = [];
  for (const assignment of made) {
    const role = everyRole(place.kind).find(({ id }) => isOfRole(assignment, id));
    const written = ofBerth(assignment.description, about.berth);
    const mark = written ?? ofBerth(await about.recordedMark(about.target, assignmentId(assignment)), about.berth);
    if (mark) ours.push({ assignment, role, mark, isMarkLost: written === undefined });
    else others.push({ assignment, role });
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

export function isOfRole({ roleDefinitionId }: Pick<RoleAssignment, "roleDefinitionId">, roleId: string): boolean {
  return roleDefinitionId.toLowerCase().endsWith(`/${roleId}`);
}

export function isOf({ principalId }: RoleAssignment, identity: { readonly principalId: PrincipalId }): boolean {
  return principalId.toLowerCase() === identity.principalId.toLowerCase();
}

function ofBerth(description: string | undefined, berth: Berth): Ownership | undefined {
  const mark = readRoleMark(description);
  return mark?.berth === berthKey(berth) ? mark : undefined;
}
