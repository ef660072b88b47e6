/** Runs the statements of a batch in order, with transactions; the first error ends it. */
import { setTimeout as sleep } from "node:timers/promises";
import { compileError, SqlError } from "../errors.ts";
import type { ProcedureCall, Select, Statement } from "./ast.ts";
import { compileExpression, noFrame, noScope } from "./compile.ts";
import { compileCondition } from "./condition.ts";
import { type DatabaseData, principalById, type Row } from "./database.ts";
import type { Environment } from "./functions.ts";
import { parseBatch, parseParameterDeclarations } from "./parser.ts";
import {
  alterRole,
  alterRoleOwner,
  alterSchemaOwner,
  alterTableOwner,
  alterUser,
  createRole,
  createSchema,
  createUser,
  dropRole,
  dropSchema,
  dropUser,
  grant,
} from "./principals.ts";
import { type Argument, notOutput, runProcedure } from "./procedures.ts";
import { compileQuery, type ResultColumn } from "./query.ts";
import { type Session, type Variable, variableKey } from "./session.ts";
import { convert, fold, nvarchar } from "./sqlTypes.ts";
import { type Changed, createTable, deleteRows, dropTable, insert, update } from "./tables.ts";
import { changeTransaction, endTransaction, type TransactionEvent } from "./transactions.ts";

/** The outputs of a batch for its client, in order. */
export type Output =
  | {
      readonly kind: "rows";
      readonly columns: readonly ResultColumn[];
      readonly rows: readonly Row[];
      /** Whether the client gets the number of rows: not under SET NOCOUNT ON. */
      readonly isCounted: boolean;
    }
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "transaction"; readonly event: TransactionEvent };

export interface Outcome {
  readonly outputs: readonly Output[];
  readonly error: SqlError | undefined;
  /** The final values of output parameters; none after an error. */
  readonly returned?: readonly ReturnedValue[];
}

export interface ReturnedValue extends Variable {
  /** The caller's name for it; empty if passed by position. */
  readonly name: string;
  /** Its position among the caller's arguments. */
  readonly ordinal: number;
}

/** Runs a plain batch; `variables` are the parameters that came with it. */
export async function executeBatch(
  session: Session,
  statements: readonly Statement[],
  { variables = new Map(), signal }: { variables?: Map<string, Variable>; signal?: AbortSignal } = {},
): Promise<Outcome> {
  const outputs: Output[] = [];
  session.variables = variables;
  try {
    for (const statement of statements) await executeStatement(statement, { session, outputs, signal });
    return { outputs, error: undefined };
  } catch (error) {
    if (session.options.xactAbort) tell(outputs, endTransaction(session, "rollback"));
    if (error instanceof SqlError) return { outputs, error };
    throw error;
  }
}

/** Runs the text of sp_executesql: its variables and SET options end with it, and it must not change the transaction depth. */
export async function executeProcedure(
  session: Session,
  text: string,
  { variables, signal }: { variables: Map<string, Variable>; signal?: AbortSignal | undefined },
): Promise<Outcome> {
  const { transactionDepth, options } = session;
  const outcome = await executeBatch(session, parseBatch(text), { variables, ...(signal && { signal }) });
  session.options = options;
  if (outcome.error || session.transactionDepth === transactionDepth) return outcome;
  const error = new SqlError(
    266,
    `Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count = ${transactionDepth}, current count = ${session.transactionDepth}.`,
  );
  return { ...outcome, error };
}

export interface Bound {
  readonly variables: Map<string, Variable>;
  /** The caller's output arguments, by the key of the variable with the value. */
  readonly outputs: ReadonlyMap<string, Argument>;
}

/** Binds values to the parameters that `@a int, @b nvarchar(50) OUTPUT` declares: by name or by position. */
export function bindParameters(declarations: string, given: readonly Argument[]): Bound {
  const declared = parseParameterDeclarations(declarations);
  const variables = new Map<string, Variable>();
  const outputs = new Map<string, Argument>();
  declared.forEach(({ name, type, isOutput }, index) => {
    const argument = given.find((each) => each.name !== undefined && fold(each.name) === fold(name)) ?? given[index];
    if (!argument) {
      throw new SqlError(8178, `The parameterized query expects the parameter '${name}', which was not supplied.`);
    }
    variables.set(variableKey(name), { type, value: convert(argument.value, argument.type, type) });
    if (!argument.isOutput) return;
    if (!isOutput) throw notOutput(name);
    outputs.set(variableKey(name), argument);
  });
  return { variables, outputs };
}

