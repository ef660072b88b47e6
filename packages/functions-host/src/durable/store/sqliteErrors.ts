/** What an error of SQLite is about. */

/** https://sqlite.org/rescode.html */
export const busy = 5;
export const corrupt = 11;
export const notADatabase = 26;
const permission = 3;
const readOnly = 8;
const inputOutput = 10;
const full = 13;
const cannotOpen = 14;
const tooBig = 18;
const constraint = 19;
const mismatch = 20;
const range = 25;

const aboutTheValue = new Set([tooBig, constraint, mismatch, range]);

/** The primary code: an extended code has more in its upper bytes. */
export function resultCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
}

/**
 * Whether the value that was to be written is at fault, and not the file, its disk or the machine. Node refuses some values
 * itself: what cannot be bound, and JSON that is too long for one text.
 */
export function isAboutTheValue(error: unknown): boolean {
  const code = resultCode(error);
  return code === undefined || aboutTheValue.has(code);
}

/** What to do about it. */
export function adviceFor(error: unknown): string {
  switch (resultCode(error)) {
    case full:
    case inputOutput:
      return "Make room for it, and check its disk; the host goes on by itself.";
    case permission:
    case readOnly:
    case cannotOpen:
      return "Make it writable for this user; the host goes on by itself.";
    case corrupt:
    case notADatabase:
      return "It is damaged: stop the host, and put a copy back in its place.";
    default:
      return "The host goes on by itself when it can; its log says more.";
  }
}
