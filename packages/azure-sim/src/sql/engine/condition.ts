/** Compiles conditions to closures, in three-valued logic: null is unknown. */
import { compileError, incorrectSyntax } from "../errors.ts";
import type { Expression } from "./ast.ts";
import { type Compiled, compileExpression, type Frame, type Scope } from "./compile.ts";
import type { Environment } from "./functions.ts";
import { compileQuery } from "./query.ts";
import { commonType, compare, convert, nvarchar, type SqlType } from "./sqlTypes.ts";

export type Condition = (frame: Frame) => boolean | null;

export function compileCondition(expression: Expression, scope: Scope, environment: Environment): Condition {
  const value = (inner: Expression) => compileExpression(inner, scope, environment);
  switch (expression.kind) {
    case "compare":
      return comparison(expression.operator, value(expression.left), value(expression.right));
    case "logical": {
      const left = compileCondition(expression.left, scope, environment);
      const right = compileCondition(expression.right, scope, environment);
      const decisive = expression.operator === "OR";
      return (frame) => {
        const first = left(frame);
        if (first === decisive) return decisive;
        const second = right(frame);
        if (second === decisive) return decisive;
        return first === null || second === null ? null : !decisive;
      };
    }
    case "not": {
      const operand = compileCondition(expression.operand, scope, environment);
      return (frame) => {
        const result = operand(frame);
        return result === null ? null : !result;
      };
    }
    case "isNull": {
      const operand = value(expression.operand);
      return (frame) => operand.evaluate(frame) === null;
    }
    case "like":
      return like(value(expression.operand), value(expression.pattern));
    case "inList": {
      const operand = value(expression.operand);
      const equals = expression.options.map((option) => comparison("=", operand, value(option)));
      return (frame) => anyOf(equals.map((each) => each(frame)));
    }
    case "inQuery": {
      const operand = value(expression.operand);
      const query = compileQuery(expression.query, scope, environment);
      const [column] = query.columns;
      if (!column) throw incorrectSyntax("IN");
      return (frame) =>
        anyOf(
          query.run(frame).map((row) => {
            const option: Compiled = { type: column.type, evaluate: () => row[0] ?? null };
            return comparison("=", operand, option)(frame);
          }),
        );
    }
    case "exists": {
      const query = compileQuery(expression.query, scope, environment);
      return (frame) => query.run(frame).length > 0;
    }
    default:
      throw compileError(
        4145,
        "An expression of non-boolean type specified in a context where a condition is expected.",
      );
  }
}

function anyOf(results: readonly (boolean | null)[]): boolean | null {
  if (results.includes(true)) return true;
  return results.includes(null) ? null : false;
}

function comparison(operator: string, left: Compiled, right: Compiled): Condition {
  const type = commonType(left.type, right.type);
  return (frame) => {
    const first = convert(left.evaluate(frame), left.type, widest(type));
    const second = convert(right.evaluate(frame), right.type, widest(type));
    if (first === null || second === null) return null;
    const order = compare(first, second);
    switch (operator) {
      case "=":
        return order === 0;
      case "<>":
        return order !== 0;
      case "<":
        return order < 0;
      case "<=":
        return order <= 0;
      case ">":
        return order > 0;
      default:
        return order >= 0;
    }
  };
}

/** Comparing must not truncate. */
function widest(type: SqlType): SqlType {
  return type.length === undefined ? type : { ...type, length: "max" };
}

/** `%`, `_` and `[set]`, without ESCAPE. */
function like(operand: Compiled, pattern: Compiled): Condition {
  return (frame) => {
    const text = convert(operand.evaluate(frame), operand.type, nvarchar("max"));
    const wanted = convert(pattern.evaluate(frame), pattern.type, nvarchar("max"));
    if (typeof text !== "string" || typeof wanted !== "string") return null;
    const source = wanted.replace(/\[[^\]]+\]|[\s\S]/g, (part) => {
      if (part === "%") return "[\\s\\S]*";
      if (part === "_") return "[\\s\\S]";
      if (part.length > 1) return `[${part.slice(1, -1).replace(/[\\[\]]/g, "\\$&")}]`;
      return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    });
    return new RegExp(`^${source}$`, "i").test(text);
  };
}
