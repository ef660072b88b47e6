/**
 * Azure SQL on the wire: a listener for each server of the world, which speaks TDS 7.4 and 8.0, with a T-SQL engine that
 * knows the statements of Mooring and of a plain workload and refuses all others.
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import { serveConnection } from "./connection.ts";
import { formatDecimal } from "./engine/decimal.ts";
import { executeBatch } from "./engine/execute.ts";
import { parseBatch } from "./engine/parser.ts";
import type { SqlType, SqlValue } from "./engine/sqlTypes.ts";
import { ticksToDate } from "./engine/sqlTypes.ts";
import { Database } from "./engine/store.ts";
import { createLocalSession } from "./login.ts";
import type { ServerContext } from "./serverContext.ts";
import { createTlsContexts } from "./tlsUpgrade.ts";
import { listUsers, type SqlUser } from "./users.ts";

export interface SqlDatabase {
  /** Runs T-SQL as dbo inside the process, without wire and faults. Returns the rows of each SELECT; throws the first error. */
  runScript(sql: string): Promise<readonly (readonly Record<string, unknown>[])[]>;
  /** Every user that is not built in, with everything that belongs to it. */
  users(): readonly SqlUser[];
}

export interface SqlSimulator extends Simulator {
  /** The key in world.sqlServers. */
  readonly server: string;
  /** A database of the world on this server; the name is case-insensitive. */
  database(name: string): SqlDatabase;
  /** How many clients are connected. */
  readonly connections: number;
  /** Ends every connection, as a failover does; clients have to log in again. */
  disconnect(): void;
}

export interface SqlOptions {
  /** A key in `world.sqlServers`. */
  readonly server: string;
  /** 0 or absent means any free port. */
  readonly port?: number;
  /** The token authority for clients without a token; Azure's own by default. */
  readonly authorityHost?: string;
  /** User names and passwords of SQL logins, all of them dbo; for tests with clients that do not support tokens. */
  readonly sqlLogins?: Readonly<Record<string, string>>;
}

export async function startSql(
  { world, faults, tls }: SimulatorContext,
  { server, port = 0, authorityHost = "https://login.microsoftonline.com/", sqlLogins = {} }: SqlOptions,
): Promise<SqlSimulator> {
  if (!world.sqlServers.has(server))
    throw new Error(`The world has no SQL server "${server}"; add it before startSql.`);
  const databases = new Map<string, Database>();
  let lastSessionId = 50;

  /** A database's contents are created at its first use and end when the world drops it. Every server has master. */
  const findDatabase = (name: string): Database | undefined => {
    const key = name.toLowerCase();
    const names = ["master", ...(world.sqlServers.get(server)?.databases ?? [])];
    const known = names.find((each) => each.toLowerCase() === key);
    if (known === undefined) {
      databases.delete(key);
      return undefined;
    }
    const database = databases.get(key) ?? new Database(known, world.now());
    databases.set(key, database);
    return database;
  };

  const context: ServerContext = {
    world,
    faults,
    contexts: createTlsContexts(tls),
    server,
    authorityHost,
    sqlLogins: new Map(Object.entries(sqlLogins)),
    findDatabase,
    nextSessionId: () => {
      lastSessionId = lastSessionId >= 32_000 ? 51 : lastSessionId + 1;
      return lastSessionId;
    },
  };
  const sockets = new Set<Socket>();
  let closing: Promise<void> | undefined;
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveConnection(socket, context);
  });
  listener.listen(port, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("The SQL listener has no port.");

  return {
    server,
    url: `tds://127.0.0.1:${address.port}`,
    port: address.port,
    database: (name) => openFromInside(findDatabase(name) ?? missing(server, name), context),
    get connections() {
      return sockets.size;
    },
    disconnect: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      closing ??= end(listener, sockets);
      return closing;
    },
  };
}

async function end(listener: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(listener, "close");
  listener.close();
  const ended = [...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  for (const socket of sockets) socket.destroy();
  await Promise.all([closed, ...ended]);
}

function missing(server: string, name: string): never {
  throw new Error(`SQL server "${server}" has no database "${name}"; add it to the world's sqlServers.`);
}

function openFromInside(database: Database, context: ServerContext): SqlDatabase {
  return {
    users: () => listUsers(database.read({})),
    runScript: async (sql) => {
      const session = createLocalSession(database, context);
      const { outputs, error } = await executeBatch(session, parseBatch(sql));
      database.rollback(session);
      if (error) throw error;
      return outputs.flatMap((output) =>
        output.kind === "rows"
          ? [
              output.rows.map((row) =>
                Object.fromEntries(
                  output.columns.map(({ name, type }, index) => [name, shown(row[index] ?? null, type)]),
                ),
              ),
            ]
          : [],
      );
    },
  };
}

function shown(value: SqlValue, type: SqlType): unknown {
  if (typeof value !== "bigint") return value;
  if (type.kind === "decimal") return formatDecimal(value, type);
  return type.kind === "datetime2" ? ticksToDate(value) : value;
}
