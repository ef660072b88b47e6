/**
 * Text that others wrote could move the cursor, colour the terminal or reverse the line, so control characters (Cc), line
 * separators and direction marks are shown as codes.
 */
const risky = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** On one line. */
export function printable(text: string): string {
  return text.replaceAll(risky, (character) => (character === "\n" ? " " : codeOf(character)));
}

/** With its lines and its columns. */
export function printableText(text: string): string {
  return text.replaceAll(risky, (character) => (/[\n\t]/.test(character) ? character : codeOf(character)));
}

/** A line as this program composed it: with its own colours (view.ts), and nothing else that a terminal would execute. */
export function printableLine(line: string): string {
  return line
    .split(ownColours)
    .map((part, index) => (index % 2 === 0 ? printable(part) : part))
    .join("");
}

/** What `paint` adds; none of these can hide a text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about control characters.
const ownColours = /(\u001b\[(?:[12]|22|3[0-7]|39)m)/;

/** JSON or YAML in which every such character stands within quotes: it means the same. */
export function withCodes(text: string): string {
  return text.replaceAll(risky, (character) => (character === "\n" ? character : codeOf(character)));
}

export function isRisky(text: string): boolean {
  return text.search(risky) >= 0;
}

function codeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
