/** Reading the roles at a target's scope back. */
import type { Finding } from "../../../domain/finding.ts";
import { printRoleMark } from "../../../domain/naming/ownership.ts";
import { type AzureRolePlace, rolesFor } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import { inspectHeld } from "../../definitions/heldRoles.ts";
import type { Inspecting } from "../../definitions/targetFamily.ts";
import { assignmentId, readAssignments } from "./assignments.ts";

export async function inspectRoles(
  ports: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  input: Inspecting,
): Promise<readonly Finding[]> {
  const { target, note, namespaceRef } = input;
  const found = await readAssignments(ports, place, input);
  for (const { assignment, mark, isMarkLost } of found.ours) {
    const text = isMarkLost ? undefined : printRoleMark(namespaceRef, mark.operation, mark.installation);
    note({ thing: target, id: assignmentId(assignment), mark: text, field: "description" });
  }
  return inspectHeld(found, rolesFor(place.kind, input.access), { target, identity: await input.identity() });
}
