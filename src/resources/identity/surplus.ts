/** Roles in Azure, anywhere, that the identity has by Mooring's mark or name where its request has no target. */
import { isGuest } from "../../domain/naming/names.ts";
import { newestIdentity } from "../../domain/operation/identities.ts";
import { surplusOf } from "../definitions/surplus.ts";
import { refOf } from "../target/azureRole/assignments.ts";
import { isMarkedRole, judgedRoles } from "../target/surplus.ts";
import { describeRole, findRoles } from "./roles.ts";

export const surplusRoles = surplusOf(async (ports, request) => {
  const record = isGuest(request) ? undefined : await ports.registry.getNamespace(request);
  const identity = record && newestIdentity(record);
  if (!identity) return [];
  const [{ given }, isJudged] = await Promise.all([findRoles(ports, identity), judgedRoles(ports, request)]);
  return given
    .filter((role) => isMarkedRole(request, role) && !isJudged(role))
    .map((role) => ({
      differences: [{ field: "role", current: describeRole(role), desired: null }],
      takeAway: () => ports.roleAssignments.remove(refOf(role)),
    }));
});
