import { type AzureRolePlace, rolesFor } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { Decision, Taking } from "../../definitions/targetFamily.ts";
import { isOf, readAssignments, refOf } from "./assignments.ts";
import { isOneOf } from "./grant.ts";

/** Takes back the roles that Mooring gave, whichever identity has them, except those that the namespace keeps. */
export async function planTaking(
  ports: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  input: Taking,
): Promise<Decision> {
  const { createdBy, granted } = input;
  const { ours } = await readAssignments(ports, place, input);
  const kept = rolesFor(place.kind, input.keep);
  const taken = ours
    .filter(({ assignment }) => !isOneOf(assignment, kept))
    .filter(({ assignment }) => !granted || (granted.to && isOf(assignment, granted.to)))
    .filter(({ mark }) => createdBy === undefined || mark.operation === createdBy);
  return {
    action: taken.length > 0 ? "delete" : "none",
    differences: taken.map(({ role }) => ({ field: role?.word ?? "role", current: "granted", desired: null })),
    writes: taken.map(
      ({ assignment }) =>
        () =>
          ports.roleAssignments.remove(refOf(assignment)),
    ),
  };
}
