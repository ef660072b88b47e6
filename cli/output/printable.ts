/**
 * Text that others wrote could move the cursor, colour the terminal or reverse the line, so control characters (Cc), line
 * separators and direction marks are shown as codes.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    character === "\n" ? " " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
