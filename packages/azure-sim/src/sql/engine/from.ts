/** The FROM clause: tables, catalog views and their joins, as combined rows. */
import { compileError, invalidObject } from "../errors.ts";
import type { Expression, Select, Source } from "./ast.ts";
import { findCatalogView } from "./catalog.ts";
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

/** The sources up to and including one join. */
interface Joined extends CompiledFrom {
  /** May leave out rows that do not have one of the wanted values. */
  readonly run: (outer: Frame | undefined, wanted?: Wanted) => readonly Row[];
}

interface Wanted {
  readonly position: number;
  readonly values: readonly SqlValue[];
}

interface CompiledSource {
  readonly columns: readonly ScopeColumn[];
  readonly rows: () => readonly Row[];
  /** All rows if they are found without looking at others. */
  readonly fewRows: () => readonly Row[] | undefined;
  /** By the name of a column in capitals; see CatalogView. */
  readonly find: Readonly<Record<string, (value: SqlValue) => readonly Row[] | undefined>>;
}

export function compileFrom(
  { from, where }: Pick<Select, "from" | "where">,
  outerScope: Scope | undefined,
  environment: Environment,
): CompiledFrom {
  let joined: Joined = { columns: [], run: () => [[]] };
  for (const source of from) {
    refuseRepeated(source.alias ?? source.table.name, joined.columns);
    const compiled = compileSource(source, environment);
    const names = from.length === 1 ? compiled.columns.map(({ name }) => fold(name)) : [];
    const right = filtered(compiled, conditionsOn(source, where, new Set(names)), environment);
    joined = join(joined, { right, how: source.join }, outerScope, environment);
  }
  return joined;
}

function refuseRepeated(qualifier: string, columns: readonly ScopeColumn[]): void {
  if (!columns.some((column) => fold(column.qualifier) === fold(qualifier))) return;
  throw compileError(1011, `The correlation name '${qualifier}' is specified multiple times in a FROM clause.`);
}

function join(
  left: Joined,
  { right, how }: { readonly right: CompiledSource; readonly how: Source["join"] },
  outerScope: Scope | undefined,
  environment: Environment,
): Joined {
  const isOuter = how?.kind === "left";
  const columns = [...left.columns, ...(isOuter ? right.columns.map(asNullable) : right.columns)];
  const on = how?.on && compileCondition(how.on, { columns, outer: outerScope, allowsAggregates: false }, environment);
  const key = how?.on && findJoinKey(how.on, left.columns, right.columns);
  const withKey = key && finder(right, key.right);
  const padding: Row = right.columns.map(() => null);

  return {
    columns,
    run: (outer, wanted) => {
      const position = (wanted?.position ?? -1) - left.columns.length;
      const ofRight = wanted && position >= 0 ? wanted.values.flatMap(finder(right, position)) : undefined;
      // An outer join keeps the left rows that nothing joins.
      const few = isOuter ? undefined : (right.fewRows() ?? ofRight);
      if (few?.length === 0) return [];
      const ofKey = few && key && { position: key.left, values: distinct(few.map((row) => row[key.right] ?? null)) };
      return left.run(outer, ofKey ?? (position < 0 ? wanted : undefined)).flatMap((row) => {
        const candidates = key && withKey ? withKey(row[key.left] ?? null) : (few ?? right.rows());
        const matching = candidates
          .map((other): Row => [...row, ...other])
          .filter((pair) => !on || on({ row: pair, group: [], outer }) === true);
        return matching.length === 0 && isOuter ? [[...row, ...padding]] : matching;
      });
    },
  };
}

function filtered(source: CompiledSource, parts: readonly Expression[], environment: Environment): CompiledSource {
  if (parts.length === 0) return source;
  const { columns } = source;
  const scope: Scope = { columns, outer: undefined, allowsAggregates: false };
  const lookUps = parts.flatMap((part) => compileLookUp(source, part, { scope, environment }) ?? []);
  const conditions = parts.map((part) => compileCondition(part, scope, environment));
  const fitting = (rows: readonly Row[] | undefined) =>
    rows?.filter((row) => conditions.every((holds) => holds({ row, group: [], outer: undefined }) === true));
  const fewRows = once(() => {
    for (const lookUp of lookUps) {
      const found = lookUp();
      if (found) return fitting(found);
    }
    return undefined;
  });
  return {
    columns,
    fewRows,
    rows: once(() => fewRows() ?? fitting(source.rows()) ?? []),
    find: Object.fromEntries(
      Object.entries(source.find).map(([column, find]) => [column, (value: SqlValue) => fitting(find(value))]),
    ),
  };
}

/** Finds the rows that can fulfil the condition without looking at all of them; undefined if that takes a look at all. */
function compileLookUp(
  { find }: CompiledSource,
  condition: Expression,
  { scope, environment }: { readonly scope: Scope; readonly environment: Environment },
): (() => readonly Row[] | undefined) | undefined {
  const equalities = requiredEqualities(condition);
  if (!equalities?.every(({ column }) => find[column])) return undefined;
  const lookUps = equalities.map(({ column, value }) => {
    const { evaluate } = compileExpression(value, scope, environment);
    return () => find[column]?.(evaluate(noFrame));
  });
  return () => {
    const found = lookUps.map((run) => run());
    return found.includes(undefined) ? undefined : distinct(found.flatMap((each) => each ?? []));
  };
}

/** An outer join puts NULL in this column for rows without a match. */
function asNullable(column: ScopeColumn): ScopeColumn {
  return column.traits ? { ...column, traits: { ...column.traits, isNullable: true } } : column;
}

/** Finds the rows with a value in this column. */
function finder({ columns, find, rows, fewRows }: CompiledSource, position: number) {
  const inIndex = find[fold(columns[position]?.name ?? "")];
  const groups = once(() => Map.groupBy(rows(), (row) => row[position] ?? null));
  return (value: SqlValue): readonly Row[] => (fewRows() ? undefined : inIndex?.(value)) ?? groups().get(value) ?? [];
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}

/** A query sees the same data as long as it runs. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

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

function compileSource({ table: name, alias }: Source, environment: Environment): CompiledSource {
  const { data, session } = environment;
  const qualifier = alias ?? name.name;
  const fewRows = () => undefined;
  const view = findCatalogView(name);
  if (view) {
    const find = Object.entries(view.find ?? {}).map(([column, rowsWith]) => [
      column,
      (value: SqlValue) => rowsWith(environment, value),
    ]);
    return {
      columns: view.columns.map((column) => ({ ...column, qualifier })),
      rows: once(() => view.rows(environment)),
      fewRows,
      find: Object.fromEntries(find),
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
    rows: once(() => table.rows.list().map(({ values }) => values)),
    fewRows,
    find: {},
  };
}
