/**
 * Where a database is from which Mooring revokes access. Access was given when the catalog listed the database; it is revoked
 * although the catalog has dropped it since, where it can still be reached.
 */
import { defined } from "../../domain/defined.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import {
  type DatabaseRequest,
  type DatabaseTarget,
  isElsewhere,
  keyOf,
  type RememberedServers,
} from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";

type Finding = Pick<Ports, "catalog" | "registry" | "sqlServers">;

interface Given {
  readonly target: DatabaseTarget;
  /** What the catalog still says of it. */
  readonly listed: "database" | "server" | "nothing";
}

async function findGiven(ports: Finding, servers: RememberedServers, wanted: DatabaseRequest): Promise<Given> {
  const { server: alias, database } = wanted;
  const server = lookUp(ports.catalog.sqlServers, alias);
  const remembered = lookUp(servers, alias);
  if (server && !isElsewhere(remembered, server)) {
    const isListed = lookUp(server.databases, database) !== undefined;
    return { target: { server: { ...server, alias }, database }, listed: isListed ? "database" : "server" };
  }
  if (remembered) {
    const known = { ...remembered, alias, host: "", userCreation: "sid", databases: {} } as const;
    // The host comes from Azure and never from the table: Mooring's token goes there.
    const state = await ports.sqlServers.inspect(known);
    if (state)
      return { target: { server: { ...known, host: state.fullyQualifiedDomainName }, database }, listed: "nothing" };
  }
  throw new PermanentError("UNKNOWN_SQL_SERVER", `The catalog has no SQL server "${alias}".`);
}

/**
 * Fails with the code of a name that the catalog lacks if it lacks the name, and the database cannot be reached either: at once if that
 * is certain, or else if it lasts, since a server may be busy or a database may resume.
 */
export async function atGiven<T>(
  ports: Finding,
  { namespaceRef, database }: { readonly namespaceRef: NamespaceRef; readonly database: DatabaseRequest },
  use: (target: DatabaseTarget) => Promise<T>,
): Promise<T> {
  const { servers = {} } = (await ports.registry.getNamespace(namespaceRef)) ?? {};
  let listed: Given["listed"] = "nothing";
  try {
    const given = await findGiven(ports, servers, database);
    listed = given.listed;
    return await use(given.target);
  } catch (error) {
    const mayPass = error instanceof TransientError && listed === "nothing";
    if (listed === "database" || !(error instanceof PermanentError || mayPass)) throw error;
    const message = `The catalog no longer lists database "${keyOf(database)}", and it cannot be reached (${error.code}).`;
    const gone = new PermanentError("UNKNOWN_DATABASE", message, { cause: error });
    if (!mayPass) throw gone;
    const { retryAfterSeconds } = error;
    throw new TransientError(error.code, error.message, {
      cause: error,
      ...defined({ retryAfterSeconds }),
      ifItLasts: gone,
    });
  }
}
