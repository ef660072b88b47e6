/** Kubernetes' quantities: `500m`, `1Gi`, `2e3` (k8s.io/apimachinery/pkg/api/resource). */

const decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const nano = 9;

interface Quantity {
  /** In billionths. */
  readonly nanos: bigint;
  readonly isBinary: boolean;
}

/** Undefined if the text is no quantity. */
export function readQuantity(given: string | number): Quantity | undefined {
  const match = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/.exec(String(given));
  if (!match) return undefined;
  const [, sign, digits = "", suffix = "", exponent = "0"] = match;
  const isBinary = suffix.endsWith("i");
  const [whole = "", fraction = ""] = digits.split(".");
  const power = isBinary ? 0 : suffix === "" ? Number(exponent) : (decimal.indexOf(suffix) - 3) * 3;
  const factor = isBinary ? 1024n ** BigInt(binary.indexOf(suffix)) : 1n;
  const shift = power + nano - fraction.length;
  const value = BigInt(`${whole}${fraction}`) * factor;
  const nanos = shift >= 0 ? value * 10n ** BigInt(shift) : roundUp(value, 10n ** BigInt(-shift));
  return { nanos: sign === "-" ? -nanos : nanos, isBinary };
}

function roundUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** As the API server writes it: `1000m` is `1`, `1024Mi` is `1Gi`. */
export function printQuantity({ nanos, isBinary }: Quantity): string {
  if (nanos === 0n) return "0";
  const unit = 10n ** BigInt(nano);
  if (isBinary && nanos % unit === 0n && (nanos >= 1024n * unit || nanos <= -1024n * unit)) {
    let value = nanos / unit;
    let power = 0;
    while (value % 1024n === 0n && power < binary.length - 1) {
      value /= 1024n;
      power += 1;
    }
    return `${value}${binary[power]}`;
  }
  let value = nanos;
  let power = 0;
  while (value % 1000n === 0n && power < decimal.length - 1) {
    value /= 1000n;
    power += 1;
  }
  return `${value}${decimal[power]}`;
}

export function canonicalQuantity(given: string | number): string {
  const quantity = readQuantity(given);
  return quantity === undefined ? String(given) : printQuantity(quantity);
}
