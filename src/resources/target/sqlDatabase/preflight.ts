import { PermanentError } from "../../../domain/errors.ts";
import type { OperationError } from "../../../domain/operation/operation.ts";
import { toOperationError } from "../../../domain/operation/plan.ts";
import { findDatabase } from "../../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../../ports/index.ts";
import { unlessDropped } from "../../definitions/leftCatalog.ts";
import type { PreflightCheck } from "../../definitions/preflight.ts";
import type { TargetsPreflight } from "../../definitions/resource.ts";
import { adminCommand } from "../../sqlAdmin/command.ts";

/** One look at each server; a database that the catalog does not list is reported by its own step. */
export function serverChecks(
  { catalog, sqlServers }: Ports,
  { request }: TargetsPreflight,
): readonly PreflightCheck["look"][] {
  const targets = request.databases.flatMap((database) =>
    unlessDropped(
      () => [findDatabase(catalog, database)],
      () => [],
    ),
  );
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
