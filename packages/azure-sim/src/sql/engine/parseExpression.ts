/** Parses expressions, conditions and SELECT, which contain each other. */
import type { Expression, Select, SelectItem, Source } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { parseDecimal } from "./decimal.ts";
import { nvarchar, types, untyped, varbinary } from "./sqlTypes.ts";

/** A condition or a value; the compiler checks which of them is required. */
export function parseExpression(cursor: Cursor): Expression {
  return cursor.nested(() => {
    let left = parseAnd(cursor);
    while (cursor.accept("OR")) left = { kind: "logical", operator: "OR", left, right: parseAnd(cursor) };
    return left;
  });
}

function parseAnd(cursor: Cursor): Expression {
  let left = parseNot(cursor);
  while (cursor.accept("AND")) left = { kind: "logical", operator: "AND", left, right: parseNot(cursor) };
  return left;
}

function parseNot(cursor: Cursor): Expression {
  if (cursor.accept("NOT")) return { kind: "not", operand: cursor.nested(() => parseNot(cursor)) };
  return parseComparison(cursor);
}

const comparisons = ["=", "<>", "!=", "<=", ">=", "<", ">"];

function parseComparison(cursor: Cursor): Expression {
  const left = parseSum(cursor);
  const operator = comparisons.find((symbol) => cursor.acceptSymbol(symbol));
  if (operator)
    return { kind: "compare", operator: operator === "!=" ? "<>" : operator, left, right: parseSum(cursor) };
  if (cursor.accept("IS")) {
    const isNegated = cursor.accept("NOT");
    cursor.expect("NULL");
    return negateIf(isNegated, { kind: "isNull", operand: left });
  }
  const isNegated = cursor.accept("NOT");
  if (cursor.accept("LIKE")) return negateIf(isNegated, { kind: "like", operand: left, pattern: parseSum(cursor) });
  if (cursor.accept("IN")) return negateIf(isNegated, parseIn(cursor, left));
  if (cursor.accept("BETWEEN")) {
    const low = parseSum(cursor);
    cursor.expect("AND");
    const high = parseSum(cursor);
    return negateIf(isNegated, {
      kind: "logical",
      operator: "AND",
      left: { kind: "compare", operator: ">=", left, right: low },
      right: { kind: "compare", operator: "<=", left, right: high },
    });
  }
  if (isNegated) throw cursor.fail();
  return left;
}

function negateIf(isNegated: boolean, operand: Expression): Expression {
  return isNegated ? { kind: "not", operand } : operand;
}

function parseIn(cursor: Cursor, operand: Expression): Expression {
  return cursor.parenthesized(() =>
    cursor.sees("SELECT")
      ? { kind: "inQuery", operand, query: parseSelect(cursor) }
      : { kind: "inList", operand, options: cursor.list(() => parseExpression(cursor)) },
  );
}

function parseSum(cursor: Cursor): Expression {
  let left = parseProduct(cursor);
  for (;;) {
    const operator = ["+", "-"].find((symbol) => cursor.acceptSymbol(symbol));
    if (!operator) return left;
    left = { kind: "arithmetic", operator, left, right: parseProduct(cursor) };
  }
}

function parseProduct(cursor: Cursor): Expression {
  let left = parseOperand(cursor);
  for (;;) {
    const operator = ["*", "/", "%"].find((symbol) => cursor.acceptSymbol(symbol));
    if (!operator) return left;
    left = { kind: "arithmetic", operator, left, right: parseOperand(cursor) };
  }
}

function parseOperand(cursor: Cursor): Expression {
  const { kind, text } = cursor.token;
  if (cursor.acceptSymbol("-")) return { kind: "negate", operand: cursor.nested(() => parseOperand(cursor)) };
  if (cursor.acceptSymbol("+")) return cursor.nested(() => parseOperand(cursor));
  if (cursor.acceptSymbol("(")) {
    const inner: Expression = cursor.sees("SELECT")
      ? { kind: "subquery", query: parseSelect(cursor) }
      : parseExpression(cursor);
    cursor.expectSymbol(")");
    return inner;
  }
  switch (kind) {
    case "string":
    case "number":
    case "hex":
      return parseLiteral(cursor);
    case "variable":
      return { kind: "variable", name: cursor.next().text };
    case "word":
      return parseKeyword(cursor, text.toUpperCase()) ?? parseColumn(cursor);
    default:
      return parseColumn(cursor);
  }
}

