/** Parses a batch: statements for data and control flow. Those for principals are in parsePrincipal.ts. */
import { compileError } from "../errors.ts";
import type { ColumnDefinition, Expression, KeyDefinition, ProcedureCall, Statement } from "./ast.ts";
import { Cursor } from "./cursor.ts";
import { parseExpression, parseSelect } from "./parseExpression.ts";
import { parseAlterPrincipal, parseCreatePrincipal, parseDropPrincipal, parseGrant } from "./parsePrincipal.ts";
import { parseSetOption } from "./sessionOptions.ts";
import { types } from "./sqlTypes.ts";
import { tokenize } from "./tokenizer.ts";

/** Anything outside this dialect is error 102, so that an unsupported statement fails immediately instead of partly working. */
export function parseBatch(text: string): Statement[] {
  const cursor = new Cursor(tokenize(text));
  const statements: Statement[] = [];
  while (cursor.acceptSymbol(";"));
  while (!cursor.isAtEnd) {
    statements.push(...parseStatement(cursor));
    while (cursor.acceptSymbol(";"));
  }
  if (statements.slice(1).some(({ kind }) => kind === "createSchema")) {
    throw compileError(111, "'CREATE SCHEMA' must be the first statement in a query batch.");
  }
  return statements;
}

/** `@name type, …`: the parameter declarations of sp_executesql. */
export function parseParameterDeclarations(text: string) {
  const cursor = new Cursor(tokenize(text));
  if (cursor.isAtEnd) return [];
  const declared = cursor.list(() => {
    const name = cursor.variable();
    cursor.accept("AS");
    const type = cursor.type(1);
    return { name, type, isOutput: acceptOutput(cursor) };
  });
  if (!cursor.isAtEnd) throw cursor.fail();
  return declared;
}

/** BEGIN … END, and DECLARE of several variables, give more than one statement. */
function parseStatement(cursor: Cursor): Statement[] {
  const word = cursor.token.kind === "word" ? cursor.token.text.toUpperCase() : "";
  switch (word) {
    case "SELECT":
      return [{ kind: "select", query: parseSelect(cursor) }];
    case "INSERT":
      return [parseInsert(cursor)];
    case "UPDATE":
      return [parseUpdate(cursor)];
    case "DELETE":
      return [parseDelete(cursor)];
    case "CREATE":
      cursor.next();
      return [cursor.accept("TABLE") ? parseCreateTable(cursor) : parseCreatePrincipal(cursor)];
    case "DROP":
      cursor.next();
      return [parseDrop(cursor)];
    case "ALTER":
      cursor.next();
      return [parseAlterPrincipal(cursor)];
    case "GRANT":
    case "REVOKE":
      return [parseGrant(cursor)];
    case "EXEC":
    case "EXECUTE":
      cursor.next();
      return [{ kind: "execute", call: parseProcedureCall(cursor) }];
    case "BEGIN":
      return parseBegin(cursor);
    case "SAVE":
      cursor.next();
      if (!acceptTransaction(cursor)) throw cursor.fail();
      return [{ kind: "saveTransaction", name: cursor.name() }];
    case "COMMIT":
    case "ROLLBACK": {
      cursor.next();
      const name = acceptTransaction(cursor) ? parseTransactionName(cursor) : undefined;
      cursor.accept("WORK");
      // COMMIT ignores the name and ends the innermost BEGIN.
      return [word === "COMMIT" ? { kind: "commit" } : { kind: "rollback", name }];
    }
    case "SET":
      return [parseSet(cursor)];
    case "DECLARE":
      return parseDeclare(cursor);
    case "IF":
      return [parseIf(cursor)];
    case "USE":
      cursor.next();
      return [{ kind: "use", database: cursor.name() }];
    case "WAITFOR":
      cursor.next();
      cursor.expect("DELAY");
      return [{ kind: "waitFor", ms: parseDelay(cursor.string()) }];
    default:
      throw cursor.fail();
  }
}

