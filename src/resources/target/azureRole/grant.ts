/** Giving roles: what others gave is used as it is, what is missing is given, and what an earlier identity had is taken away. */
import { PermanentError, TransientError } from "../../../domain/errors.ts";
import type { PrincipalId } from "../../../domain/naming/identityPair.ts";
import { printRoleMark } from "../../../domain/naming/ownership.ts";
import type { Conflict } from "../../../domain/operation/plan.ts";
import {
  type AzureRolePlace,
  assignmentName,
  type GivenRole,
  rolesFor,
  scopeOf,
} from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { RoleAssignment } from "../../../ports/roleAssignments.ts";
import type { Decision, Granting } from "../../definitions/targetFamily.ts";
import { type Assigned, type AssignmentsAt, isOf, isOfRole, readAssignments, refOf } from "./assignments.ts";

type Looking = Pick<Ports, "roleAssignments">;

export async function planGrant(ports: Looking, place: AzureRolePlace, input: Granting): Promise<Decision> {
  const found = await readAssignments(ports, place, input);
  const { ours, others } = found;
  const { identity, operation } = input;
  const wanted = rolesFor(place.kind, input.access);
  const conflict = findConflict(found, { ...input, wanted });
  if (conflict) return { action: "conflict", differences: [], conflict, writes: [] };

  const own = (role: GivenRole) => (identity ? ours.find((each) => isSame(each, role, identity)) : undefined);
  const isLent = (role: GivenRole) => identity !== undefined && others.some((each) => isSame(each, role, identity));
  const missing = wanted.filter((role) => !own(role) && !isLent(role));
  const isBroken = (role: GivenRole) => own(role)?.isMarkLost === true || own(role)?.assignment.condition !== undefined;
  const broken = wanted.filter(isBroken);
  // While the identity does not exist, every role that Mooring gave was an earlier identity's.
  const stale = ours.filter(({ assignment }) => !identity || !isOf(assignment, identity));
  const surplus = input.takesBack
    ? ours.filter(
        ({ assignment }) => !stale.some((each) => each.assignment === assignment) && !isOneOf(assignment, wanted),
      )
    : [];

  const isUnchanged = missing.length + broken.length + stale.length + surplus.length === 0;
  const isMade = wanted.every((role) => !own(role) || own(role)?.mark.operation === operation);
  const isNew = isMade && !wanted.some(isLent) && stale.length + surplus.length === 0;
  const usual = wanted.some(isLent) && wanted.every((role) => !own(role)) ? "adopt" : isUnchanged ? "none" : "update";
  return {
    action: isNew ? "create" : usual,
    differences: [
      ...missing.map(({ word }) => ({ field: word, current: null, desired: "granted" })),
      ...broken.map((role) => describeBroken(role.word, own(role)?.assignment)),
      ...stale.map(({ role, assignment }) => ({
        field: role?.word ?? "role",
        current: `granted to ${assignment.principalId}`,
        desired: null,
      })),
      ...surplus.map(({ role }) => ({ field: role?.word ?? "role", current: "granted", desired: null })),
    ],
    writes: [
      ...(identity ? missing.map((role) => () => give(ports, place, { role, identity, input })) : []),
      ...broken.map((role) => async () => {
        const current = own(role);
        if (!current || !identity) return;
        const description = printRoleMark(input.berth, current.mark.operation);
        const { principalId } = identity;
        await ports.roleAssignments.put(refOf(current.assignment), { roleId: role.id, principalId, description });
      }),
      ...[...stale, ...surplus].map(
        ({ assignment }) =>
          () =>
            ports.roleAssignments.remove(refOf(assignment)),
      ),
    ],
  };
}

interface Wanted extends Granting {
  readonly wanted: readonly GivenRole[];
}

/** Azure takes one assignment of a role to a principal at a scope: what is in its place is used, or in the way. */
function findConflict(
  { others }: AssignmentsAt,
  { wanted, identity, adoptionPolicy, target }: Wanted,
): Conflict | undefined {
  if (!identity) return undefined;
  for (const role of wanted) {
    const lent = others.find(
      ({ assignment }) => isOfRole(assignment, role.id) && isOf(assignment, identity),
    )?.assignment;
    if (!lent) continue;
    const code = "TARGET_ACCESS_CONFLICT";
    const what = `On ${target} somebody else gave the identity the role ${role.name} (${lent.id})`;
    if (lent.condition !== undefined) return { code, message: `${what}, with a condition.` };
    if (adoptionPolicy === "Never") return { code, message: `${what}, and adoptionPolicy is Never.` };
  }
  return undefined;
}

function isSame({ assignment }: Assigned, role: GivenRole, identity: { readonly principalId: PrincipalId }): boolean {
  return isOfRole(assignment, role.id) && isOf(assignment, identity);
}

export function isOneOf(assignment: RoleAssignment, roles: readonly GivenRole[]): boolean {
  return roles.some(({ id }) => isOfRole(assignment, id));
}

function describeBroken(word: string, assignment: RoleAssignment | undefined) {
  return assignment?.condition === undefined
    ? { field: `description of ${word}`, current: assignment?.description ?? null, desired: "Mooring's mark" }
    : { field: `condition of ${word}`, current: assignment.condition, desired: null };
}

interface Giving {
  readonly role: GivenRole;
  readonly identity: { readonly principalId: PrincipalId };
  readonly input: Granting;
}

/** Reads back what it wrote: an assignment that ARM does not show is none. */
async function give(ports: Looking, place: AzureRolePlace, { role, identity, input }: Giving): Promise<void> {
  const { roleAssignments } = ports;
  const { principalId } = identity;
  const scope = scopeOf(place);
  const ref = { scope, name: assignmentName(scope, principalId, role.id) };
  try {
    const description = printRoleMark(input.berth, input.operation);
    await roleAssignments.put(ref, { roleId: role.id, principalId, description });
  } catch (error) {
    // Somebody was faster: their assignment is as good, unless it is limited or may not be used.
    if (!(error instanceof PermanentError) || error.code !== "ROLE_ASSIGNMENT_EXISTS") throw error;
    const found = await readAssignments(ports, place, input);
    const conflict = findConflict(found, { ...input, wanted: [role] });
    if (conflict) throw new PermanentError(conflict.code, conflict.message, { cause: error });
    if (![...found.ours, ...found.others].some((each) => isSame(each, role, identity))) throw error;
    return;
  }
  if (!(await roleAssignments.get(ref)))
    throw new TransientError("ARM_UNAVAILABLE", `Azure does not show the new role assignment ${ref.name} yet.`);
}