function parseLiteral(cursor: Cursor): Expression {
  const token = cursor.next();
  if (token.kind === "string") {
    const length = Math.max(token.text.length, 1);
    const type = token.isUnicode
      ? nvarchar(length)
      : { kind: "varchar" as const, length: length > 8000 ? ("max" as const) : length };
    return { kind: "literal", type, value: token.text };
  }
  if (token.kind === "hex") {
    const digits = token.text.slice(2);
    const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
    return { kind: "literal", type: varbinary(bytes.length), value: bytes };
  }
  const exact = token.text.includes(".") ? parseDecimal(token.text) : undefined;
  if (exact) return { kind: "literal", ...exact };
  if (!/^\d+$/.test(token.text)) return { kind: "literal", type: types.float, value: Number(token.text) };
  const value = Number(token.text);
  return value <= 2_147_483_647
    ? { kind: "literal", type: types.int, value }
    : { kind: "literal", type: types.bigint, value: BigInt(token.text) };
}

/** An expression that begins with a reserved keyword. */
function parseKeyword(cursor: Cursor, word: string): Expression | undefined {
  switch (word) {
    case "NULL":
      cursor.next();
      return { kind: "literal", type: untyped, value: null };
    case "EXISTS":
      cursor.next();
      return { kind: "exists", query: cursor.parenthesized(() => parseSelect(cursor)) };
    case "CASE":
      cursor.next();
      return parseCase(cursor);
    case "CAST":
      cursor.next();
      return cursor.parenthesized(() => {
        const operand = parseExpression(cursor);
        cursor.expect("AS");
        return { kind: "cast", operand, type: cursor.type(30), style: undefined };
      });
    case "CONVERT":
      cursor.next();
      return cursor.parenthesized(() => {
        const type = cursor.type(30);
        cursor.expectSymbol(",");
        const operand = parseExpression(cursor);
        return { kind: "cast", operand, type, style: cursor.acceptSymbol(",") ? parseExpression(cursor) : undefined };
      });
    case "LEFT":
    case "RIGHT":
      return cursor.ahead(1).text === "(" ? parseCall(cursor, cursor.next().text) : undefined;
    default:
      return undefined;
  }
}

function parseCase(cursor: Cursor): Expression {
  const subject = cursor.sees("WHEN") ? undefined : parseExpression(cursor);
  const branches: { when: Expression; result: Expression }[] = [];
  while (cursor.accept("WHEN")) {
    const condition = parseExpression(cursor);
    cursor.expect("THEN");
    const when: Expression = subject ? { kind: "compare", operator: "=", left: subject, right: condition } : condition;
    branches.push({ when, result: parseExpression(cursor) });
  }
  if (branches.length === 0) throw cursor.fail();
  const otherwise = cursor.accept("ELSE") ? parseExpression(cursor) : undefined;
  cursor.expect("END");
  return { kind: "case", branches, otherwise };
}

function parseColumn(cursor: Cursor): Expression {
  const first = cursor.name();
  if (cursor.token.text === "(" && cursor.token.kind === "symbol") return parseCall(cursor, first);
  if (!cursor.acceptSymbol(".")) return { kind: "column", qualifier: undefined, name: first };
  return { kind: "column", qualifier: first, name: cursor.name() };
}

function parseCall(cursor: Cursor, name: string): Expression {
  return cursor.parenthesized(() => {
    if (cursor.acceptSymbol("*")) return { kind: "call", name: name.toUpperCase(), operands: [], isStar: true };
    const isEmpty = cursor.token.kind === "symbol" && cursor.token.text === ")";
    const operands = isEmpty ? [] : cursor.list(() => parseExpression(cursor));
    return { kind: "call", name: name.toUpperCase(), operands, isStar: false };
  });
}

