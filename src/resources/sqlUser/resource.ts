import { PermanentError } from "../../domain/errors.ts";
import type { ExportedDatabase, ExportedPart } from "../../domain/export/exportScripts.ts";
import { identityName } from "../../domain/naming/names.ts";
import { sidFromClientId } from "../../domain/naming/sid.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { fixedInsteadOf, grantsOf } from "../../domain/targets/databaseRoles.ts";
import { type DatabaseRequest, type DatabaseTarget, findDatabase, keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import type { PreflightCheck } from "../definitions/preflight.ts";
import { defineResource, type ExportInput, type TargetsPreflight } from "../definitions/resource.ts";
import { onEachTarget } from "../definitions/targetResource.ts";
import { adminCommand } from "../sqlAdmin/command.ts";
import { inspectReach } from "./elsewhere.ts";
import { grantDatabase } from "./grant.ts";
import { inspectDatabase } from "./inspection.ts";
import { findOurs, narrowDatabase, retireDatabase, revokeDatabase, tidyUp, waitsToBeDropped } from "./revocation.ts";
import { surplusUsers } from "./surplus.ts";

/** The identity as a user in each database, with what the role bundles give there. */
export const sqlUser = defineResource({
  steps: { grantDatabase, narrowDatabase, retireDatabase, revokeDatabase },
  ...onEachTarget("sqlDatabase", {
    grant: grantDatabase,
    narrow: narrowDatabase,
    retire: retireDatabase,
    revoke: revokeDatabase,
  }),

  preflightTargets: serverChecks,

  inspect: (ports, input) => [
    ...input.request.databases.map((database) => ({
      target: keyOf(database),
      read: () => inspectDatabase(ports, input, database),
    })),
    { target: "other databases", read: () => inspectReach(ports, input, input.clientId), needsPast: true },
  ],

  surplus: [surplusUsers],

  remains: (ports, request) => request.databases.map((database) => userIn(ports, request, database)),

  tidyUp,

  exported(catalog, { request, clientId }) {
    const parts = request.databases.map((wanted) =>
      unlessDropped(
        (): ExportedPart => {
          const target = findDatabase(catalog, { ...wanted, roles: [] });
          return { databases: [exportedUser(target, { request, clientId, wanted })] };
        },
        ({ message: why }): ExportedPart => ({ leftOut: [{ what: keyOf(wanted), why }] }),
      ),
    );
    return {
      databases: parts.flatMap(({ databases = [] }) => databases),
      leftOut: parts.flatMap(({ leftOut = [] }) => leftOut),
    };
  },
});

function exportedUser(
  { server, database }: DatabaseTarget,
  { request, clientId, wanted }: ExportInput & { readonly wanted: DatabaseRequest },
): ExportedDatabase {
  return {
    server: `${server.host},${server.port}`,
    database,
    user: identityName(request),
    sid: sidFromClientId(clientId),
    grants: grantsOf(wanted.roles).map(({ kind, name }) => ({ kind, name, otherwise: fixedInsteadOf(name) })),
  };
}

async function userIn(
  ports: Pick<Ports, "catalog" | "databases" | "identities" | "registry" | "sqlServers">,
  request: OnboardingRequest,
  database: DatabaseRequest,
): Promise<readonly string[]> {
  const { cluster, namespace } = request;
  const { ours } = await findOurs(ports, { cluster, namespace, database });
  return (
    ours
      // An adopted user stays; if it still has a mark, something was not revoked. One that has nothing of Mooring is only to be tidied up.
      .filter(({ mark, user }) => (mark.operation !== null || user.mark !== undefined) && !waitsToBeDropped(user, mark))
      .map(({ user }) => `User ${user.name} is still in ${keyOf(database)}.`)
  );
}

/** One look at each server; a database that the catalog does not list is reported by its own step. */
function serverChecks(
  { catalog, sqlServers }: Ports,
  { request }: TargetsPreflight,
): readonly PreflightCheck["look"][] {
  const targets = request.databases.flatMap((database) => {
    try {
      return [findDatabase(catalog, database)];
    } catch (error) {
      if (error instanceof PermanentError) return [];
      throw error;
    }
  });
  const servers = [...new Map(targets.map(({ server }) => [server.alias, server])).values()];
  return servers.map((server) => async () => {
    const state = await sqlServers.inspect(server);
    if (!state) {
      throw new PermanentError(
        "SQL_SERVER_MISSING",
        `Azure has no SQL server ${server.resourceId} ("${server.alias}").`,
      );
    }
    const blockers: OperationError[] = [];
    // If the catalog gives one, its own step sets it.
    if (!state.entraAdmin && !server.entraAdmin) {
      const message = `SQL server "${server.alias}" has no Microsoft Entra administrator.`;
      blockers.push(toOperationError("SQL_ADMIN_MISSING", message, adminCommand(server).join(" ")));
    }
    const there = state.databases.map((name) => name.toLowerCase());
    for (const { database } of targets.filter((each) => each.server.alias === server.alias)) {
      if (there.includes(database.toLowerCase())) continue;
      const message = `SQL server "${server.alias}" has no database "${database}".`;
      blockers.push(toOperationError("UNKNOWN_DATABASE", message));
    }
    return { blockers };
  });
}