function parseInsert(cursor: Cursor): Statement {
  cursor.expect("INSERT");
  cursor.accept("INTO");
  const table = cursor.objectName();
  const isList = cursor.token.kind === "symbol" && cursor.token.text === "(";
  const columns = isList ? cursor.parenthesized(() => cursor.list(() => cursor.name())) : undefined;
  if (cursor.accept("DEFAULT", "VALUES")) return { kind: "insert", table, columns: [], rows: [[]] };
  cursor.expect("VALUES");
  const rows = cursor.list(() =>
    cursor.parenthesized(() =>
      cursor.list((): Expression | "default" => (cursor.accept("DEFAULT") ? "default" : parseExpression(cursor))),
    ),
  );
  return { kind: "insert", table, columns, rows };
}

function parseUpdate(cursor: Cursor): Statement {
  cursor.expect("UPDATE");
  const table = cursor.objectName();
  cursor.expect("SET");
  const assignments = cursor.list(() => {
    const column = cursor.name();
    cursor.expectSymbol("=");
    return { column, value: parseExpression(cursor) };
  });
  return { kind: "update", table, assignments, where: parseWhere(cursor) };
}

function parseDelete(cursor: Cursor): Statement {
  cursor.expect("DELETE");
  cursor.accept("FROM");
  const table = cursor.objectName();
  return { kind: "delete", table, where: parseWhere(cursor) };
}

function parseWhere(cursor: Cursor): Expression | undefined {
  return cursor.accept("WHERE") ? parseExpression(cursor) : undefined;
}

function parseCreateTable(cursor: Cursor): Statement {
  const table = cursor.objectName();
  const columns: ColumnDefinition[] = [];
  const keys: KeyDefinition[] = [];
  cursor.parenthesized(() =>
    cursor.list(() => {
      const constraint = cursor.accept("CONSTRAINT") ? cursor.name() : undefined;
      if (constraint !== undefined || cursor.sees("PRIMARY") || cursor.sees("UNIQUE")) {
        keys.push(parseKey(cursor, constraint));
      } else {
        columns.push(parseColumnDefinition(cursor, keys));
      }
    }),
  );
  return { kind: "createTable", table, columns, keys };
}

function parseKey(cursor: Cursor, name: string | undefined, column?: string): KeyDefinition {
  const isPrimary = cursor.oneOf("PRIMARY", "UNIQUE") === "PRIMARY";
  if (isPrimary) cursor.expect("KEY");
  if (!cursor.accept("CLUSTERED")) cursor.accept("NONCLUSTERED");
  if (column !== undefined) return { name, isPrimary, columns: [column] };
  const columns = cursor.parenthesized(() =>
    cursor.list(() => {
      const each = cursor.name();
      if (!cursor.accept("ASC")) cursor.accept("DESC");
      return each;
    }),
  );
  return { name, isPrimary, columns };
}

function parseColumnDefinition(cursor: Cursor, keys: KeyDefinition[]): ColumnDefinition {
  const name = cursor.name();
  const type = cursor.type(1);
  let identity: ColumnDefinition["identity"];
  let isNullable: boolean | undefined;
  let defaultValue: Expression | undefined;
  for (;;) {
    const constraint = cursor.accept("CONSTRAINT") ? cursor.name() : undefined;
    if (cursor.accept("IDENTITY")) identity = parseIdentity(cursor);
    else if (cursor.accept("NOT", "NULL")) isNullable = false;
    else if (cursor.accept("NULL")) isNullable = true;
    else if (cursor.accept("DEFAULT")) defaultValue = parseExpression(cursor);
    else if (cursor.sees("PRIMARY") || cursor.sees("UNIQUE")) keys.push(parseKey(cursor, constraint, name));
    else if (constraint !== undefined) throw cursor.fail();
    else return { name, type, identity, isNullable, defaultValue };
  }
}

function parseIdentity(cursor: Cursor): NonNullable<ColumnDefinition["identity"]> {
  if (!cursor.acceptSymbol("(")) return { seed: 1, increment: 1 };
  const seed = cursor.integer();
  cursor.expectSymbol(",");
  const increment = cursor.integer();
  cursor.expectSymbol(")");
  return { seed, increment };
}

