/**
 * ASP.NET Core's inline constraints (learn.microsoft.com "Route constraints") as regular expressions for one segment, and as
 * checks of its value where a number has to be within bounds.
 */
const fixed: Readonly<Record<string, string>> = {
  int: "-?\\d{1,10}",
  long: "-?\\d{1,19}",
  bool: "true|false",
  alpha: "[a-z]+",
  guid: "\\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\\}?",
  decimal: "-?\\d+(?:\\.\\d+)?",
  double: "-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?",
  float: "-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?",
  datetime: "\\d{4}-\\d{2}-\\d{2}(?:[t %][\\d:.%az+-]+)?",
  required: "[^/]+",
  file: "[^/]*\\.[^/.]+",
  nonfile: "(?![^/]*\\.[^/.]+(?:/|$))[^/]*",
};

const int32: readonly [bigint, bigint] = [-(2n ** 31n), 2n ** 31n - 1n];
const int64: readonly [bigint, bigint] = [-(2n ** 63n), 2n ** 63n - 1n];

/** All constraints of one parameter must hold; each is a lookahead to the end of the segment. */
export function constraintPattern(constraints: readonly string[], base: string): string {
  return constraints.map((each) => `(?=(?:${patternOf(each)})(?:/|$))`).join("") + base;
}

/** Whether a value that matches the pattern is within the bounds of all constraints. */
export function isWithin(constraints: readonly string[], value: string): boolean {
  return constraints.every((each) => {
    const bounds = boundsOf(each);
    if (bounds === undefined) return true;
    const number = BigInt(value);
    return number >= bounds[0] && number <= bounds[1];
  });
}

function boundsOf(constraint: string): readonly [bigint, bigint] | undefined {
  const name = constraint.toLowerCase();
  if (name === "int") return int32;
  if (name === "long") return int64;
  const [, kind, from = "0", to] = /^(min|max|range)\((-?\d{1,19})(?:,\s*(-?\d{1,19}))?\)$/.exec(name) ?? [];
  if (kind === "min" && to === undefined) return [BigInt(from), int64[1]];
  if (kind === "max" && to === undefined) return [int64[0], BigInt(from)];
  return kind === "range" && to !== undefined ? [BigInt(from), BigInt(to)] : undefined;
}

function patternOf(constraint: string): string {
  const [, name = constraint, argument] = /^(\w+)\((.*)\)$/.exec(constraint) ?? [];
  const known = fixed[name.toLowerCase()];
  if (known !== undefined && argument === undefined) return known;
  if (argument !== undefined && boundsOf(constraint) !== undefined) return "-?\\d{1,19}";
  const numbers = (argument ?? "").split(",").map((each) => each.trim());
  if (argument !== undefined && numbers.every((each) => /^\d+$/.test(each))) {
    const [from, to = from] = numbers;
    if (name === "minlength" && numbers.length === 1) return `[^/]{${from},}`;
    if (name === "maxlength" && numbers.length === 1) return `[^/]{0,${from}}`;
    if (name === "length") return `[^/]{${from},${to}}`;
  }
  if (name === "regex" && argument !== undefined) return argument.replace(/^\^|\$$/g, "");
  throw new Error(
    `the constraint "${constraint}" is not known to this host; use one of ${Object.keys(fixed).join(", ")}, ` +
      "min(n), max(n), range(n,m), minlength(n), maxlength(n), length(n,m), regex(...)",
  );
}
