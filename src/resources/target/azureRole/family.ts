/** Targets on which the identity gets built-in roles of Azure. They know an identity by its principal ID. */

import { PermanentError, TransientError } from "../../../domain/errors.ts";
import type { ClientId, PrincipalId } from "../../../domain/naming/identityPair.ts";
import { isSameId } from "../../../domain/naming/resourceId.ts";
import { type AzureRolePlace, isProvable, rolesFor, scopeOf } from "../../../domain/targets/azureRoles.ts";
import { inEffectFrom, isOneOf, planRoleRevocation } from "../../definitions/heldRoles.ts";
import type { Decision, NamedTargetAt } from "../../definitions/targetFamily.ts";
import { unlessForbidden } from "../../definitions/unlessForbidden.ts";
import { type AssignmentsAt, findAssignments, findOutlived, readAssignments } from "./assignments.ts";
import { planGrant } from "./grant.ts";
import { inspectRoles } from "./inspection.ts";
import { othersWithRoles } from "./otherAccess.ts";
import { preflightAt, unmetAt } from "./preflight.ts";

export function azureRoleAt(place: AzureRolePlace): NamedTargetAt {
  const scope = scopeOf(place);
  return {
    planGrant: (ports, input) => planGrant(ports, place, input),
    async planRevocation(ports, input) {
      const decide = ({ ours }: AssignmentsAt) => planRoleRevocation(ours, rolesFor(place.kind, input.keep), input);
      const found = await findAssignments(ports, place, input);
      return found ? decide(found) : planOutlived(scope, async () => decide(await findOutlived(ports, place, input)));
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

/** Nobody can use what is left where the resource is gone: taking it away is tidying up. */
async function planOutlived(scope: string, decide: () => Promise<Decision>): Promise<Decision> {
  const why = `${scope} is gone. What Mooring gave there may still be listed above it, and counts again if it comes back`;
  const unseen = (message: string): Decision => {
    const fail = () => Promise.reject(new PermanentError("ARM_FORBIDDEN", `${why}. ${message}`));
    return { action: "none", differences: [], writes: [], tidying: [fail] };
  };
  const decision = await unlessForbidden(decide, unseen);
  if (decision.writes.length === 0) return decision;
  const takeAway = async () => {
    const refusals: string[] = [];
    for (const write of decision.writes) await unlessForbidden(write, (message) => void refusals.push(message));
    const { differences } = await decide();
    if (differences.length === 0) return;
    const message = [`${why}: ${differences.map(({ field }) => field).join(", ")}.`, ...refusals].join(" ");
    throw refusals.length > 0
      ? new PermanentError("ARM_FORBIDDEN", message)
      : new TransientError("ARM_UNAVAILABLE", message);
  };
  return { ...decision, deletesRoles: false, writes: [], tidying: [takeAway] };
}

/** By its client ID, Azure CLI has to look it up in Microsoft Graph. */
function assigneeOf(clientId: ClientId, principalId: PrincipalId | undefined): readonly string[] {
  if (principalId === undefined) return ["--assignee", clientId];
  return ["--assignee-object-id", principalId, "--assignee-principal-type", "ServicePrincipal"];
}
