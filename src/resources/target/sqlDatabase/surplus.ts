/** Users of the identity with Mooring's mark in databases that its request does not name. */
import { identityName } from "../../../domain/naming/names.ts";
import { type Conflict, throwConflict } from "../../../domain/operation/plan.ts";
import { holderOf, surplusOf } from "../../definitions/surplus.ts";
import { findReach, isMarkedUser, namedIn } from "./elsewhere.ts";
import { carryOut, planRevocation } from "./revocation.ts";

export const surplusUsers = surplusOf(async (ports, request, isOffboarding) => {
  const identity = await holderOf(ports, request, isOffboarding);
  if (!identity) return [];
  const { cluster, namespace } = request;
  const name = identityName(request);
  const { users } = await findReach(ports, { name, clientId: identity.clientId }, namedIn(request));
  const found = users
    .filter(({ user }) => isMarkedUser(request, user))
    .map(async ({ database, target }) => {
      const on = { server: target.server.alias, database: target.database, roles: [] };
      const input = { cluster, namespace, database: on };
      const look = (refused?: Conflict) => planRevocation(ports, "revokeDatabase", input, refused);
      const seen = await look();
      const differences = seen.plan.differences.map((each) => ({ ...each, field: `${each.field} in ${database}` }));
      const takeAway = async () => {
        const { conflict } = await carryOut(ports, input, async (refused) => (refused ? await look(refused) : seen));
        throwConflict(conflict);
      };
      return { differences, takeAway };
    });
  return (await Promise.all(found)).filter(({ differences }) => differences.length > 0);
});
