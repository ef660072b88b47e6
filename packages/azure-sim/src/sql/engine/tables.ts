/** CREATE TABLE, DROP TABLE and the statements that change rows. */
import { compileError, invalidColumn, invalidObject, notSimulated, SqlError } from "../errors.ts";
import type { Expression, ObjectName, Statement } from "./ast.ts";
import { type Compiled, compileExpression, type Frame, noFrame, noScope, type Scope } from "./compile.ts";
import { compileCondition } from "./condition.ts";
import {
  type Column,
  type DatabaseData,
  findSchema,
  findTable,
  idAfter,
  type Key,
  type Row,
  type StoredRow,
  type Table,
  withTable,
} from "./database.ts";
import type { Environment } from "./functions.ts";
import { IndexedRows } from "./indexedRows.ts";
import { holdsInDatabase, isInRole, ownsSchema, requireOnTable, type TablePermission } from "./permissions.ts";
import { convert, fold, isText, type SqlType, type SqlValue, types } from "./sqlTypes.ts";

type Of<Kind extends Statement["kind"]> = Extract<Statement, { kind: Kind }>;

export interface Changed {
  readonly data: DatabaseData;
  readonly count?: number;
}

export function createTable({ table, columns, keys }: Of<"createTable">, { data, session }: Environment): Changed {
  // A temporary table would belong to its session and end with it.
  if (table.name.startsWith("#")) throw notSimulated(`CREATE TABLE ${table.name}`);
  const schema = findSchema(data, table.schema ?? "dbo");
  if (!schema) {
    throw new SqlError(
      2760,
      `The specified schema name "${table.schema}" either does not exist or you do not have permission to use it.`,
    );
  }
  if (!mayDefineTables(data, session.principalId)) {
    throw new SqlError(262, `CREATE TABLE permission denied in database '${data.name}'.`, { severity: 14 });
  }
  if (findTable(data, table)) {
    throw new SqlError(2714, `There is already an object named '${table.name}' in the database.`);
  }
  const names = columns.map(({ name }) => fold(name));
  const repeated = columns.find(({ name }, index) => names.indexOf(fold(name)) !== index);
  if (repeated) {
    throw new SqlError(
      2705,
      `Column names in each table must be unique. Column name '${repeated.name}' in table '${table.name}' is specified more than once.`,
    );
  }
  const positions = keys.map((key) =>
    key.columns.map((name) => {
      const position = names.indexOf(fold(name));
      if (position < 0) throw new SqlError(1911, `Column name '${name}' does not exist in the target table or view.`);
      return position;
    }),
  );
  const primary = new Set(keys.flatMap(({ isPrimary }, index) => (isPrimary ? (positions[index] ?? []) : [])));
  const namedKeys = keys.map(
    ({ name, isPrimary }, index): Key => ({
      name: name ?? `${isPrimary ? "PK" : "UQ"}__${table.name}__${index}`,
      isPrimary,
      columns: positions[index] ?? [],
    }),
  );
  const made: Table = {
    id: data.nextId + 900_000_000,
    name: table.name,
    schemaId: schema.id,
    columns: columns.map((column, index): Column => {
      const isNullable = column.isNullable ?? (column.identity === undefined && !primary.has(index));
      return { ...column, isNullable };
    }),
    keys: namedKeys,
    rows: IndexedRows.of({ ...Object.fromEntries(namedKeys.map(indexOf)), id: ({ place }) => [place] }),
    nextPlace: 0,
    nextIdentity: columns.find(({ identity }) => identity)?.identity?.seed ?? 1,
    createdAt: session.world.now(),
  };
  return { data: { ...data, nextId: idAfter(data.nextId), tables: [...data.tables, made] } };
}

/** Named by the key's columns, so that two keys of the same columns share one, which does not matter. */
function indexOf({ columns }: Key): [string, (row: StoredRow) => readonly string[]] {
  return [columns.join(), ({ values }) => columns.map((position) => keyText(values[position] ?? null))];
}

