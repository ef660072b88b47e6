/**
 * Where a database is. Access was given when the catalog listed it; it is revoked although the catalog has dropped it since, where it can
 * still be reached.
 */
import type { Catalog } from "../../../domain/catalog/catalog.ts";
import { defined } from "../../../domain/defined.ts";
import { PermanentError, TransientError } from "../../../domain/errors.ts";
import { lookUp } from "../../../domain/lookUp.ts";
import {
  type DatabaseTarget,
  isElsewhere,
  keyOf,
  partsOf,
  type RememberedServers,
  type SqlServerTarget,
} from "../../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../../ports/index.ts";

export interface DatabasePlace {
  readonly kind: "sqlDatabase";
  /** Its alias. */
  readonly server: string;
  readonly database: string;
  /** What the catalog still says of it. */
  readonly listed: "database" | "server" | "nothing";
  /** As the catalog has it or, without a host, as the record remembers it. */
  readonly found: SqlServerTarget | undefined;
}

export function databasePlace(
  { sqlServers }: Pick<Catalog, "sqlServers">,
  key: string,
  servers: RememberedServers = {},
): DatabasePlace {
  const { server: alias, database } = partsOf(key);
  const about = { kind: "sqlDatabase", server: alias, database } as const;
  const server = lookUp(sqlServers, alias);
  const remembered = lookUp(servers, alias);
  if (server && !isElsewhere(remembered, server)) {
    const isListed = lookUp(server.databases, database) !== undefined;
    return { ...about, listed: isListed ? "database" : "server", found: { ...server, alias } };
  }
  const found = remembered && ({ ...remembered, alias, host: "", userCreation: "sid", databases: {} } as const);
  return { ...about, listed: "nothing", found };
}

/**
 * Fails with the code of a name that the catalog lacks if it lacks the name, and the database cannot be reached either: at once if that
 * is certain, or else if it lasts, since a server may be busy or a database may resume.
 */
export async function reach<T>(
  ports: Pick<Ports, "sqlServers">,
  place: DatabasePlace,
  use: (target: DatabaseTarget) => Promise<T>,
): Promise<T> {
  const { database, listed } = place;
  try {
    return await use({ server: await serverAt(ports, place), database });
  } catch (error) {
    const mayPass = error instanceof TransientError && listed === "nothing";
    if (listed === "database" || !(error instanceof PermanentError || mayPass)) throw error;
    const message = `The catalog no longer lists database "${keyOf(place)}", and it cannot be reached (${error.code}).`;
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

/** A host that is not in the catalog comes from Azure and never from the table: Mooring's token goes there. */
async function serverAt(
  { sqlServers }: Pick<Ports, "sqlServers">,
  { server: alias, listed, found }: DatabasePlace,
): Promise<SqlServerTarget> {
  if (found && listed !== "nothing") return found;
  const state = found && (await sqlServers.inspect(found));
  if (!state) throw new PermanentError("UNKNOWN_SQL_SERVER", `The catalog has no SQL server "${alias}".`);
  return { ...found, host: state.fullyQualifiedDomainName };
}
