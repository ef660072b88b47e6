/** Splits T-SQL text into tokens, without any knowledge of statements. */
import { compileError, incorrectSyntax } from "../errors.ts";

export type Token =
  /** A keyword or a plain name; the parser decides which. */
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "quotedName"; readonly text: string }
  | { readonly kind: "string"; readonly text: string; readonly isUnicode: boolean }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "hex"; readonly text: string }
  /** `@name` or `@@name`. */
  | { readonly kind: "variable"; readonly text: string }
  | { readonly kind: "symbol"; readonly text: string }
  | { readonly kind: "end"; readonly text: "" };

const patterns: readonly [kind: "hex" | "number" | "variable" | "word" | "symbol", pattern: RegExp][] = [
  ["hex", /0x[0-9a-f]*/iy],
  ["number", /(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/iy],
  ["variable", /@@?[\p{L}\p{N}_@#$]+/uy],
  ["word", /[\p{L}_#][\p{L}\p{N}_@#$]*/uy],
  ["symbol", /<>|<=|>=|!=|::|[-+*/%=<>(),.;]/y],
];

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = skipBlank(text, at);
    if (blank > at) {
      at = blank;
      continue;
    }
    const [token, next] = readToken(text, at);
    tokens.push(token);
    at = next;
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

function skipBlank(text: string, at: number): number {
  const space = match(/[\s\uFEFF]+/y, text, at);
  if (space) return at + space.length;
  if (text.startsWith("--", at)) {
    return at + (match(/--[^\r\n]*/y, text, at)?.length ?? 0);
  }
  return text.startsWith("/*", at) ? endOfComment(text, at) : at;
}

/** Block comments nest in T-SQL. */
function endOfComment(text: string, at: number): number {
  let depth = 0;
  for (let next = at; next < text.length; next++) {
    if (text.startsWith("/*", next)) {
      depth++;
      next++;
    } else if (text.startsWith("*/", next)) {
      depth--;
      next++;
      if (depth === 0) return next + 1;
    }
  }
  throw compileError(113, "Missing end comment mark '*/'.");
}

function readToken(text: string, at: number): [Token, number] {
  const first = text.charAt(at);
  if (first === "[") return readQuotedName(text, at, "]");
  if (first === '"') return readQuotedName(text, at, '"');
  if (first === "'") return readString(text, at, false);
  if ((first === "N" || first === "n") && text.charAt(at + 1) === "'") return readString(text, at + 1, true);
  for (const [kind, pattern] of patterns) {
    const found = match(pattern, text, at);
    if (found) return [{ kind, text: found }, at + found.length];
  }
  throw incorrectSyntax(first);
}

function readQuotedName(text: string, at: number, close: string): [Token, number] {
  const [name, next] = readQuoted(text, at, close);
  if (name.length > 128) {
    throw compileError(
      103,
      `The identifier that starts with '${name.slice(0, 128)}' is too long. Maximum length is 128.`,
    );
  }
  if (name.length === 0) {
    throw compileError(1038, "An object or column name is missing or empty.");
  }
  return [{ kind: "quotedName", text: name }, next];
}

function readString(text: string, at: number, isUnicode: boolean): [Token, number] {
  const [content, next] = readQuoted(text, at, "'");
  return [{ kind: "string", text: content, isUnicode }, next];
}

/** Reads from the opening quote at `at`; a doubled closing quote stands for itself. */
function readQuoted(text: string, at: number, close: string): [content: string, next: number] {
  let content = "";
  let from = at + 1;
  for (;;) {
    const end = text.indexOf(close, from);
    if (end < 0) {
      const rest = text.slice(at + 1, at + 31);
      throw compileError(105, `Unclosed quotation mark after the character string '${rest}'.`);
    }
    content += text.slice(from, end);
    if (text.charAt(end + 1) !== close) return [content, end + 1];
    content += close;
    from = end + 2;
  }
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
