/** COUNT, MIN, MAX and SUM over all rows of a query; there is no GROUP BY. */
import { compileError, incorrectSyntax } from "../errors.ts";
import type { Expression } from "./ast.ts";
import { type Compiled, compileExpression, type Frame, type Scope } from "./compile.ts";
import { decimal } from "./decimal.ts";
import type { Environment } from "./functions.ts";
import { compare, convert, type SqlValue, types } from "./sqlTypes.ts";

const aggregates = ["COUNT", "COUNT_BIG", "MIN", "MAX", "SUM"];

/** Whether a SELECT item makes its query return a single row. */
export function hasAggregate(expression: Expression): boolean {
  switch (expression.kind) {
    case "call":
      return aggregates.includes(expression.name) || expression.operands.some(hasAggregate);
    case "cast":
    case "negate":
      return hasAggregate(expression.operand);
    case "arithmetic":
    case "compare":
      return hasAggregate(expression.left) || hasAggregate(expression.right);
    case "case":
      return expression.branches.some(({ when, result }) => hasAggregate(when) || hasAggregate(result));
    default:
      return false;
  }
}

export function compileAggregate(
  call: Extract<Expression, { kind: "call" }>,
  scope: Scope,
  environment: Environment,
): Compiled | undefined {
  if (!aggregates.includes(call.name)) return undefined;
  if (!scope.allowsAggregates) {
    throw compileError(147, "An aggregate may not appear in the WHERE clause unless it is in a subquery.");
  }
  const countType = call.name === "COUNT" ? types.int : types.bigint;
  const asCount = (count: number) => (call.name === "COUNT" ? count : BigInt(count));
  if (call.isStar && call.name.startsWith("COUNT")) {
    return { type: countType, evaluate: ({ group }) => asCount(group.length) };
  }
  const [inner, ...others] = call.operands;
  if (!inner || others.length > 0) throw incorrectSyntax(call.name);
  const operand = compileExpression(inner, { ...scope, allowsAggregates: false }, environment);
  const valuesOf = ({ group, outer }: Frame) =>
    group.map((row) => operand.evaluate({ row, group: [], outer })).filter((value) => value !== null);
  if (call.name.startsWith("COUNT")) return { type: countType, evaluate: (frame) => asCount(valuesOf(frame).length) };
  if (call.name === "SUM" && operand.type.kind === "decimal") {
    const type = decimal(38, operand.type.scale ?? 0);
    return {
      type,
      evaluate: (frame) => {
        const values = valuesOf(frame).filter((value) => typeof value === "bigint");
        return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0n);
      },
    };
  }
  if (call.name === "SUM") {
    return {
      type: operand.type,
      evaluate: (frame) => {
        const values = valuesOf(frame).map((value) => Number(convert(value, operand.type, types.float)));
        if (values.length === 0) return null;
        return convert(
          values.reduce((sum, value) => sum + value, 0),
          types.float,
          operand.type,
        );
      },
    };
  }
  const sign = call.name === "MIN" ? 1 : -1;
  return {
    type: operand.type,
    evaluate: (frame) =>
      valuesOf(frame).reduce<SqlValue>(
        (best, value) => (best === null || compare(value, best) * sign < 0 ? value : best),
        null,
      ),
  };
}
