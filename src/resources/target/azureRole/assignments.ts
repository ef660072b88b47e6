/** The role assignments at the scope of a target: those that Mooring made for the namespace, and those of others. */
import { PrincipalId } from "../../../domain/naming/identityPair.ts";
import { type Ownership, readRoleMark } from "../../../domain/naming/ownership.ts";
import { isSameId } from "../../../domain/naming/resourceId.ts";
import { type AzureRolePlace, assignmentName, everyRole, scopeOf } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { AssignmentRef, RoleAssignment } from "../../../ports/roleAssignments.ts";
import type { HeldRole, OurRole, RolesAt } from "../../definitions/heldRoles.ts";
import { knownIdentities } from "../../definitions/knownIdentities.ts";
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

/** None at a resource that is gone. */
export async function readAssignments(
  ports: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  about: About,
): Promise<AssignmentsAt> {
  return (await findAssignments(ports, place, about)) ?? { ours: [], unrecorded: [], others: [] };
}

/** Undefined if the resource is gone. */
export async function findAssignments(
  ports: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  about: About,
): Promise<AssignmentsAt | undefined> {
  const made = await ports.roleAssignments.madeAt(scopeOf(place));
  return made && (await sorted(ports, made, { place, about }));
}

/**
 * What the identity still has at a resource that is gone, which only lists above it show: it counts again if a resource of the same ID
 * comes back. Azure deletes the assignments of a key vault with it, and says so of nothing else (docs/targets.md).
 */
export async function findOutlived(
  ports: Pick<Ports, "catalog" | "identities" | "registry" | "roleAssignments">,
  place: AzureRolePlace,
  about: About,
): Promise<AssignmentsAt> {
  const scope = scopeOf(place);
  const subscriptionId = scope.split("/")[2] ?? "";
  const identities = await knownIdentities(ports, about.namespaceRef);
  const given = identities.map(({ principalId }) => ports.roleAssignments.givenTo(principalId, { subscriptionId }));
  const there = (await Promise.all(given)).flat().filter((each) => isSameId(each.scope, scope));
  return await sorted(ports, there, { place, about });
}

async function sorted(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  made: readonly RoleAssignment[],
  { place, about }: { readonly place: AzureRolePlace; readonly about: About },
): Promise<AssignmentsAt> {
  const found = { ours: [] as OurAssignment[], unrecorded: [] as OurAssignment[], others: [] as Assigned[] };
  for (const assignment of made) {
    const { principalId, condition, roleDefinitionId } = assignment;
    const roleId = nameOf(roleDefinitionId.toLowerCase());
    const word = everyRole(place.kind).find(({ id }) => id === roleId)?.word ?? nameOf(roleDefinitionId);
    const held = { assignment, word, roleId, principalId, condition };
    const written = readRoleMark(assignment.description);
    const mark = written ?? readRoleMark(await about.recordedMark(about.target, assignmentId(assignment)));
    const whose = mark ? await about.judge(mark, { isHolder: (id) => id === principalId.toLowerCase() }) : "others";
    // A copied description under a name that Mooring would not give it says nothing.
    if (!mark || whose === "others" || (whose === "unrecorded" && !hasOwnName(assignment))) found.others.push(held);
    else
      found[whose].push({
        ...held,
        mark,
        isMarkLost: written === undefined,
        isGivenBy: (operation) => mark.operation === operation,
        remove: () => roleAssignments.remove(refOf(assignment)),
      });
  }
  return found;
}

/** Nobody else gives an assignment this name. */
export function hasOwnName({ id, scope, principalId, roleDefinitionId }: RoleAssignment): boolean {
  const { data: principal } = PrincipalId.safeParse(principalId);
  return (
    principal !== undefined && nameOf(id).toLowerCase() === assignmentName(scope, principal, nameOf(roleDefinitionId))
  );
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
