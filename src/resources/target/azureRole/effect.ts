import type { Access } from "../../../domain/targets/access.ts";
import { type AzureRolePlace, roleDelayMs, rolesFor } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import type { About } from "../../definitions/targetFamily.ts";
import { readAssignments } from "./assignments.ts";
import { isOneOf } from "./grant.ts";

/** When the last of the namespace's roles there will be in effect everywhere; undefined if Mooring gave none. */
export async function effectiveFrom(
  ports: Pick<Ports, "roleAssignments">,
  place: AzureRolePlace,
  input: About & { readonly access: readonly Access[] },
): Promise<number | undefined> {
  const { ours } = await readAssignments(ports, place, input);
  const wanted = rolesFor(place.kind, input.access);
  const times = ours
    .filter(({ assignment }) => isOneOf(assignment, wanted))
    .map(({ assignment: { createdTime } }) => Date.parse(createdTime ?? ""))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? undefined : Math.max(...times) + roleDelayMs;
}
