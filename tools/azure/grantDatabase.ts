/**
 * Mooring's own user in a database, as infra/sql/database-user.sql creates it, but by SID. This needs no right to read the
 * directory and is idempotent.
 */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sql from "mssql";
import { ClientId } from "../../src/domain/naming/identityPair.ts";
import { quoteName } from "../../src/domain/naming/quoteName.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";

const root = dirname(dirname(import.meta.dirname));
const created = "CREATE USER [mooring] FROM EXTERNAL PROVIDER;";

export interface DatabaseLogin {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** The token of the server's Entra administrator. */
  readonly token: string;
}

export interface Identity {
  readonly name: string;
  readonly clientId: string;
}

/** Returns what it did. */
export async function grantDatabase(login: DatabaseLogin, identity: Identity): Promise<"created" | "already there"> {
  const { create, rest } = await statementsFor(identity);
  return await connected(login, async (pool) => {
    const sid = sidFromClientId(ClientId.parse(identity.clientId));
    const { recordset } = await pool
      .request()
      .input("name", sql.NVarChar(128), identity.name)
      .query<{ sid: Buffer }>("SELECT sid FROM sys.database_principals WHERE name = @name");
    const found = recordset[0] && `0x${recordset[0].sid.toString("hex").toUpperCase()}`;
    if (found !== undefined && found !== sid)
      throw new Error(
        `The user ${identity.name} belongs to another identity (SID ${found}), perhaps one that was deleted. Run: DROP USER ${quoteName(identity.name)}`,
      );
    if (found === undefined) await pool.request().batch(create);
    await pool.request().batch(rest);
    return found === undefined ? "created" : "already there";
  });
}

/** The file's two parts, for this identity. */
export async function statementsFor({ name, clientId }: Identity): Promise<{ create: string; rest: string }> {
  const text = await readFile(join(root, "infra/sql/database-user.sql"), "utf8");
  if (!text.includes(created)) throw new Error(`infra/sql/database-user.sql does not contain ${created}`);
  const user = quoteName(name);
  const rest = text
    .replace(created, "")
    .replace(/^--.*\n/gm, "")
    .trim()
    .replaceAll("[mooring]", user);
  return { create: `CREATE USER ${user} WITH SID = ${sidFromClientId(ClientId.parse(clientId))}, TYPE = E;`, rest };
}

/** Runs a file's T-SQL unchanged. */
export function runScript(login: DatabaseLogin, script: string): Promise<void> {
  return connected(login, async (pool) => void (await pool.request().batch(script)));
}

async function connected<T>(
  { host, port, database, token }: DatabaseLogin,
  use: (pool: sql.ConnectionPool) => Promise<T>,
): Promise<T> {
  const pool = new sql.ConnectionPool({
    server: host,
    port,
    database,
    // A paused serverless database takes a minute to resume.
    connectionTimeout: 90_000,
    options: { encrypt: true, trustServerCertificate: false, appName: "mooring-grant" },
    authentication: { type: "azure-active-directory-access-token", options: { token } },
    pool: { max: 1 },
  });
  try {
    await pool.connect();
    return await use(pool);
  } finally {
    await pool.close();
  }
}
