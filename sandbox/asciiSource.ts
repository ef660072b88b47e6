/**
 * JavaScript without characters beyond ASCII, and with the same meaning.
 *
 * Comments, strings, templates, regular expressions and identifiers all read `\u00e9` as the character; only a template's tag
 * that asks for the raw text sees the difference.
 */
export function toAscii(source: string): string {
  return source.replaceAll(beyondAsciiInSource, (found) => {
    const backslashes = found.slice(0, -1);
    // A last, unpaired backslash escapes the character and would now escape the escape.
    return backslashes.slice(0, backslashes.length - (backslashes.length % 2)) + escapeCharacter(found.slice(-1));
  });
}

export function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

const beyondAsciiInSource = /\\*[^\0-\x7f]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