function parseDrop(cursor: Cursor): Statement {
  if (!cursor.accept("TABLE")) return parseDropPrincipal(cursor);
  const ifExists = cursor.accept("IF", "EXISTS");
  return { kind: "dropTable", table: cursor.objectName(), ifExists };
}

function parseProcedureCall(cursor: Cursor): ProcedureCall {
  const name = cursor.objectName();
  const hasParameters = ["variable", "string", "number", "hex"].includes(cursor.token.kind) || cursor.sees("NULL");
  const parameters = hasParameters
    ? cursor.list(() => {
        const isNamed = cursor.token.kind === "variable" && cursor.ahead(1).text === "=";
        const parameter = isNamed ? cursor.variable() : undefined;
        if (isNamed) cursor.expectSymbol("=");
        const value = parseConstant(cursor);
        const isOutput = acceptOutput(cursor);
        if (isOutput && value.kind !== "variable") {
          throw compileError(179, "Cannot use the OUTPUT option when passing a constant to a stored procedure.");
        }
        return { name: parameter, value, isOutput };
      })
    : [];
  return { name, parameters };
}

function acceptOutput(cursor: Cursor): boolean {
  return cursor.accept("OUTPUT") || cursor.accept("OUT");
}

/** EXEC accepts constants and variables, but no expressions; a bare word is text, as in @level0type = USER. */
function parseConstant(cursor: Cursor): Expression {
  if (cursor.token.kind === "word" && !cursor.sees("NULL")) {
    return { kind: "literal", type: types.sysname, value: cursor.next().text };
  }
  const value = parseExpression(cursor);
  const operand = value.kind === "negate" ? value.operand : value;
  if (operand.kind !== "literal" && operand.kind !== "variable") throw cursor.fail();
  return value;
}

function acceptTransaction(cursor: Cursor): boolean {
  return cursor.accept("TRANSACTION") || cursor.accept("TRAN");
}

function parseTransactionName(cursor: Cursor): string | undefined {
  return cursor.seesName() ? cursor.name() : undefined;
}

function parseBegin(cursor: Cursor): Statement[] {
  cursor.expect("BEGIN");
  if (acceptTransaction(cursor)) return [{ kind: "beginTransaction", name: parseTransactionName(cursor) }];
  const statements: Statement[] = [];
  while (!cursor.accept("END")) {
    statements.push(...cursor.nested(() => parseStatement(cursor)));
    while (cursor.acceptSymbol(";"));
  }
  if (statements.length === 0) throw cursor.fail();
  return statements;
}

/** `SET @x = …`, or a session option. */
function parseSet(cursor: Cursor): Statement {
  cursor.expect("SET");
  if (cursor.token.kind !== "variable") return parseSetOption(cursor);
  const variable = cursor.variable();
  cursor.expectSymbol("=");
  return { kind: "setVariable", variable, value: parseExpression(cursor) };
}

function parseDeclare(cursor: Cursor): Statement[] {
  cursor.expect("DECLARE");
  return cursor.list(() => {
    const variable = cursor.variable();
    cursor.accept("AS");
    const type = cursor.type(1);
    return { kind: "declare", variable, type, value: cursor.acceptSymbol("=") ? parseExpression(cursor) : undefined };
  });
}

function parseIf(cursor: Cursor): Statement {
  cursor.expect("IF");
  const condition = parseExpression(cursor);
  const whenTrue = cursor.nested(() => parseStatement(cursor));
  // A single semicolon is allowed before ELSE.
  if (cursor.token.text === ";" && cursor.ahead(1).text.toUpperCase() === "ELSE") cursor.next();
  const whenFalse = cursor.accept("ELSE") ? cursor.nested(() => parseStatement(cursor)) : [];
  return { kind: "if", condition, whenTrue, whenFalse };
}

function parseDelay(text: string): number {
  const match = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,3}))?)?$/.exec(text);
  if (!match) throw compileError(148, `Incorrect time syntax in time string '${text}' used with WAITFOR.`);
  const [, hours, minutes, seconds = "0", fraction = "0"] = match;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(fraction.padEnd(3, "0"));
}