interface Run {
  readonly session: Session;
  readonly outputs: Output[];
  readonly signal?: AbortSignal | undefined;
}

async function executeStatement(statement: Statement, run: Run): Promise<void> {
  const { session, outputs, signal } = run;
  signal?.throwIfAborted();
  const environment = environmentOf(session);
  requireUser(environment);
  if (statement.kind !== "setOption") {
    if (session.options.runsNothing) return;
    if (session.options.describesOnly) return describe(statement, run, environment);
  }
  switch (statement.kind) {
    case "select":
      return select(statement.query, run, environment);
    case "if": {
      const isTrue = compileCondition(statement.condition, noScope, environment)(noFrame) === true;
      for (const inner of isTrue ? statement.whenTrue : statement.whenFalse) await executeStatement(inner, run);
      return;
    }
    case "declare":
    case "setVariable":
      return setVariable(statement, environment);
    case "setOption":
      session.options = { ...session.options, ...statement.change };
      return;
    case "beginTransaction":
    case "saveTransaction":
    case "commit":
    case "rollback":
      return tell(outputs, changeTransaction(session, statement));
    case "use":
      if (fold(statement.database) === fold(session.database.name)) return;
      throw new SqlError(
        40508,
        "USE statement is not supported to switch between databases. Use a new connection to connect to a different database.",
      );
    case "waitFor":
      await sleep(statement.ms, undefined, { ...(signal && { signal }) });
      return;
    case "execute":
      return callProcedure(statement.call, run, environment);
    default:
      return write(run, (fresh) => change(statement, fresh));
  }
}

/** FMTONLY: the result sets of every branch, without rows. */
async function describe(statement: Statement, run: Run, environment: Environment): Promise<void> {
  switch (statement.kind) {
    case "select": {
      const { items } = statement.query;
      if (items.every((item) => item.kind === "assign")) return;
      const { columns } = compileQuery(statement.query, undefined, environment);
      run.outputs.push({ kind: "rows", columns, rows: [], isCounted: true });
      return;
    }
    case "if":
      for (const inner of [...statement.whenTrue, ...statement.whenFalse]) await executeStatement(inner, run);
      return;
    case "declare":
      return setVariable({ ...statement, value: undefined }, environment);
    case "execute":
      if (fold(statement.call.name.name) === "SP_EXECUTESQL") await callProcedure(statement.call, run, environment);
      return;
    default:
      return;
  }
}

function tell(outputs: Output[], event: TransactionEvent | undefined): void {
  if (event) outputs.push({ kind: "transaction", event });
}

function environmentOf(session: Session): Environment {
  return { session, data: session.database.read(session) };
}

/** A user that is dropped after logging in can do nothing more. */
function requireUser({ session, data }: Environment): void {
  if (principalById(data, session.principalId)) return;
  throw new SqlError(
    916,
    `The server principal "${session.loginName}" is not able to access the database "${data.name}" under the current security context.`,
    { severity: 14 },
  );
}

async function write({ session, outputs, signal }: Run, make: (environment: Environment) => Changed): Promise<void> {
  const { database } = session;
  await database.lock(session, signal);
  try {
    const { data, count } = make(environmentOf(session));
    database.write(session, data);
    if (session.transactionDepth === 0) database.commit(session);
    session.rowCount = count ?? 0;
    if (count !== undefined && !session.options.noCount) outputs.push({ kind: "count", count });
  } catch (error) {
    // The statement has changed nothing; outside a transaction, it must not keep others waiting, either.
    if (session.transactionDepth === 0) database.rollback(session);
    throw error;
  }
}

type Write = Exclude<
  Statement,
  {
    kind:
      | "select"
      | "if"
      | "declare"
      | "setVariable"
      | "setOption"
      | "beginTransaction"
      | "saveTransaction"
      | "commit"
      | "rollback"
      | "use"
      | "waitFor"
      | "execute";
  }
>;

function change(statement: Write, environment: Environment): Changed {
  switch (statement.kind) {
    case "insert":
      return insert(statement, environment);
    case "update":
      return update(statement, environment);
    case "delete":
      return deleteRows(statement, environment);
    case "createTable":
      return createTable(statement, environment);
    case "dropTable":
      return dropTable(statement, environment);
    default:
      return { data: changePrincipals(statement, environment) };
  }
}

