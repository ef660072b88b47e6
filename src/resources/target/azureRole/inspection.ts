/** Reading the roles at a target's scope back. */
import { type Finding, finding } from "../../../domain/finding.ts";
import { printRoleMark } from "../../../domain/naming/ownership.ts";
import { type AzureRolePlace, rolesFor } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { Inspecting } from "../../definitions/targetFamily.ts";
import { type Assigned, assignmentId, isOf, isOfRole, readAssignments } from "./assignments.ts";
import { isOneOf } from "./grant.ts";

export async function inspectRoles(
  ports: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  input: Inspecting,
): Promise<readonly Finding[]> {
  const { target, identity, note, berth } = input;
  const { ours, others } = await readAssignments(ports, place, input);
  for (const { assignment, mark, isMarkLost } of ours) {
    const text = isMarkLost ? undefined : printRoleMark(berth, mark.operation);
    note({ thing: target, id: assignmentId(assignment), mark: text, field: "description" });
  }
  // That the identity is gone is a finding of its own.
  if (!identity) return [];
  const wanted = rolesFor(place.kind, input.access);
  const own = ours.filter(({ assignment }) => isOf(assignment, identity));
  const stale = ours.filter(({ assignment }) => !isOf(assignment, identity));
  const added = others.filter(({ assignment }) => isOf(assignment, identity));
  const missing = wanted.filter(({ id }) => ![...own, ...added].some(({ assignment }) => isOfRole(assignment, id)));
  const isWanted = ({ assignment }: Assigned) => isOneOf(assignment, wanted);
  return [
    ...missing.map(({ word }) => finding("GRANT_MISSING", target, { field: word, expected: "granted", found: null })),
    ...own.filter(isWanted).flatMap(({ role, assignment }) => limited("GRANT_LIMITED", { role, assignment })),
    ...added
      .filter(isWanted)
      .flatMap(({ role, assignment }) => limited("GRANT_LIMITED_BY_OTHERS", { role, assignment })),
    ...stale.map(({ role, assignment }) =>
      finding("GRANT_STALE", target, {
        field: role?.word ?? "role",
        expected: identity.principalId,
        found: assignment.principalId,
      }),
    ),
    ...own.filter((each) => !isWanted(each)).map((each) => surplus("GRANT_SURPLUS", each, "granted by Mooring")),
    ...added.filter((each) => !isWanted(each)).map((each) => surplus("GRANT_ADDED", each, "granted by somebody else")),
  ];

  function limited(code: "GRANT_LIMITED" | "GRANT_LIMITED_BY_OTHERS", { role, assignment }: Assigned) {
    if (assignment.condition === undefined) return [];
    return [finding(code, target, { field: role?.word ?? "role", expected: null, found: assignment.condition })];
  }

  function surplus(code: "GRANT_SURPLUS" | "GRANT_ADDED", each: Assigned, found: string): Finding {
    return finding(code, target, { field: nameOfRole(each), expected: null, found });
  }
}

function nameOfRole({ role, assignment }: Assigned): string {
  return role?.word ?? assignment.roleDefinitionId.split("/").at(-1) ?? "role";
}