function mayDefineTables(data: DatabaseData, principalId: number): boolean {
  return holdsInDatabase(data, principalId, "CREATE TABLE") || isInRole(data, principalId, "db_ddladmin");
}

export function dropTable({ table: name, ifExists }: Of<"dropTable">, { data, session }: Environment): Changed {
  const table = findTable(data, name);
  if (!table && ifExists) return { data };
  const schema = data.schemas.find(({ id }) => id === table?.schemaId);
  const mayDrop =
    table &&
    (holdsInDatabase(data, session.principalId, "CONTROL") ||
      isInRole(data, session.principalId, "db_ddladmin") ||
      (schema && ownsSchema(data, session.principalId, schema)));
  if (!mayDrop) {
    throw new SqlError(
      3701,
      `Cannot drop the table '${name.name}', because it does not exist or you do not have permission.`,
      {
        severity: 11,
      },
    );
  }
  return {
    data: {
      ...data,
      tables: data.tables.filter(({ id }) => id !== table.id),
      grants: data.grants.withoutAll(data.grants.list("id", "object", table.id)),
    },
  };
}

export function insert({ table: name, columns, rows }: Of<"insert">, environment: Environment): Changed {
  const table = openTable(name, "INSERT", environment);
  const targets = columns?.map((column) => columnIndex(table, column)) ?? insertable(table);
  for (const index of targets) {
    if (table.columns[index]?.identity) {
      throw new SqlError(
        544,
        `Cannot insert explicit value for identity column in table '${table.name}' when IDENTITY_INSERT is set to OFF.`,
      );
    }
  }
  let { nextIdentity } = table;
  const added = rows.map((values): Row => {
    if (values.length !== targets.length) throw wrongCount(columns !== undefined, values.length > targets.length);
    return table.columns.map((column, index) => {
      if (column.identity) {
        const value = nextIdentity;
        nextIdentity += column.identity.increment;
        return value;
      }
      const given = values[targets.indexOf(index)];
      const expression = given === undefined || given === "default" ? column.defaultValue : given;
      if (!expression) return storable(null, types.int, column, table, environment);
      const { type, evaluate } = compileExpression(expression, noScope, environment);
      return storable(evaluate(noFrame), type, column, table, environment);
    });
  });
  const placed = added.map((values, index): StoredRow => ({ place: table.nextPlace + index, values }));
  const rowsAfter = addUnique(table.rows, placed, table);
  const changed = { ...table, rows: rowsAfter, nextPlace: table.nextPlace + added.length, nextIdentity };
  const identity = table.columns.findIndex((column) => column.identity);
  const last = added.at(-1)?.[identity];
  if (typeof last === "number") environment.session.lastIdentity = last;
  return { data: withTable(environment.data, changed), count: added.length };
}

/** The columns that an INSERT without a column list fills. */
function insertable(table: Table): number[] {
  return table.columns.flatMap(({ identity }, index) => (identity ? [] : [index]));
}

function wrongCount(hasList: boolean, hasMoreValues: boolean): SqlError {
  if (!hasList) {
    return new SqlError(213, "Column name or number of supplied values does not match table definition.");
  }
  const [number, more] = hasMoreValues ? [110, "fewer"] : [109, "more"];
  return compileError(
    number,
    `There are ${more} columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.`,
  );
}

export function update({ table: name, assignments, where }: Of<"update">, environment: Environment): Changed {
  const table = openTable(name, "UPDATE", environment);
  const { scope, matches } = compileWhere(table, where, environment);
  const compiled = assignments.map(({ column: columnName, value }) => {
    const index = columnIndex(table, columnName);
    if (table.columns[index]?.identity) throw new SqlError(8102, `Cannot update identity column '${columnName}'.`);
    return { index, value: compileExpression(value, scope, environment) };
  });
  const before = table.rows.list().filter(({ values }) => matches(frameOf(values)));
  const after = before.map(({ place, values }): StoredRow => {
    const frame = frameOf(values);
    const changed = table.columns.map((column, index) => {
      const value: Compiled | undefined = compiled.find((assignment) => assignment.index === index)?.value;
      return value ? storable(value.evaluate(frame), value.type, column, table, environment) : (values[index] ?? null);
    });
    return { place, values: changed };
  });
  // Rows may take each other's keys.
  const rows = addUnique(table.rows.withoutAll(before), after, table);
  return { data: withTable(environment.data, { ...table, rows }), count: before.length };
}

