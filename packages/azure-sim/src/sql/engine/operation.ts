/** The name of a batch in the fault journal: the leading words of the first statement that does something. */
import type { Statement } from "./ast.ts";
import { fold } from "./sqlTypes.ts";

const names: Readonly<Record<Exclude<Statement["kind"], "execute" | "grant" | "if">, string>> = {
  select: "SELECT",
  insert: "INSERT",
  update: "UPDATE",
  delete: "DELETE",
  createTable: "CREATE TABLE",
  dropTable: "DROP TABLE",
  createUser: "CREATE USER",
  alterUser: "ALTER USER",
  dropUser: "DROP USER",
  createRole: "CREATE ROLE",
  dropRole: "DROP ROLE",
  alterRole: "ALTER ROLE",
  createSchema: "CREATE SCHEMA",
  dropSchema: "DROP SCHEMA",
  alterSchemaOwner: "ALTER AUTHORIZATION",
  alterRoleOwner: "ALTER AUTHORIZATION",
  alterTableOwner: "ALTER AUTHORIZATION",
  beginTransaction: "BEGIN TRANSACTION",
  saveTransaction: "SAVE TRANSACTION",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  setOption: "SET",
  setVariable: "SET",
  declare: "DECLARE",
  use: "USE",
  waitFor: "WAITFOR",
};

const preparations = new Set<Statement["kind"]>(["setOption", "setVariable", "declare", "use", "beginTransaction"]);

/** Undefined for what drivers send by themselves: only options, or `SELECT 1`. */
export function operationOf(statements: readonly Statement[]): string | undefined {
  const first = statements.find(({ kind }) => !preparations.has(kind));
  if (!first) return statements.some(({ kind }) => kind === "beginTransaction") ? names.beginTransaction : undefined;
  if (isProbe(first) && statements.length === 1) return undefined;
  switch (first.kind) {
    case "execute":
      return `EXEC ${fold(first.call.name.name).toLowerCase()}`;
    case "grant":
      return first.isRevoke ? "REVOKE" : "GRANT";
    case "if":
      return operationOf(first.whenTrue) ?? "IF";
    default:
      return names[first.kind];
  }
}

/** The name of a text that does not parse: its first words. */
export function operationOfText(text: string): string {
  return (/[a-z]+(\s+[a-z]+)?/i.exec(text)?.[0] ?? "").toUpperCase().replace(/\s+/g, " ");
}

function isProbe(statement: Statement): boolean {
  if (statement.kind !== "select") return false;
  const { items, from } = statement.query;
  const [item, ...others] = items;
  const isOne = item?.kind === "value" && item.value.kind === "literal" && item.value.value === 1;
  return isOne && others.length === 0 && from.length === 0;
}
