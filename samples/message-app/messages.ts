/** The rows of `messagelist`, read with mssql and an access token. */
import sql from "mssql";
import { Refusal } from "./refusal.ts";

export interface Message {
  readonly id: number;
  readonly text: string;
}

export interface Source {
  /** `host` or `host,port`, as SQL Server's own tools write it. */
  readonly server: string;
  readonly database: string;
  readonly token: string;
}

export async function readMessages({ server, database, token }: Source): Promise<Message[]> {
  const [host = "", port = "1433"] = server.split(",").map((part) => part.trim());
  const pool = new sql.ConnectionPool({
    server: host,
    port: Number(port),
    database,
    authentication: { type: "azure-active-directory-access-token", options: { token } },
    options: { encrypt: true },
  });
  try {
    await pool.connect();
    const { recordset } = await pool
      .request()
      .query<{ id: number; message_text: string }>("SELECT id, message_text FROM messagelist ORDER BY id");
    return recordset.map(({ id, message_text }) => ({ id, text: message_text }));
  } catch (error) {
    throw explain(error, { server, database });
  } finally {
    await pool.close();
  }
}

/** By number: learn.microsoft.com "Database engine events and errors". */
function explain(error: unknown, { server, database }: { server: string; database: string }): Refusal {
  const { number, code, message } = readError(error);
  const where = `database "${database}" on ${server}`;
  const options = { cause: error };
  // 229 and 230: a permission on the object or column was denied.
  if (number === 229 || number === 230)
    return new Refusal("permission", `May not read in ${where}: ${message}`, options);
  // Resuming, failing over or throttled.
  if (passing.has(number ?? 0)) return new Refusal("unreachable", `Cannot reach ${where}: ${message}`, options);
  // 18456 login failed, 4060 cannot open the database, 40615 firewall, 33183 the token's principal has no user.
  if (number !== undefined || code === "ELOGIN") {
    return new Refusal("login", `Not let in to ${where}: ${message}`, options);
  }
  return new Refusal("unreachable", `Cannot reach ${where}: ${message}`, options);
}

const passing: ReadonlySet<number> = new Set([40197, 40501, 40613, 10928, 10929, 49918, 49919, 49920]);

function readError(error: unknown): { number: number | undefined; code: string | undefined; message: string } {
  if (!(error instanceof Error)) return { number: undefined, code: undefined, message: String(error) };
  const number = "number" in error && typeof error.number === "number" ? error.number : undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { number, code, message: error.message };
}
