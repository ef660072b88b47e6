/**
 * Compiles expressions to closures. This also gives the type, which the wire needs before the first row, and finds unknown
 * columns even if there are no rows.
 */
import { compileError, incorrectSyntax, invalidColumn, SqlError } from "../errors.ts";
import { compileAggregate } from "./aggregate.ts";
import type { Expression } from "./ast.ts";
import { compileCondition } from "./condition.ts";
import type { Row } from "./database.ts";
import { asDecimal, decimal, decimalArithmetic } from "./decimal.ts";
import { bareFunctions, concatenatedType, type Environment, functions, globalVariables } from "./functions.ts";
import { compileQuery } from "./query.ts";
import { variableKey } from "./session.ts";
import { commonType, convert, fold, isText, type SqlType, type SqlValue, types } from "./sqlTypes.ts";

/** What a result says about a column in addition to its type. */
export interface ColumnTraits {
  readonly isNullable: boolean;
  readonly isIdentity: boolean;
}

export interface ScopeColumn {
  readonly qualifier: string;
  readonly name: string;
  readonly type: SqlType;
  /** Set for a table's column; without traits, it may be NULL. */
  readonly traits?: ColumnTraits;
}

export interface Scope {
  readonly columns: readonly ScopeColumn[];
  /** The scope of the enclosing query. */
  readonly outer: Scope | undefined;
  /** Whether COUNT(…) and other aggregates are allowed. */
  readonly allowsAggregates: boolean;
}

export interface Frame {
  readonly row: Row;
  /** The rows that an aggregate covers. */
  readonly group: readonly Row[];
  readonly outer: Frame | undefined;
}

export interface Compiled {
  readonly type: SqlType;
  readonly traits?: ColumnTraits | undefined;
  /** For an integer literal: the decimal type that it has when combined with another decimal. */
  readonly exactType?: SqlType | undefined;
  readonly evaluate: (frame: Frame) => SqlValue;
}

export const noScope: Scope = { columns: [], outer: undefined, allowsAggregates: false };
export const noFrame: Frame = { row: [], group: [], outer: undefined };

export function compileExpression(expression: Expression, scope: Scope, environment: Environment): Compiled {
  const compileInner = (inner: Expression) => compileExpression(inner, scope, environment);
  switch (expression.kind) {
    case "literal":
      return {
        type: expression.type,
        traits: { isNullable: expression.value === null, isIdentity: false },
        exactType: Number.isInteger(expression.value) ? decimal(String(expression.value).length, 0) : undefined,
        evaluate: () => expression.value,
      };
    case "column":
      return compileColumn(expression, scope, environment);
    case "variable":
      return compileVariable(expression.name, environment);
    case "call":
      return compileCall(expression, scope, environment);
    case "cast": {
      const operand = compileInner(expression.operand);
      const style = expression.style && compileInner(expression.style);
      const { type } = expression;
      return {
        type,
        evaluate: (frame) => convert(operand.evaluate(frame), operand.type, type, Number(style?.evaluate(frame) ?? 0)),
      };
    }
    case "negate": {
      const operand = compileInner(expression.operand);
      if (operand.type.kind === "decimal") return negated(operand);
      return arithmetic("-", { type: types.int, evaluate: () => 0 }, operand);
    }
    case "arithmetic":
      return arithmetic(expression.operator, compileInner(expression.left), compileInner(expression.right));
    case "case":
      return compileCase(expression, scope, environment);
    case "subquery": {
      const query = compileQuery(expression.query, scope, environment);
      const [column, ...others] = query.columns;
      if (!column || others.length > 0) {
        throw new SqlError(116, "Only one expression can be specified in the select list of a subquery.");
      }
      return { type: column.type, evaluate: (frame) => onlyValue(query.run(frame)) };
    }
    default:
      throw incorrectSyntax(expression.kind === "compare" ? expression.operator : expression.kind);
  }
}

function onlyValue(rows: readonly Row[]): SqlValue {
  if (rows.length > 1) {
    throw new SqlError(
      512,
      "Subquery returned more than 1 value. This is not permitted when it is used as an expression.",
    );
  }
  return rows[0]?.[0] ?? null;
}

function compileColumn(
  { qualifier, name }: { qualifier: string | undefined; name: string },
  scope: Scope,
  environment: Environment,
): Compiled {
  let depth = 0;
  for (let at: Scope | undefined = scope; at; at = at.outer, depth++) {
    const found = at.columns
      .map((column, index) => ({ column, index }))
      .filter(
        ({ column }) =>
          fold(column.name) === fold(name) && (qualifier === undefined || fold(column.qualifier) === fold(qualifier)),
      );
    const [first, second] = found;
    if (second) throw new SqlError(209, `Ambiguous column name '${name}'.`);
    if (first) return { traits: first.column.traits, ...readColumn(first.index, first.column.type, depth) };
  }
  const bare = qualifier === undefined ? bareFunctions[name.toUpperCase()] : undefined;
  if (bare) return { type: bare.type([]), evaluate: () => bare.evaluate([], [], environment) };
  if (qualifier === undefined) throw invalidColumn(name);
  throw new SqlError(4104, `The multi-part identifier "${qualifier}.${name}" could not be bound.`);
}

