/** Logs in to PostgreSQL, and reads a row of whatever table the schema has. */
import pg from "pg";
import { messageOf } from "../../src/domain/messageOf.ts";
import { getToken } from "../message-app/token.ts";
import type { Result } from "./targets.ts";

const resource = "https://ossrdbms-aad.database.windows.net";
const timeoutMs = 10_000;

export async function readPostgres({
  host,
  port = "5432",
  database,
  schema = "public",
  user,
}: Readonly<Record<string, string>>): Promise<Result> {
  let password: string;
  try {
    password = await getToken(resource, "PostgreSQL");
  } catch (error) {
    return { result: "token", detail: messageOf(error) };
  }
  const client = new pg.Client({
    ...{ host, port: Number(port), database, user, password, ssl: true, connectionTimeoutMillis: timeoutMs },
    query_timeout: timeoutMs,
  });
  try {
    await client.connect();
    // Names only what the role may see.
    const { rows } = await client.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1 LIMIT 1",
      [schema],
    );
    const [table] = rows;
    if (table) {
      await client.query(`SELECT 1 FROM ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table.name)} LIMIT 1`);
      return { result: "ok" };
    }
    const { rows: rights } = await client.query<{ may: boolean }>("SELECT has_schema_privilege($1, 'USAGE') AS may", [
      schema,
    ]);
    return rights[0]?.may ? { result: "ok" } : { result: "refused", detail: "no USAGE on the schema" };
  } catch (error) {
    return explain(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** 28…: not let in; 42501: may not read; 3D000, 3F000: no such database or schema (PostgreSQL, "Error Codes"). */
function explain(error: unknown): Result {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const detail = code === "" ? String(error) : code;
  if (code.startsWith("28") || code === "42501") return { result: "refused", detail };
  return { result: code === "3D000" || code === "3F000" ? "absent" : "unreachable", detail };
}
