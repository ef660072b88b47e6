import { messageOf } from "../src/domain/messageOf.ts";

/** Why a file or folder cannot be read or written: the end of a sentence that begins with its name. */
export function whyUnreadable(cause: unknown): string {
  return whys[codeOf(cause)] ?? `cannot be read: ${withoutPath(messageOf(cause))}`;
}

export function whyUnwritable(cause: unknown): string {
  return codeOf(cause) === "EACCES" ? "may not be written" : `cannot be written: ${withoutPath(messageOf(cause))}`;
}

const whys: Readonly<Record<string, string>> = {
  ENOENT: "is not there",
  EACCES: "may not be read",
  EISDIR: "is a folder",
};

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

/** Without the path, which the sentence has: "ELOOP: too many symbolic links encountered, open '…'". */
function withoutPath(text: string): string {
  return text.replace(/, \w+( '.*)?$/, "");
}
