/** SELECT, as nested loops over a few small tables. */
import { compileError, SqlError } from "../errors.ts";
import { hasAggregate } from "./aggregate.ts";
import type { Expression, Select, SelectItem } from "./ast.ts";
import { type ColumnTraits, type Compiled, compileExpression, type Frame, type Scope } from "./compile.ts";
import { compileCondition } from "./condition.ts";
import type { Row } from "./database.ts";
import { compileFrom } from "./from.ts";
import type { Environment } from "./functions.ts";
import { compare, fold, type SqlType, type SqlValue, types } from "./sqlTypes.ts";

export interface ResultColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly traits?: ColumnTraits | undefined;
}

export interface CompiledQuery {
  readonly columns: readonly ResultColumn[];
  readonly run: (outer?: Frame) => readonly Row[];
}

interface Projected {
  readonly output: Row;
  readonly frame: Frame;
}

export function compileQuery(select: Select, outerScope: Scope | undefined, environment: Environment): CompiledQuery {
  const from = compileFrom(select, outerScope, environment);
  const isAggregate = select.items.some((item) => item.kind === "value" && hasAggregate(item.value));
  const scope: Scope = { columns: from.columns, outer: outerScope, allowsAggregates: isAggregate };
  const where = select.where && compileCondition(select.where, { ...scope, allowsAggregates: false }, environment);
  const outputs = select.items.flatMap((item) => compileItem(item, scope, environment));
  const columns = outputs.map(({ name, value: { type, traits } }) => ({ name, type, traits }));
  if (isAggregate) refuseBareColumns(select.items);
  const order = select.orderBy.map(({ value, isDescending }) => ({
    read: compileOrder(value, columns, scope, environment),
    sign: isDescending ? -1 : 1,
  }));
  const [top, offset, fetch] = [select.top, select.offset, select.fetch].map(
    (count) => count && compileExpression(count, { ...scope, columns: [] }, environment),
  );

  const run = (outer?: Frame): readonly Row[] => {
    const frames = from
      .run(outer)
      .map((row): Frame => ({ row, group: [], outer }))
      .filter((frame) => !where || where(frame) === true);
    const framesOut = isAggregate ? [{ row: [], group: frames.map(({ row }) => row), outer }] : frames;
    const limit = (count: Compiled | undefined) => count && Number(count.evaluate({ row: [], group: [], outer }) ?? 0);
    let result = framesOut.map(
      (frame): Projected => ({ output: outputs.map(({ value }) => value.evaluate(frame)), frame }),
    );
    if (select.isDistinct) result = distinct(result);
    if (order.length > 0) {
      result.sort((left, right) => {
        for (const { read, sign } of order) {
          const difference = compareNullsFirst(read(left), read(right));
          if (difference !== 0) return difference * sign;
        }
        return 0;
      });
    }
    const start = limit(offset) ?? 0;
    const count = limit(top) ?? limit(fetch) ?? result.length;
    return result.slice(start, start + count).map(({ output }) => output);
  };
  return { columns, run };
}

function compileItem(item: SelectItem, scope: Scope, environment: Environment): { name: string; value: Compiled }[] {
  if (item.kind === "assign") {
    throw compileError(
      141,
      "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.",
    );
  }
  if (item.kind === "value") {
    const inner = item.value.kind === "column" ? item.value.name : "";
    return [{ name: item.alias ?? inner, value: compileExpression(item.value, scope, environment) }];
  }
  const { qualifier } = item;
  const chosen = scope.columns.filter(
    (column) => qualifier === undefined || fold(column.qualifier) === fold(qualifier),
  );
  if (chosen.length === 0) throw new SqlError(263, "Must specify table to select from.");
  return chosen.map((column) => {
    const index = scope.columns.indexOf(column);
    const { name, type, traits } = column;
    return { name, value: { type, traits, evaluate: ({ row }) => row[index] ?? null } };
  });
}

function refuseBareColumns(items: readonly SelectItem[]): void {
  const bare = items.find((item) => item.kind === "star" || (item.kind === "value" && item.value.kind === "column"));
  if (!bare) return;
  const name = bare.kind === "value" && bare.value.kind === "column" ? bare.value.name : "*";
  throw new SqlError(
    8120,
    `Column '${name}' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.`,
  );
}

/** By position, by the name of an output column, or by any expression over the sources. */
function compileOrder(
  value: Expression,
  columns: readonly ResultColumn[],
  scope: Scope,
  environment: Environment,
): (projected: Projected) => SqlValue {
  if (value.kind === "literal" && typeof value.value === "number" && value.type.kind === types.int.kind) {
    const position = value.value - 1;
    if (!columns[position]) {
      throw compileError(
        108,
        `The ORDER BY position number ${position + 1} is out of range of the number of items in the select list.`,
      );
    }
    return ({ output }) => output[position] ?? null;
  }
  if (value.kind === "column" && value.qualifier === undefined) {
    const position = columns.findIndex(({ name }) => fold(name) === fold(value.name));
    if (position >= 0) return ({ output }) => output[position] ?? null;
  }
  const compiled = compileExpression(value, scope, environment);
  return ({ frame }) => compiled.evaluate(frame);
}

function compareNullsFirst(left: SqlValue, right: SqlValue): number {
  if (left === null || right === null) return Number(left !== null) - Number(right !== null);
  return compare(left, right);
}

function distinct(rows: readonly Projected[]): Projected[] {
  const kept: Projected[] = [];
  for (const row of rows) {
    const isKnown = kept.some(({ output }) =>
      output.every((value, index) => compareNullsFirst(value, row.output[index] ?? null) === 0),
    );
    if (!isKnown) kept.push(row);
  }
  return kept;
}