function frameOf(row: Row): Frame {
  return { row, group: [], outer: undefined };
}

export function deleteRows({ table: name, where }: Of<"delete">, environment: Environment): Changed {
  const table = openTable(name, "DELETE", environment);
  const { matches } = compileWhere(table, where, environment);
  const removed = table.rows.list().filter(({ values }) => matches(frameOf(values)));
  const rows = table.rows.withoutAll(removed);
  return { data: withTable(environment.data, { ...table, rows }), count: removed.length };
}

function openTable(name: ObjectName, permission: TablePermission, { data, session }: Environment): Table {
  const table = findTable(data, name);
  if (!table) throw invalidObject(name.schema === undefined ? name.name : `${name.schema}.${name.name}`);
  requireOnTable(data, session.principalId, permission, table);
  return table;
}

function compileWhere(table: Table, where: Expression | undefined, environment: Environment) {
  const scope: Scope = {
    columns: table.columns.map(({ name, type }) => ({ qualifier: table.name, name, type })),
    outer: undefined,
    allowsAggregates: false,
  };
  if (!where) return { scope, matches: () => true };
  // Comparing a column requires SELECT: db_datawriter alone does not allow UPDATE … WHERE.
  requireOnTable(environment.data, environment.session.principalId, "SELECT", table);
  const condition = compileCondition(where, scope, environment);
  return { scope, matches: (frame: Frame) => condition(frame) === true };
}

function columnIndex(table: Table, name: string): number {
  const index = table.columns.findIndex((column) => fold(column.name) === fold(name));
  if (index < 0) throw invalidColumn(name);
  return index;
}

function storable(value: SqlValue, from: SqlType, column: Column, table: Table, { data }: Environment): SqlValue {
  if (value === null) {
    if (column.isNullable) return null;
    throw new SqlError(
      515,
      `Cannot insert the value NULL into column '${column.name}', table '${data.name}.dbo.${table.name}'; column does not allow nulls. INSERT fails.`,
    );
  }
  const { length } = column.type;
  const whole = convert(value, from, length === undefined ? column.type : { ...column.type, length: "max" });
  const size = typeof whole === "string" || Buffer.isBuffer(whole) ? whole.length : 0;
  if (typeof length === "number" && size > length) {
    const shown = isText(column.type) ? String(whole).slice(0, Math.min(length, 100)) : "";
    throw new SqlError(
      2628,
      `String or binary data would be truncated in table '${data.name}.dbo.${table.name}', column '${column.name}'. Truncated value: '${shown}'.`,
    );
  }
  return whole;
}

function addUnique(rows: Table["rows"], added: readonly StoredRow[], table: Table): Table["rows"] {
  return added.reduce((there, row) => {
    for (const key of table.keys) {
      const [index, keyOf] = indexOf(key);
      const values = keyOf(row);
      if (there.first(index, ...values)) throw duplicateKey(key, values, table);
    }
    return there.with(row);
  }, rows);
}

function duplicateKey({ isPrimary, name }: Key, values: readonly string[], table: Table): SqlError {
  return new SqlError(
    2627,
    `Violation of ${isPrimary ? "PRIMARY KEY" : "UNIQUE KEY"} constraint '${name}'. Cannot insert duplicate key in object 'dbo.${table.name}'. The duplicate key value is (${values.join(", ")}).`,
    { severity: 14 },
  );
}

function keyText(value: SqlValue): string {
  if (value === null) return "<NULL>";
  if (Buffer.isBuffer(value)) return `0x${value.toString("hex")}`;
  return typeof value === "string" ? fold(value) : String(value);
}
