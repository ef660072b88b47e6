/**
 * decimal, also called numeric: an exact number, kept as an integer without the decimal point. Learn "Precision, scale, and
 * length (Transact-SQL)" defines the types of results.
 */
import { SqlError } from "../errors.ts";
import type { SqlType } from "./sqlTypes.ts";

const mostDigits = 38;

export function decimal(
  precision: number,
  scale: number,
): SqlType & { readonly precision: number; readonly scale: number } {
  return { kind: "decimal", precision: Math.min(Math.max(precision, 1), mostDigits), scale };
}

/** The decimal type that can hold every value of an integer type. */
export function asDecimal({ kind, precision, scale }: SqlType): ReturnType<typeof decimal> {
  if (kind === "decimal") return decimal(precision ?? 18, scale ?? 0);
  const digits: Partial<Record<SqlType["kind"], number>> = { bit: 1, tinyint: 3, smallint: 5, int: 10, bigint: 19 };
  return decimal(digits[kind] ?? mostDigits, 0);
}

export function commonDecimal(left: SqlType, right: SqlType): SqlType {
  const [first, second] = [asDecimal(left), asDecimal(right)];
  const scale = Math.max(first.scale, second.scale);
  return decimal(Math.max(first.precision - first.scale, second.precision - second.scale) + scale, scale);
}

/** Parses `1.50`; undefined if the text is not such a number. */
export function parseDecimal(text: string): { type: SqlType; value: bigint } | undefined {
  const [, sign = "", whole = "", fraction = ""] = /^([+-]?)(\d*)\.?(\d*)$/.exec(text) ?? [];
  if (whole + fraction === "") return undefined;
  const precision = whole.replace(/^0+/, "").length + fraction.length;
  return { type: decimal(precision, fraction.length), value: BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`) };
}

export function formatDecimal(value: bigint, { scale = 0 }: SqlType): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${value < 0n ? "-" : ""}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ""}`;
}

/** Rounds half away from zero if the new scale is smaller. */
export function rescale(value: bigint, from: SqlType, to: SqlType): bigint {
  const places = (to.scale ?? 0) - (from.scale ?? 0);
  if (places >= 0) return inPrecision(value * 10n ** BigInt(places), to);
  const unit = 10n ** BigInt(-places);
  const half = value < 0n ? -unit / 2n : unit / 2n;
  return inPrecision((value + half) / unit, to);
}

function inPrecision(value: bigint, { precision = mostDigits }: SqlType): bigint {
  if (value < 10n ** BigInt(precision) && -value < 10n ** BigInt(precision)) return value;
  throw new SqlError(8115, "Arithmetic overflow error converting expression to data type numeric.");
}

/** The type of a result, and a function that calculates it from two values of the given types. */
export function decimalArithmetic(operator: string, left: SqlType, right: SqlType) {
  const [first, second] = [asDecimal(left), asDecimal(right)];
  const scale = Math.max(first.scale, second.scale);
  const common = decimal(mostDigits, scale);
  switch (operator) {
    case "*": {
      const exact = first.scale + second.scale;
      const type = limited(first.precision + second.precision + 1, exact);
      return {
        type,
        calculate: (one: bigint, other: bigint) => rescale(one * other, decimal(mostDigits, exact), type),
      };
    }
    case "/": {
      const places = Math.max(6, first.scale + second.precision + 1);
      const type = limited(first.precision - first.scale + second.scale + places, places);
      // Excess decimal places are truncated, not rounded.
      const calculate = (one: bigint, other: bigint) =>
        inPrecision((one * 10n ** BigInt(type.scale + second.scale - first.scale)) / divisor(other), type);
      return { type, calculate };
    }
    case "%": {
      const type = decimal(Math.min(first.precision - first.scale, second.precision - second.scale) + scale, scale);
      const calculate = (one: bigint, other: bigint) =>
        rescale(one, first, common) % divisor(rescale(other, second, common));
      return { type, calculate };
    }
    default: {
      const type = decimal((commonDecimal(first, second).precision ?? mostDigits) + 1, scale);
      const sign = operator === "-" ? -1n : 1n;
      const calculate = (one: bigint, other: bigint) =>
        inPrecision(rescale(one, first, common) + sign * rescale(other, second, common), type);
      return { type, calculate };
    }
  }
}

/** If 38 digits are too few, decimal places are dropped, down to six. */
function limited(precision: number, scale: number) {
  const whole = precision - scale;
  return decimal(
    precision,
    precision > mostDigits ? Math.max(Math.min(scale, mostDigits - whole), Math.min(scale, 6)) : scale,
  );
}

function divisor(value: bigint): bigint {
  if (value === 0n) throw new SqlError(8134, "Divide by zero error encountered.");
  return value;
}