export function parseSelect(cursor: Cursor): Select {
  return cursor.nested(() => {
    cursor.expect("SELECT");
    const isDistinct = cursor.accept("DISTINCT");
    if (!isDistinct) cursor.accept("ALL");
    const top = cursor.accept("TOP") ? parseTop(cursor) : undefined;
    const items = cursor.list(() => parseSelectItem(cursor));
    const from = cursor.accept("FROM") ? parseFrom(cursor) : [];
    const where = cursor.accept("WHERE") ? parseExpression(cursor) : undefined;
    const orderBy = cursor.accept("ORDER", "BY") ? cursor.list(() => parseOrder(cursor)) : [];
    const offset = orderBy.length > 0 && cursor.accept("OFFSET") ? parseRowCount(cursor) : undefined;
    const fetch = offset && cursor.accept("FETCH") ? parseFetch(cursor) : undefined;
    return { isDistinct, top, items, from, where, orderBy, offset, fetch };
  });
}

/** `TOP 5`, `TOP (@n)`. */
function parseTop(cursor: Cursor): Expression {
  return cursor.token.kind === "number" ? parseLiteral(cursor) : cursor.parenthesized(() => parseExpression(cursor));
}

function parseRowCount(cursor: Cursor): Expression {
  const count = parseSum(cursor);
  cursor.oneOf("ROWS", "ROW");
  return count;
}

function parseFetch(cursor: Cursor): Expression {
  cursor.oneOf("NEXT", "FIRST");
  const count = parseRowCount(cursor);
  cursor.expect("ONLY");
  return count;
}

function parseSelectItem(cursor: Cursor): SelectItem {
  if (cursor.acceptSymbol("*")) return { kind: "star", qualifier: undefined };
  if (cursor.ahead(1).text === "." && cursor.ahead(2).text === "*" && cursor.seesName()) {
    const qualifier = cursor.name();
    cursor.expectSymbol(".");
    cursor.expectSymbol("*");
    return { kind: "star", qualifier };
  }
  if (cursor.token.kind === "variable" && cursor.ahead(1).text === "=") {
    const variable = cursor.variable();
    cursor.expectSymbol("=");
    return { kind: "assign", variable, value: parseExpression(cursor) };
  }
  const value = parseExpression(cursor);
  return { kind: "value", value, alias: parseAlias(cursor) };
}

function parseAlias(cursor: Cursor): string | undefined {
  if (cursor.accept("AS")) return cursor.token.kind === "string" ? cursor.string() : cursor.name();
  return cursor.seesName() && !startsClause(cursor) ? cursor.name() : undefined;
}

/** Words that T-SQL does not reserve, but that begin a clause or a statement here. */
function startsClause(cursor: Cursor): boolean {
  return cursor.sees("OFFSET");
}

function parseFrom(cursor: Cursor): Source[] {
  const sources: Source[] = [{ ...parseTable(cursor), join: undefined }];
  for (;;) {
    if (cursor.acceptSymbol(",") || cursor.accept("CROSS", "JOIN")) {
      sources.push({ ...parseTable(cursor), join: { kind: "cross", on: undefined } });
    } else if (cursor.accept("LEFT", "OUTER", "JOIN") || cursor.accept("LEFT", "JOIN")) {
      sources.push(parseJoined(cursor, "left"));
    } else if (cursor.accept("INNER", "JOIN") || cursor.accept("JOIN")) {
      sources.push(parseJoined(cursor, "inner"));
    } else {
      return sources;
    }
  }
}

function parseJoined(cursor: Cursor, kind: "inner" | "left"): Source {
  const table = parseTable(cursor);
  cursor.expect("ON");
  return { ...table, join: { kind, on: parseExpression(cursor) } };
}

function parseTable(cursor: Cursor): Omit<Source, "join"> {
  const table = cursor.objectName();
  return { table, alias: parseAlias(cursor) };
}

function parseOrder(cursor: Cursor): Select["orderBy"][number] {
  const value = parseSum(cursor);
  const isDescending = cursor.accept("DESC");
  if (!isDescending) cursor.accept("ASC");
  return { value, isDescending };
}
