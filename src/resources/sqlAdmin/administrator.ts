/** The Microsoft Entra administrator that a SQL server has. */
import { PermanentError } from "../../domain/errors.ts";
import type { EntraAdmin, SqlServerTarget } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import type { SqlServerState } from "../../ports/sqlServers.ts";

export async function inspectServer(
  { sqlServers }: Pick<Ports, "sqlServers">,
  server: SqlServerTarget,
): Promise<SqlServerState> {
  const state = await sqlServers.inspect(server);
  if (state) return state;
  throw new PermanentError("SQL_SERVER_MISSING", `Azure has no SQL server ${server.resourceId} ("${server.alias}").`);
}

export function isSame(current: EntraAdmin, wanted: EntraAdmin): boolean {
  return current.objectId.toLowerCase() === wanted.objectId.toLowerCase();
}

export function inWords({ login, objectId }: EntraAdmin): string {
  return `${login} (${objectId})`;
}
