/** Targets on which the identity gets built-in roles of Azure. They know an identity by its principal ID. */

import type { ClientId, PrincipalId } from "../../../domain/naming/identityPair.ts";
import { isSameId } from "../../../domain/naming/resourceId.ts";
import { type AzureRolePlace, isProvable, rolesFor, scopeOf } from "../../../domain/targets/azureRoles.ts";
import { inEffectFrom, isOneOf, planRoleRevocation } from "../../definitions/heldRoles.ts";
import type { TargetAt } from "../../definitions/targetFamily.ts";
import { readAssignments } from "./assignments.ts";
import { planGrant } from "./grant.ts";
import { inspectRoles } from "./inspection.ts";
import { othersWithRoles } from "./otherAccess.ts";
import { preflightAt, unmetAt } from "./preflight.ts";

export function azureRoleAt(place: AzureRolePlace): TargetAt {
  const scope = scopeOf(place);
  return {
    planGrant: (ports, input) => planGrant(ports, place, input),
    async planRevocation(ports, input) {
      const { ours } = await readAssignments(ports, place, input);
      return planRoleRevocation(ours, rolesFor(place.kind, input.keep), input);
    },
    inspect: (ports, input) => inspectRoles(ports, place, input),
    unmet: (ports) => unmetAt(ports, place),
    preflight: (ports, input) => preflightAt(ports, place, input),
    others: (ports, input) => othersWithRoles(ports, place, input),
    lockScope: scope,
    reached: async () => [],
    isProvable: (access) => isProvable(place, access),
    async effectiveFrom(ports, input) {
      const { ours } = await readAssignments(ports, place, input);
      const wanted = rolesFor(place.kind, input.access);
      return inEffectFrom(ours.filter((each) => isOneOf(each, wanted)).map(({ assignment }) => assignment.createdTime));
    },
    exported: ({ clientId, principalId, access }) => ({
      commands: rolesFor(place.kind, access).map(({ id }) => [
        ...["az", "role", "assignment", "create", ...assigneeOf(clientId, principalId)],
        // A role is named by the subscription that Azure CLI is in, wherever the scope is.
        ...["--role", id, "--scope", scope, "--subscription", scope.split("/")[2] ?? ""],
      ]),
    }),
    judges: (role) => isSameId(role.scope, scope),
  };
}

/** By its client ID, Azure CLI has to look it up in Microsoft Graph. */
function assigneeOf(clientId: ClientId, principalId: PrincipalId | undefined): readonly string[] {
  if (principalId === undefined) return ["--assignee", clientId];
  return ["--assignee-object-id", principalId, "--assignee-principal-type", "ServicePrincipal"];
}
