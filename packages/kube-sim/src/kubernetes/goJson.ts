/** Where Go's scanner stops in a text that is no JSON, and what it says then (encoding/json/scanner.go). */

/** Undefined for valid JSON. */
export function jsonProblem(text: string): string | undefined {
  // Go reads bytes.
  const scanner = new Scanner(Buffer.from(text, "utf8").toString("latin1"));
  try {
    scanner.value();
    scanner.end();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

class Problem extends Error {}

const shown = (character: string) => {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  const code = character.charCodeAt(0);
  const escaped = escapes[character] ?? (code < 0x20 ? `\\x${code.toString(16).padStart(2, "0")}` : character);
  return `'${escaped}'`;
};
const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\" };

/** `maxNestingDepth`. */
const maxDepth = 10_000;
const closing = { "{": "}", "[": "]" } as const;

class Scanner {
  readonly #text: string;
  #at = 0;
  /** The objects and arrays around this place, the innermost last: they may be nested deeper than calls may. */
  readonly #open: ("{" | "[")[] = [];
  /** Whether a value begins here. */
  #due = true;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character, without those that mean nothing. */
  #next(): string {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#text[this.#at] ?? "";
  }

  #refuse(character: string, context: string): never {
    throw new Problem(
      character === "" ? "unexpected end of JSON input" : `invalid character ${shown(character)} ${context}`,
    );
  }

  end(): void {
    const character = this.#next();
    if (character !== "") this.#refuse(character, "after top-level value");
  }

  value(): void {
    do {
      if (this.#due) this.#begin();
      else this.#goOn();
    } while (this.#due || this.#open.length > 0);
  }

  /** A value: all of it, or an object or array until the first value inside is due. */
  #begin(): void {
    this.#due = false;
    const character = this.#next();
    const word = { t: "true", f: "false", n: "null" }[character];
    if (character === "{" || character === "[") this.#enter(character);
    else if (character === '"') this.#string();
    else if (/[-0-9]/.test(character)) this.#number();
    else if (word === undefined) this.#refuse(character, "looking for beginning of value");
    else this.#word(word);
  }

  #enter(bracket: "{" | "["): void {
    if (this.#open.length === maxDepth) this.#refuse(bracket, "exceeded max depth");
    this.#at += 1;
    if (this.#next() === closing[bracket]) this.#at += 1;
    else {
      this.#open.push(bracket);
      this.#expectMember(bracket);
    }
  }

  /** What follows a value of the innermost object or array. */
  #goOn(): void {
    const bracket = this.#open.at(-1) === "{" ? "{" : "[";
    const after = this.#next();
    if (after !== closing[bracket] && after !== ",")
      this.#refuse(after, bracket === "{" ? "after object key:value pair" : "after array element");
    this.#at += 1;
    if (after === ",") this.#expectMember(bracket);
    else this.#open.pop();
  }

  #expectMember(bracket: "{" | "["): void {
    if (bracket === "{") this.#key();
    this.#due = true;
  }

  #key(): void {
    const key = this.#next();
    if (key !== '"') this.#refuse(key, "looking for beginning of object key string");
    this.#string();
    const colon = this.#next();
    if (colon !== ":") this.#refuse(colon, "after object key");
    this.#at += 1;
  }

  #string(): void {
    this.#at += 1;
    for (;;) {
      const character = this.#text[this.#at] ?? "";
      this.#at += 1;
      if (character === '"') return;
      if (character === "") this.#refuse("", "");
      if (character === "\\") this.#escape();
      else if (character < " ") this.#refuse(character, "in string literal");
    }
  }

  #escape(): void {
    const character = this.#text[this.#at] ?? "";
    this.#at += 1;
    if (character === "u") {
      for (let digit = 0; digit < 4; digit += 1) {
        const next = this.#text[this.#at] ?? "";
        if (!/[0-9a-fA-F]/.test(next)) this.#refuse(next, "in \\u hexadecimal character escape");
        this.#at += 1;
      }
    } else if (!/["\\/bfnrt]/.test(character)) this.#refuse(character, "in string escape code");
  }

  #number(): void {
    if (this.#text[this.#at] === "-") this.#at += 1;
    const first = this.#text[this.#at] ?? "";
    if (!/\d/.test(first)) this.#refuse(first, "in numeric literal");
    this.#at += 1;
    if (first !== "0") this.#digits();
    if (this.#text[this.#at] === ".") {
      this.#at += 1;
      const digit = this.#text[this.#at] ?? "";
      if (!/\d/.test(digit)) this.#refuse(digit, "after decimal point in numeric literal");
      this.#digits();
    }
    if (!/[eE]/.test(this.#text[this.#at] ?? "")) return;
    this.#at += 1;
    if (/[-+]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    const digit = this.#text[this.#at] ?? "";
    if (!/\d/.test(digit)) this.#refuse(digit, "in exponent of numeric literal");
    this.#digits();
  }

  #digits(): void {
    while (/\d/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #word(word: string): void {
    for (const expected of word) {
      const character = this.#text[this.#at] ?? "";
      if (character !== expected) this.#refuse(character, `in literal ${word} (expecting ${shown(expected)})`);
      this.#at += 1;
    }
  }
}
