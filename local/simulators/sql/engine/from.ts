/** The FROM clause: tables, catalog views and their joins, as combined rows. */
import { compileError, invalidObject } from "../errors.ts";
import type { Expression, ObjectName, Select, Source } from "./ast.ts";
import { type CatalogView, findCatalogView } from "./catalog.ts";
import { compileExpression, type Frame, noFrame, type Scope, type ScopeColumn } from "./compile.ts";
import { compileCondition } from "./condition.ts";
import { findTable, type Row } from "./database.ts";
import type { Environment } from "./functions.ts";
import { requireOnTable } from "./permissions.ts";
import { conditionsOn, requiredEqualities } from "./pushDown.ts";
import { fold, type SqlValue } from "./sqlTypes.ts";

export interface CompiledFrom {
  readonly columns: readonly ScopeColumn[];
  readonly run: (outer: Frame | undefined) => readonly Row[];
}

interface CompiledSource {
  readonly columns: readonly ScopeColumn[];
  readonly rows: () => readonly Row[];
  readonly find?: CatalogView["find"];
}

export function compileFrom(
  { from, where }: Pick<Select, "from" | "where">,
  outerScope: Scope | undefined,
  environment: Environment,
): CompiledFrom {
  let joined: CompiledFrom = { columns: [], run: () => [[]] };
  for (const source of from) joined = join(joined, { source, where }, outerScope, environment);
  return joined;
}

function join(
  left: CompiledFrom,
  { source, where }: { readonly source: Source; readonly where: Expression | undefined },
  outerScope: Scope | undefined,
  environment: Environment,
): CompiledFrom {
  const { table, alias, join: how } = source;
  const qualifier = alias ?? table.name;
  if (left.columns.some((column) => fold(column.qualifier) === fold(qualifier))) {
    throw compileError(1011, `The correlation name '${qualifier}' is specified multiple times in a FROM clause.`);
  }
  const right = filtered(compileSource(table, qualifier, environment), conditionsOn(source, where), environment);
  const columns = [...left.columns, ...(how?.kind === "left" ? right.columns.map(asNullable) : right.columns)];
  const on = how?.on && compileCondition(how.on, { columns, outer: outerScope, allowsAggregates: false }, environment);
  const key = how?.on && findJoinKey(how.on, left.columns, right.columns);
  const padding: Row = right.columns.map(() => null);
  return {
    columns,
    run: (outer) => {
      const rows = right.rows();
      if (rows.length === 0 && how?.kind !== "left") return [];
      const candidates = lookUp(rows, key?.right);
      return left.run(outer).flatMap((row) => {
        const matching = candidates(row[key?.left ?? 0] ?? null)
          .map((other): Row => [...row, ...other])
          .filter((pair) => !on || on({ row: pair, group: [], outer }) === true);
        return matching.length === 0 && how?.kind === "left" ? [[...row, ...padding]] : matching;
      });
    },
  };
}

function filtered(source: CompiledSource, parts: readonly Expression[], environment: Environment): CompiledSource {
  if (parts.length === 0) return source;
  const { columns, rows } = source;
  const scope: Scope = { columns, outer: undefined, allowsAggregates: false };
  const candidates = parts.map((part) => compileLookUp(source, part, { scope, environment })).find(Boolean) ?? rows;
  const conditions = parts.map((part) => compileCondition(part, scope, environment));
  const fits = (row: Row) => conditions.every((holds) => holds({ row, group: [], outer: undefined }) === true);
  return { columns, rows: () => candidates().filter(fits) };
}

/** Finds the rows that can fulfil the condition without looking at all of them; undefined if that takes a look at all. */
function compileLookUp(
  { find = {}, rows }: CompiledSource,
  condition: Expression,
  { scope, environment }: { readonly scope: Scope; readonly environment: Environment },
): (() => readonly Row[]) | undefined {
  const equalities = requiredEqualities(condition);
  if (!equalities?.every(({ column }) => find[column])) return undefined;
  const lookUps = equalities.map(({ column, value }) => {
    const { evaluate } = compileExpression(value, scope, environment);
    return () => find[column]?.(environment, evaluate(noFrame));
  });
  return () => {
    const found = lookUps.map((run) => run());
    return found.includes(undefined) ? rows() : [...new Set(found.flatMap((each) => each ?? []))];
  };
}

/** An outer join puts NULL in this column for rows without a match. */
function asNullable(column: ScopeColumn): ScopeColumn {
  return column.traits ? { ...column, traits: { ...column.traits, isNullable: true } } : column;
}

/** The rows that may join a row with the given value in its key column; all rows if there is no key. */
function lookUp(rows: readonly Row[], position: number | undefined): (value: SqlValue) => readonly Row[] {
  if (position === undefined) return () => rows;
  const indexes = indexesOf.get(rows) ?? new Map<number, Map<SqlValue, readonly Row[]>>();
  const byKey = indexes.get(position) ?? Map.groupBy(rows, (row) => row[position] ?? null);
  indexesOf.set(rows, indexes.set(position, byKey));
  return (value) => byKey.get(value) ?? [];
}

/** By the position of the key. A catalog view gives the same rows until the database changes. */
const indexesOf = new WeakMap<readonly Row[], Map<number, Map<SqlValue, readonly Row[]>>>();

/** Finds `left.x = right.y` of two int columns, alone or under AND. Catalog views are joined like this, and users can be many. */
function findJoinKey(
  on: Expression,
  left: readonly ScopeColumn[],
  right: readonly ScopeColumn[],
): { left: number; right: number } | undefined {
  if (on.kind === "logical" && on.operator === "AND") {
    return findJoinKey(on.left, left, right) ?? findJoinKey(on.right, left, right);
  }
  if (on.kind !== "compare" || on.operator !== "=") return undefined;
  for (const [one, other] of [
    [on.left, on.right],
    [on.right, on.left],
  ] as const) {
    const positions = { left: positionOf(one, left), right: positionOf(other, right) };
    if (positions.left >= 0 && positions.right >= 0) return positions;
  }
  return undefined;
}

function positionOf(expression: Expression, columns: readonly ScopeColumn[]): number {
  if (expression.kind !== "column" || expression.qualifier === undefined) return -1;
  const { qualifier, name } = expression;
  return columns.findIndex(
    (column) =>
      column.type.kind === "int" && fold(column.qualifier) === fold(qualifier) && fold(column.name) === fold(name),
  );
}

function compileSource(name: ObjectName, qualifier: string, environment: Environment): CompiledSource {
  const { data, session } = environment;
  const view = findCatalogView(name);
  if (view) {
    return {
      columns: view.columns.map((column) => ({ ...column, qualifier })),
      rows: () => view.rows(environment),
      find: view.find,
    };
  }
  const table = findTable(data, name);
  if (!table) throw invalidObject(name.schema === undefined ? name.name : `${name.schema}.${name.name}`);
  requireOnTable(data, session.principalId, "SELECT", table);
  return {
    columns: table.columns.map(({ name: columnName, type, isNullable, identity }) => ({
      qualifier,
      name: columnName,
      type,
      traits: { isNullable, isIdentity: identity !== undefined },
    })),
    rows: () => table.rows,
  };
}