function readColumn(index: number, type: SqlType, depth: number): Compiled {
  return {
    type,
    evaluate: (frame) => {
      let at: Frame | undefined = frame;
      for (let up = depth; up > 0; up--) at = at?.outer;
      return at?.row[index] ?? null;
    },
  };
}

function compileVariable(name: string, environment: Environment): Compiled {
  const global = globalVariables[name.toUpperCase()];
  if (global) return { type: global.type([]), evaluate: () => global.evaluate([], [], environment) };
  const variable = environment.session.variables.get(variableKey(name));
  if (!variable) throw compileError(137, `Must declare the scalar variable "${name}".`);
  // Read at run time, because SELECT @x = … may change it.
  const { variables } = environment.session;
  return { type: variable.type, evaluate: () => variables.get(variableKey(name))?.value ?? null };
}

type Call = Extract<Expression, { kind: "call" }>;

function compileCall(call: Call, scope: Scope, environment: Environment): Compiled {
  const aggregate = compileAggregate(call, scope, environment);
  if (aggregate) return aggregate;
  const builtIn = functions[call.name];
  if (!builtIn || call.isStar) throw compileError(195, `'${call.name}' is not a recognized built-in function name.`);
  const [fewest, most] = builtIn.operands;
  if (call.operands.length < fewest || call.operands.length > most) {
    throw compileError(174, `The ${call.name.toLowerCase()} function requires ${fewest} argument(s).`);
  }
  const operands = call.operands.map((operand) => compileExpression(operand, scope, environment));
  const operandTypes = operands.map(({ type }) => type);
  return {
    type: builtIn.type(operandTypes),
    evaluate: (frame) =>
      builtIn.evaluate(
        operands.map((operand) => operand.evaluate(frame)),
        operandTypes,
        environment,
      ),
  };
}

function compileCase(
  { branches, otherwise }: Extract<Expression, { kind: "case" }>,
  scope: Scope,
  environment: Environment,
): Compiled {
  const compiled = branches.map(({ when, result }) => ({
    when: compileCondition(when, scope, environment),
    result: compileExpression(result, scope, environment),
  }));
  const last = otherwise && compileExpression(otherwise, scope, environment);
  const type = [...compiled.map(({ result }) => result.type), ...(last ? [last.type] : [])].reduce(commonType);
  return {
    type,
    evaluate: (frame) => {
      const chosen = compiled.find(({ when }) => when(frame) === true)?.result ?? last;
      return chosen ? convert(chosen.evaluate(frame), chosen.type, type) : null;
    },
  };
}

function arithmetic(operator: string, left: Compiled, right: Compiled): Compiled {
  if (operator === "+" && isText(left.type) && isText(right.type)) {
    return {
      type: concatenatedType(left.type, right.type),
      evaluate: (frame) => {
        const [first, second] = [left.evaluate(frame), right.evaluate(frame)];
        return first === null || second === null ? null : `${first}${second}`;
      },
    };
  }
  const common = commonType(left.type, right.type);
  if (common.kind === "decimal") return exactArithmetic(operator, left, right);
  const type = common.kind === "bit" || isText(common) ? types.int : common;
  if (!["tinyint", "smallint", "int", "bigint", "float"].includes(type.kind)) {
    throw new SqlError(8117, `Operand data type ${type.kind} is invalid for ${operator} operator.`);
  }
  return {
    type,
    evaluate: (frame) => {
      const first = convert(left.evaluate(frame), left.type, types.float);
      const second = convert(right.evaluate(frame), right.type, types.float);
      if (typeof first !== "number" || typeof second !== "number") return null;
      return convert(calculate(operator, first, second), types.float, type);
    },
  };
}

function negated({ type, evaluate }: Compiled): Compiled {
  return {
    type,
    evaluate: (frame) => {
      const value = evaluate(frame);
      return typeof value === "bigint" ? -value : null;
    },
  };
}

function exactArithmetic(operator: string, left: Compiled, right: Compiled): Compiled {
  const leftType = asDecimal(left.exactType ?? left.type);
  const rightType = asDecimal(right.exactType ?? right.type);
  const { type, calculate: calculateExactly } = decimalArithmetic(operator, leftType, rightType);
  return {
    type,
    evaluate: (frame) => {
      const first = convert(left.evaluate(frame), left.type, leftType);
      const second = convert(right.evaluate(frame), right.type, rightType);
      return typeof first === "bigint" && typeof second === "bigint" ? calculateExactly(first, second) : null;
    },
  };
}

function calculate(operator: string, left: number, right: number): number {
  if ((operator === "/" || operator === "%") && right === 0) {
    throw new SqlError(8134, "Divide by zero error encountered.");
  }
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    default:
      return left % right;
  }
}
