/** Giving roles: what others gave is used as it is, what is missing is given, and what an earlier identity had is taken away. */
import type { IdentityPair } from "../../../domain/naming/identityPair.ts";
import type { Conflict } from "../../../domain/operation/plan.ts";
import {
  type CosmosPlace,
  cosmosAssignmentName,
  cosmosRolesFor,
  cosmosScope,
  type GivenCosmosRole,
  isGivenBy,
} from "../../../domain/targets/cosmos.ts";
import type { Decision, Granting } from "../../definitions/targetFamily.ts";
import { type AssignmentsAt, isOf, isOneOf, type Looking, readAssignments } from "./assignments.ts";

export async function planGrant(ports: Looking, place: CosmosPlace, input: Granting): Promise<Decision> {
  const { identity, operation } = input;
  const wanted = cosmosRolesFor(input.access);
  const found = await readAssignments(ports, place, input);
  const conflict = findConflict(found, { ...input, wanted });
  if (conflict) return { action: "conflict", differences: [], conflict, writes: [] };

  const has = (list: AssignmentsAt["ours"], role: GivenCosmosRole) =>
    identity && list.find((each) => isOneOf(each, [role]) && isOf(each, identity));
  const own = wanted.flatMap((role) => has(found.ours, role) ?? []);
  const lent = wanted.filter((role) => has(found.others, role));
  const lacking = wanted.filter((role) => !has(found.ours, role) && !has(found.others, role));
  // While the identity does not exist, every role that Mooring gave was an earlier identity's.
  const stale = found.ours.filter((each) => !identity || !isOf(each, identity));
  const surplus = input.takesBack ? found.ours.filter((each) => !stale.includes(each) && !isOneOf(each, wanted)) : [];

  const isUnchanged = lacking.length + stale.length + surplus.length === 0;
  const isNew =
    own.every(({ name }) => isGivenBy(name, operation)) && lent.length + stale.length + surplus.length === 0;
  const usual = lent.length > 0 && own.length === 0 ? "adopt" : isUnchanged ? "none" : "update";
  return {
    action: isNew ? "create" : usual,
    differences: [
      ...lacking.map(({ word }) => ({ field: word, current: null, desired: "granted" })),
      ...stale.map(({ word, principalId }) => ({ field: word, current: `granted to ${principalId}`, desired: null })),
      ...surplus.map(({ word }) => ({ field: word, current: "granted", desired: null })),
    ],
    writes: [
      ...(identity ? lacking.map((role) => () => give(ports, place, { role, identity, input })) : []),
      ...[...stale, ...surplus].map(
        ({ name }) =>
          () =>
            ports.cosmosRoles.remove(place.resourceId, name),
      ),
    ],
  };
}

/** What somebody else gave is used, unless that is forbidden. */
function findConflict(
  { others }: AssignmentsAt,
  { wanted, identity, adoptionPolicy, target }: Granting & { readonly wanted: readonly GivenCosmosRole[] },
): Conflict | undefined {
  if (!identity || adoptionPolicy !== "Never") return undefined;
  const lent = others.find((each) => isOneOf(each, wanted) && isOf(each, identity));
  if (!lent) return undefined;
  const what = `On ${target} somebody else gave the identity the role ${lent.word} (sqlRoleAssignments/${lent.name})`;
  return { code: "TARGET_ACCESS_CONFLICT", message: `${what}, and adoptionPolicy is Never.` };
}

interface Giving {
  readonly role: GivenCosmosRole;
  readonly identity: IdentityPair;
  readonly input: Granting;
}

function give({ cosmosRoles }: Looking, place: CosmosPlace, { role, identity, input }: Giving): Promise<void> {
  const grant = { roleId: role.id, principalId: identity.principalId, scope: cosmosScope(place) };
  return cosmosRoles.assign(place.resourceId, { ...grant, name: cosmosAssignmentName(grant, input) });
}
