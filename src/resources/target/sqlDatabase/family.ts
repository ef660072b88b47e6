/** A database on an Azure SQL server, with a user of the identity. It knows an identity by its client ID. */
import { identityName } from "../../../domain/naming/names.ts";
import { sidFromClientId } from "../../../domain/naming/sid.ts";
import { type DatabaseRole, fixedInsteadOf, grantsOf } from "../../../domain/targets/databaseRoles.ts";
import type { Exporting, TargetAt } from "../../definitions/targetFamily.ts";
import { planGrant } from "./grant.ts";
import { describeUsers, inspectUser } from "./inspection.ts";
import { othersInDatabase } from "./otherAccess.ts";
import { type DatabasePlace, reach } from "./place.ts";
import { describeRemains, planRevocation } from "./revocation.ts";

export function sqlDatabaseAt(place: DatabasePlace): TargetAt<DatabaseRole> {
  return {
    planGrant: (ports, input) => planGrant(ports, place, input),
    planRevocation: (ports, input) => planRevocation(ports, place, input),
    inspect: (ports, input) => inspectUser(ports, place, input),
    // Without the server or the database, nothing there can be read.
    unmet: async () => undefined,
    // One look for all databases of a server (preflight.ts).
    preflight: () => [],
    lockScope: undefined,
    others: (ports, { owners }) => reach(ports, place, (target) => othersInDatabase(ports, target, owners)),
    exported: (input) => ({ databases: [exportedUser(place, input)] }),
    describeLeft: (ports, input) => describeUsers(ports, place, input),
    remains: (ports, input) => describeRemains(ports, place, input),
  };
}

function exportedUser({ database, found }: DatabasePlace, { namespaceRef, access, clientId }: Exporting<DatabaseRole>) {
  return {
    server: `${found?.host},${found?.port}`,
    database,
    user: identityName(namespaceRef),
    sid: sidFromClientId(clientId),
    grants: grantsOf(access).map(({ kind, name }) => ({ kind, name, otherwise: fixedInsteadOf(name) })),
  };
}
