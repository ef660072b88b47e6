/** Whether Go reads a text as JSON, and about what it says if not (encoding/json/scanner.go). */
const escapes: Readonly<Record<string, string>> = {
  ...{ "'": "'\\''", '"': `'"'`, "\n": "'\\n'", "\t": "'\\t'", "\r": "'\\r'", "\\": "'\\\\'" },
};

/** Undefined for valid JSON. */
export function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return isTooDeep(text) ? "invalid character '[' exceeded max depth" : undefined;
  } catch (error) {
    const at = Number(/position (\d+)/.exec(String(error))?.[1] ?? text.search(/\S/));
    // Of a short text, Node says which character it is, and not where.
    const character = /token '(.)'/s.exec(String(error))?.[1] ?? text[at];
    if (character === undefined || /end of JSON|Unterminated/.test(String(error)))
      return "unexpected end of JSON input";
    const where = /after JSON/.test(String(error))
      ? "after top-level value"
      : /property name|double-quoted/.test(String(error))
        ? "looking for beginning of object key string"
        : "looking for beginning of value";
    return `invalid character ${escapes[character] ?? `'${character}'`} ${where}`;
  }
}

/** `maxNestingDepth`. */
const maxDepth = 10_000;

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}
