/** ASP.NET Core's inline constraints (learn.microsoft.com "Route constraints") as regular expressions of one segment. */
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
};

/** All constraints of one parameter must hold; each but the last is looked ahead for, up to the end of the segment. */
export function constraintPattern(constraints: readonly string[], base: string): string {
  return constraints.map((each) => `(?=(?:${patternOf(each)})(?:/|$))`).join("") + base;
}

function patternOf(constraint: string): string {
  const [, name = constraint, argument] = /^(\w+)\((.*)\)$/.exec(constraint) ?? [];
  const known = fixed[name.toLowerCase()];
  if (known !== undefined && argument === undefined) return known;
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
      "minlength(n), maxlength(n), length(n,m), regex(...)",
  );
}
