/** Users of the identity with Mooring's mark in databases that its request does not name. */
import { identityName } from "../../domain/naming/names.ts";
import { throwConflict } from "../../domain/operation/plan.ts";
import { holderOf, surplusOf } from "../definitions/surplus.ts";
import { findReach, isMarkedUser, namedIn } from "./elsewhere.ts";
import { planRevocation } from "./revocation.ts";

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
      const { plan, conflict, changes } = await planRevocation(ports, "revokeDatabase", {
        ...{ cluster, namespace, database: on },
      });
      const differences = plan.differences.map((each) => ({ ...each, field: `${each.field} in ${database}` }));
      const takeAway = async () => {
        throwConflict(conflict);
        await ports.databases.change(target, changes);
      };
      return { differences, takeAway };
    });
  return (await Promise.all(found)).filter(({ differences }) => differences.length > 0);
});
