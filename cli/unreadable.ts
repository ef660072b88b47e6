/** Why a file or folder cannot be read or written: the end of a sentence that begins with its name. */
export function whyUnreadable(cause: unknown): string {
  return whys[codeOf(cause)] ?? `cannot be read: ${messageOf(cause)}`;
}

export function whyUnwritable(cause: unknown): string {
  return codeOf(cause) === "EACCES" ? "may not be written" : `cannot be written: ${messageOf(cause)}`;
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
function messageOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/, \w+( '.*)?$/, "");
}
