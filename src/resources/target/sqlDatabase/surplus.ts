/** Users of the identity with Mooring's mark in databases that its request does not name. */
import { identityName } from "../../../domain/naming/names.ts";
import { recallOf } from "../../definitions/recordedMark.ts";
import { holderOf, surplusOf } from "../../definitions/surplus.ts";
import { carryOut } from "../../definitions/tidying.ts";
import { findReach, isMarkedUser, namedIn } from "./elsewhere.ts";
import { databasePlace } from "./place.ts";
import { planRevocation } from "./revocation.ts";

export const surplusUsers = surplusOf(async (ports, request, isOffboarding) => {
  const identity = await holderOf(ports, request, isOffboarding);
  if (!identity) return [];
  const { cluster, namespace } = request;
  const namespaceRef = { cluster, namespace };
  const { users } = await findReach(
    ports,
    { name: identityName(request), clientId: identity.clientId },
    namedIn(request),
  );
  const found = users
    .filter(({ user }) => isMarkedUser(request, user))
    .map(async ({ database }) => {
      const about = { namespaceRef, target: database, ...recallOf(ports, namespaceRef, { withoutRecord: "ours" }) };
      const place = databasePlace(ports.catalog, database);
      const decision = await planRevocation(ports, place, { ...about, keep: [], keepsResource: false });
      const differences = decision.differences.map((each) => ({ ...each, field: `${each.field} in ${database}` }));
      return { differences, takeAway: () => carryOut(decision) };
    });
  return (await Promise.all(found)).filter(({ differences }) => differences.length > 0);
});
