/** One small pool of connections per database, opened when first needed and closed when idle. */
import type { ConnectionPool } from "mssql";
import type { DatabaseTarget } from "../../domain/targets/sqlDatabase.ts";
import type { Credential } from "../credential.ts";
import { loginFailures } from "./errors.ts";

type Driver = typeof import("mssql");

export interface PoolSettings {
  readonly credential: Credential;
  readonly scope: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleMs: number;
}

export interface Pools {
  /** Calls `use` with a connected pool. */
  with<Result>(target: DatabaseTarget, use: (pool: ConnectionPool, driver: Driver) => Promise<Result>): Promise<Result>;
  /** What the server said first when a login failed, by what it said last: the driver throws only that, without its number. */
  loginError(target: DatabaseTarget, last: string): LoginError | undefined;
  close(): Promise<void>;
}

export interface LoginError {
  readonly number: number;
  readonly message: string;
}

interface Entry {
  readonly connected: Promise<ConnectionPool>;
  users: number;
  idleTimer: NodeJS.Timeout | undefined;
}

export function createPools(settings: PoolSettings): Pools {
  const entries = new Map<string, Entry>();
  const loginErrors = new Map<string, LoginError>();
  let isClosed = false;

  const connect = async (target: DatabaseTarget): Promise<ConnectionPool> => {
    const pool = createPool(await loadDriver(), target, settings, (first, last) => {
      if (loginErrors.size >= 100) loginErrors.clear();
      loginErrors.set(`${keyOf(target)} ${last}`, first);
    });
    return pool.connect();
  };

  /** Another may have taken its place: one that could not connect is replaced by the next call. */
  const forget = (key: string, entry: Entry): void => {
    if (entries.get(key) === entry) entries.delete(key);
  };

  const open = (key: string, target: DatabaseTarget): Entry => {
    const known = entries.get(key);
    if (known) return known;
    const entry: Entry = { connected: connect(target), users: 0, idleTimer: undefined };
    entries.set(key, entry);
    entry.connected.catch(() => forget(key, entry));
    return entry;
  };

  const release = (key: string, entry: Entry): void => {
    entry.users -= 1;
    if (entry.users > 0 || isClosed) return;
    entry.idleTimer = setTimeout(() => {
      forget(key, entry);
      void closePool(entry);
    }, settings.idleMs).unref();
  };

  return {
    async with({ server, database }, use) {
      if (isClosed) throw new Error("The databases are closed; the host is shutting down.");
      const key = keyOf({ server, database });
      const entry = open(key, { server, database });
      entry.users += 1;
      clearTimeout(entry.idleTimer);
      try {
        return await use(await entry.connected, await loadDriver());
      } finally {
        release(key, entry);
      }
    },
    loginError: (target, last) => loginErrors.get(`${keyOf(target)} ${last}`),
    async close() {
      isClosed = true;
      const open = [...entries.values()];
      entries.clear();
      for (const { idleTimer } of open) clearTimeout(idleTimer);
      await Promise.all(open.map(closePool));
    },
  };
}

/** Loading takes a fifth of a second and a lot of memory, so it happens only when a database is used. */
async function loadDriver(): Promise<Driver> {
  return (await import("mssql")).default;
}

const keyOf = ({ server, database }: DatabaseTarget): string =>
  `${server.host}:${server.port}/${database.toLowerCase()}`;

async function closePool({ connected }: Entry): Promise<void> {
  const pool = await connected.catch(() => undefined);
  await pool?.close();
}

function createPool(
  driver: Driver,
  { server, database }: DatabaseTarget,
  { credential, scope, connectTimeoutMs, requestTimeoutMs, idleMs }: PoolSettings,
  noteLoginError: (first: LoginError, last: string) => void,
): ConnectionPool {
  let shown: string | undefined;
  const getToken: Credential["getToken"] = async (_scopes, options) => {
    const token = await credential.getToken(scope, options);
    shown = token?.token;
    return token;
  };
  const pool = new driver.ConnectionPool({
    server: server.host,
    port: server.port,
    database,
    connectionTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    options: { encrypt: true, trustServerCertificate: false, appName: "mooring", cancelTimeout: 2_000 },
    authentication: {
      // The driver asks for a token at every login, so none is ever too old. The token's scope is ours: the one that the
      // server names is ignored.
      type: "token-credential",
      options: { credential: { getToken } },
    },
    pool: { max: 4, min: 0, idleTimeoutMillis: idleMs, acquireTimeoutMillis: connectTimeoutMs + 5_000 },
    // `SELECT 1` before every request would double the round trips; on a connection that died unnoticed the request fails and
    // is retried.
    validateConnection: "socket",
    beforeConnect: (connection) => {
      let first: LoginError | undefined;
      const note = ({ message, number }: LoginError) => {
        // A database that does not exist is 4060, then 18456: the token is not at fault.
        first ??= { message, number };
        noteLoginError(first, message);
        if (shown !== undefined && loginFailures.has(first.number)) credential.refuse?.(shown);
      };
      connection.on("errorMessage", note);
      connection.once("connect", () => connection.off("errorMessage", note));
    },
  });
  // Without a listener, losing an idle connection would end the process. Requests report a lost connection anyway.
  pool.on("error", () => undefined);
  keepFirstConnection(pool);
  return pool;
}

/**
 * Before a pool opens, node-mssql logs in to see whether it can, and closes that connection (`_connect` in its
 * lib/base/connection-pool.js). The pool keeps it: a login is a call, and may be what wakes a serverless database.
 */
function keepFirstConnection(pool: ConnectionPool): void {
  const driver = pool as unknown as {
    readonly pool: object | null | undefined;
    _poolCreate(): Promise<unknown>;
    _poolDestroy(connection: unknown): Promise<void>;
  };
  const create = driver._poolCreate.bind(pool);
  const destroy = driver._poolDestroy.bind(pool);
  let first: unknown;
  driver._poolDestroy = async (connection) => {
    if (driver.pool) await destroy(connection);
    else first = connection;
  };
  driver._poolCreate = async () => {
    const connection = first ?? (await create());
    first = undefined;
    return connection;
  };
}
