/**
 * Kubernetes' quantities, as far as a catalog needs them: `500m`, `1.5`, `4Gi`. An API server keeps each in one canonical form
 * (`1000m` is `1`, `1024Mi` is `1Gi`), so Mooring writes and compares that form.
 */
import { z } from "zod";

const decimal = ["m", "", "k", "M", "G", "T", "P", "E"];
const binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const pattern = /^(\d{1,15})(?:\.(\d{1,9}))?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

interface Amount {
  readonly milli: bigint;
  readonly isBinary: boolean;
}

export const Quantity = z
  .union([z.string(), z.number()])
  .refine(
    (given) => readQuantity(given) !== undefined,
    "must be a quantity of Kubernetes in whole thousandths, such as 500m, 2 or 4Gi",
  );

/** Undefined if it is none, or finer than a thousandth. */
function readQuantity(given: string | number): Amount | undefined {
  const [, whole = "", fraction = "", suffix = ""] = pattern.exec(String(given)) ?? [];
  if (whole === "") return undefined;
  const isBinary = suffix.endsWith("i");
  const factor = isBinary ? 1024n ** BigInt(binary.indexOf(suffix)) * 1000n : 1000n ** BigInt(decimal.indexOf(suffix));
  const scaled = BigInt(`${whole}${fraction}`) * factor;
  const divisor = 10n ** BigInt(fraction.length);
  // An API server rounds up what is finer; a binary amount has to be whole.
  const isExact = scaled % divisor === 0n && (!isBinary || (scaled / divisor) % 1000n === 0n);
  return isExact ? { milli: scaled / divisor, isBinary } : undefined;
}

/** In thousandths; undefined for what is no quantity. An API server may have finer ones, which count as the next thousandth. */
export function milliOf(given: string | number): bigint | undefined {
  const fine = /^(\d+)(n|u)$/.exec(String(given));
  if (fine) {
    const [, digits = "0", suffix] = fine;
    const unit = suffix === "n" ? 1_000_000n : 1000n;
    return (BigInt(digits) + unit - 1n) / unit;
  }
  return readQuantity(given)?.milli;
}

/** The same, in the order of names. */
export function canonicalAmounts(amounts: Readonly<Record<string, string | number>>): Record<string, string> {
  const entries = Object.entries(amounts).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, amount]) => [name, canonicalQuantity(amount)]));
}

/** As an API server writes it: the largest suffix without a fraction. */
export function canonicalQuantity(given: string | number): string {
  const amount = readQuantity(given);
  return amount === undefined ? String(given) : printQuantity(amount);
}

function printQuantity({ milli, isBinary }: Amount): string {
  const isInBinary = isBinary && milli >= 1024n * 1000n;
  const suffixes = isInBinary ? binary : decimal;
  const base = isInBinary ? 1024n : 1000n;
  let value = isInBinary ? milli / 1000n : milli;
  if (value === 0n) return "0";
  let power = 0;
  while (value % base === 0n && power < suffixes.length - 1) {
    value /= base;
    power += 1;
  }
  return `${value}${suffixes[power] ?? ""}`;
}

/** Thousandths in the form of another amount: binary, if that is. */
export function printMilli(milli: bigint, like: string | number): string {
  return printQuantity({ milli, isBinary: readQuantity(like)?.isBinary ?? false });
}

/** Whether it is a whole number, which what is counted needs. */
export function isWhole(given: string | number): boolean {
  const milli = milliOf(given);
  return milli !== undefined && milli % 1000n === 0n;
}