function changePrincipals(
  statement: Exclude<Write, { kind: "insert" | "update" | "delete" | "createTable" | "dropTable" }>,
  environment: Environment,
): DatabaseData {
  switch (statement.kind) {
    case "createUser":
      return createUser(statement, environment);
    case "alterUser":
      return alterUser(statement, environment);
    case "dropUser":
      return dropUser(statement, environment);
    case "createRole":
      return createRole(statement, environment);
    case "dropRole":
      return dropRole(statement, environment);
    case "alterRole":
      return alterRole(statement, environment);
    case "createSchema":
      return createSchema(statement, environment);
    case "dropSchema":
      return dropSchema(statement, environment);
    case "alterSchemaOwner":
      return alterSchemaOwner(statement, environment);
    case "alterRoleOwner":
      return alterRoleOwner(statement, environment);
    case "alterTableOwner":
      return alterTableOwner(statement, environment);
    case "grant":
      return grant(statement, environment);
  }
}

function select(query: Select, { session, outputs }: Run, environment: Environment): void {
  const assigned = query.items.filter((item) => item.kind === "assign");
  if (assigned.length < query.items.length || assigned.length === 0) {
    const { columns, run } = compileQuery(query, undefined, environment);
    const rows = run();
    session.rowCount = rows.length;
    outputs.push({ kind: "rows", columns, rows, isCounted: !session.options.noCount });
    return;
  }
  const items = assigned.map(({ value }) => ({ kind: "value" as const, value, alias: undefined }));
  const { columns, run } = compileQuery({ ...query, items }, undefined, environment);
  const last = run().at(-1);
  assigned.forEach(({ variable }, index) => {
    const from = columns[index]?.type;
    if (last && from) assign(variable, { type: from, value: last[index] ?? null }, environment);
  });
}

function setVariable(
  statement: Extract<Statement, { kind: "declare" | "setVariable" }>,
  environment: Environment,
): void {
  const { variables } = environment.session;
  if (statement.kind === "declare") {
    if (variables.has(variableKey(statement.variable))) {
      throw compileError(134, `The variable name '${statement.variable}' has already been declared.`);
    }
    variables.set(variableKey(statement.variable), { type: statement.type, value: null });
  }
  if (!statement.value) return;
  const { type, evaluate } = compileExpression(statement.value, noScope, environment);
  assign(statement.variable, { type, value: evaluate(noFrame) }, environment);
}

function assign(name: string, { type: from, value }: Variable, { session: { variables } }: Environment): void {
  const variable = variables.get(variableKey(name));
  if (!variable) throw compileError(137, `Must declare the scalar variable "${name}".`);
  variables.set(variableKey(name), { type: variable.type, value: convert(value, from, variable.type) });
}

async function callProcedure({ name, parameters }: ProcedureCall, run: Run, environment: Environment): Promise<void> {
  const given = parameters.map((parameter): Argument => {
    const { type, evaluate } = compileExpression(parameter.value, noScope, environment);
    return { name: parameter.name, type, value: evaluate(noFrame), isOutput: parameter.isOutput };
  });
  if (fold(name.name) !== "SP_EXECUTESQL") {
    return write(run, (fresh) => ({ data: runProcedure(name.name, given, fresh) }));
  }
  const { session, outputs, signal } = run;
  const { variables } = session;
  const { text, bound } = readExecuteSql(given);
  const outcome = await executeProcedure(session, text, { variables: bound.variables, signal });
  session.variables = variables;
  outputs.push(...outcome.outputs);
  if (outcome.error) throw outcome.error;
  for (const [key, argument] of bound.outputs) {
    const target = parameters[given.indexOf(argument)]?.value;
    const variable = bound.variables.get(key);
    if (target?.kind === "variable" && variable) assign(target.name, variable, environment);
  }
}

/** The first argument is the text, the second declares the parameters, the others are their values. */
export function readExecuteSql([text, declarations, ...values]: readonly Argument[]) {
  const asText = (argument: Argument | undefined) =>
    argument ? String(convert(argument.value ?? "", argument.type, nvarchar("max"))) : "";
  return { text: asText(text), bound: bindParameters(asText(declarations), values) };
}
