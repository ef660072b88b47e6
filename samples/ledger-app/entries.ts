/** The table `entries`, with pg and an access token. */
import pg from "pg";
import { messageOf } from "../../src/domain/messageOf.ts";
import { Refusal } from "../message-app/refusal.ts";
import { getToken } from "../message-app/token.ts";

interface Ledger {
  readonly client: pg.Client;
  readonly table: string;
}

export async function withLedger<T>(schema: string, use: (ledger: Ledger) => Promise<T>): Promise<T> {
  const password = await getToken("https://ossrdbms-aad.database.windows.net", "PostgreSQL");
  const client = new pg.Client({ password, ssl: true });
  try {
    await client.connect();
    return await use({ client, table: `${pg.escapeIdentifier(schema)}.entries` });
  } catch (error) {
    throw explain(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function addEntry({ client, table }: Ledger, what: string): Promise<void> {
  await client.query(`INSERT INTO ${table} (what) VALUES ($1)`, [what]);
}

export async function readEntries({ client, table }: Ledger): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: number; what: string }>(`SELECT id, what FROM ${table} ORDER BY id`);
  return rows.map(({ id, what }) => `${id}\t${what}`);
}

/** By SQLSTATE (PostgreSQL, "Error Codes"). */
function explain(error: unknown): Refusal {
  const options = { cause: error };
  const message = messageOf(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "42501") return new Refusal("permission", `May not write the ledger: ${message}`, options);
  if (code.startsWith("28") || code === "3D000") return new Refusal("login", `Not let in: ${message}`, options);
  return new Refusal(
    /^[0-9A-Z]{5}$/.test(code) ? "unexpected" : "unreachable",
    `Cannot use the ledger: ${message}`,
    options,
  );
}
