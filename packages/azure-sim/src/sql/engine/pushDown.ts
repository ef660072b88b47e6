/**
 * Which parts of a WHERE clause concern a single source, so that its rows are filtered before they are joined: a query for one
 * user then costs about the same however many there are.
 */
import type { Expression, Source } from "./ast.ts";
import { fold } from "./sqlTypes.ts";

/**
 * The parts, combined by AND, that refer to this source alone. None after an outer join, which pads missing rows with NULL. Names
 * without a qualifier are its own if it is the only source: `columns`, in capitals.
 */
export function conditionsOn(
  { table, alias, join }: Source,
  where: Expression | undefined,
  columns: ReadonlySet<string>,
): readonly Expression[] {
  if (where === undefined || join?.kind === "left") return [];
  const own = { qualifier: fold(alias ?? table.name), columns };
  return conjuncts(where).filter((part) => concernsOnly(part, own));
}

/** `column = value`, where the value is the same for every row. */
export interface Equality {
  readonly column: string;
  readonly value: Expression;
}

/** Equalities of which a row must fulfil at least one if the condition holds for it; undefined if there are none. */
export function requiredEqualities(condition: Expression): readonly Equality[] | undefined {
  if (condition.kind === "compare" && condition.operator === "=") {
    return equality(condition.left, condition.right) ?? equality(condition.right, condition.left);
  }
  if (condition.kind !== "logical") return undefined;
  const [left, right] = [requiredEqualities(condition.left), requiredEqualities(condition.right)];
  if (condition.operator === "AND") return left ?? right;
  return left && right && [...left, ...right];
}

function equality(column: Expression, value: Expression): readonly Equality[] | undefined {
  return column.kind === "column" && isFixed(value) ? [{ column: fold(column.name), value }] : undefined;
}

function isFixed(value: Expression): boolean {
  if (value.kind === "call") return cannotFail.has(fold(value.name)) && value.operands.every(isFixed);
  return value.kind === "literal" || value.kind === "variable";
}

/** Functions that give NULL for what they do not know. */
const cannotFail = new Set(["DATABASE_PRINCIPAL_ID", "USER_ID"]);

function conjuncts(condition: Expression): readonly Expression[] {
  return condition.kind === "logical" && condition.operator === "AND"
    ? [...conjuncts(condition.left), ...conjuncts(condition.right)]
    : [condition];
}

interface Own {
  readonly qualifier: string;
  readonly columns: ReadonlySet<string>;
}

/** False for what can fail on rows that the whole condition excludes, such as conversions and most functions. */
function concernsOnly(expression: Expression, own: Own): boolean {
  const concerns = (inner: Expression) => concernsOnly(inner, own);
  switch (expression.kind) {
    case "literal":
    case "variable":
      return true;
    case "column":
      return expression.qualifier === undefined
        ? own.columns.has(fold(expression.name))
        : fold(expression.qualifier) === own.qualifier;
    case "call":
      return isFixed(expression);
    case "compare":
    case "logical":
      return concerns(expression.left) && concerns(expression.right);
    case "not":
    case "isNull":
      return concerns(expression.operand);
    case "inList":
      return concerns(expression.operand) && expression.options.every(concerns);
    default:
      return false;
  }
}
