/** Giving roles in Azure, each with Mooring's mark as its description. */
import { PermanentError, TransientError } from "../../../domain/errors.ts";
import type { IdentityPair } from "../../../domain/naming/identityPair.ts";
import { printRoleMark } from "../../../domain/naming/ownership.ts";
import type { Conflict } from "../../../domain/operation/plan.ts";
import { mayAdopt } from "../../../domain/request/adoption.ts";
import {
  type AzureRolePlace,
  assignmentName,
  type GivenRole,
  rolesFor,
  scopeOf,
} from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import { conflictOfUnrecorded, heldBy, planRoles } from "../../definitions/heldRoles.ts";
import type { Decision, Granting } from "../../definitions/targetFamily.ts";
import { type AssignmentsAt, type OurAssignment, readAssignments, refOf } from "./assignments.ts";

type Looking = Pick<Ports, "registry" | "roleAssignments">;

export async function planGrant(ports: Looking, place: AzureRolePlace, input: Granting): Promise<Decision> {
  const found = await readAssignments(ports, place, input);
  const { identity } = input;
  const wanted = rolesFor(place.kind, input.access);
  const conflict = conflictOfUnrecorded(found, input) ?? findConflict(found, { ...input, wanted });
  if (conflict) return { action: "conflict", differences: [], conflict, writes: [] };
  const own = identity ? wanted.flatMap((role) => heldBy(found.ours, role, identity) ?? []) : [];
  const broken = own.filter(({ isMarkLost, condition }) => isMarkLost || condition !== undefined);
  return planRoles(found, wanted, input, {
    give: (role, to) => give(ports, place, { role, identity: to, input }),
    corrections: broken.map((each) => ({ difference: describeBroken(each), write: () => correct(ports, each, input) })),
  });
}

/** Azure takes one assignment of a role to a principal at a scope: what is in its place is used, or in the way. */
function findConflict(
  { others }: AssignmentsAt,
  { wanted, identity, adoptionPolicy, target }: Granting & { readonly wanted: readonly GivenRole[] },
): Conflict | undefined {
  if (!identity) return undefined;
  for (const role of wanted) {
    const lent = heldBy(others, role, identity);
    if (!lent) continue;
    const code = "TARGET_ACCESS_CONFLICT";
    const what = `On ${target} somebody else gave the identity the role ${role.name} (${lent.assignment.id})`;
    if (lent.condition !== undefined) return { code, message: `${what}, with a condition.` };
    if (!mayAdopt(adoptionPolicy, { isIdentical: true })) {
      return { code, message: `${what}, and adoptionPolicy is ${adoptionPolicy}.` };
    }
  }
  return undefined;
}

function describeBroken({ word, condition, assignment }: OurAssignment) {
  return condition === undefined
    ? { field: `description of ${word}`, current: assignment.description ?? null, desired: "Mooring's mark" }
    : { field: `condition of ${word}`, current: condition, desired: null };
}

async function correct(
  { registry, roleAssignments }: Looking,
  held: OurAssignment,
  { namespaceRef, identity }: Granting,
) {
  if (!identity) return;
  const { assignment, mark, roleId } = held;
  const description = printRoleMark(namespaceRef, mark.operation, await registry.installation());
  await roleAssignments.put(refOf(assignment), { roleId, principalId: identity.principalId, description });
}

interface Giving {
  readonly role: GivenRole;
  readonly identity: IdentityPair;
  readonly input: Granting;
}

/** Reads back what it wrote: an assignment that ARM does not show is none. */
async function give(ports: Looking, place: AzureRolePlace, { role, identity, input }: Giving): Promise<void> {
  const { registry, roleAssignments } = ports;
  const { principalId } = identity;
  const scope = scopeOf(place);
  const ref = { scope, name: assignmentName(scope, principalId, role.id) };
  try {
    const description = printRoleMark(input.namespaceRef, input.operation, await registry.installation());
    await roleAssignments.put(ref, { roleId: role.id, principalId, description });
  } catch (error) {
    // Somebody was faster: their assignment is as good, unless it is limited or may not be used.
    if (!(error instanceof PermanentError) || error.code !== "ROLE_ASSIGNMENT_EXISTS") throw error;
    const found = await readAssignments(ports, place, input);
    const conflict = findConflict(found, { ...input, wanted: [role] });
    if (conflict) throw new PermanentError(conflict.code, conflict.message, { cause: error });
    if (!heldBy([...found.ours, ...found.others], role, identity)) throw error;
    return;
  }
  if (!(await roleAssignments.get(ref)))
    throw new TransientError("ARM_UNAVAILABLE", `Azure does not show the new role assignment ${ref.name} yet.`);
}
