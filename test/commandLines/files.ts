/** Every file of the checkout in which a person or a machine may find a command line. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findInCode } from "./inCode.ts";
import { type Found, findInScript, findInText } from "./inText.ts";

export interface Placed extends Found {
  readonly file: string;
}

const root = join(import.meta.dirname, "../..");
const unread = [
  // Recorded, or written by others.
  /^(package-lock\.json|test\/fixtures\/|test\/proof\/histories\/)/,
  // Lines that must not pass.
  /^test\/commandLines\//,
];

export function findEverywhere(): readonly Placed[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
    { cwd: root },
  );
  const files = listed
    .toString()
    .split("\0")
    .filter((file) => file !== "" && !unread.some((each) => each.test(file)));
  return files.flatMap((file) =>
    findIn(file).map((found) => ({ ...found, ...(expectsParts(file) ? { isPartial: true } : {}), file })),
  );
}

/** Tests compare with the beginnings of lines. */
const expectsParts = (file: string) => file.startsWith("test/");

function findIn(file: string): readonly Found[] {
  const read = () => readFileSync(join(root, file), "utf8");
  if (/\.(ts|tsx|mjs|js)$/.test(file)) return findInCode(file, read());
  if (/\.(ya?ml|sh|ps1)$/.test(file) || file === ".ci/run") return findInScript(read().replaceAll("- azd: ", "- azd "));
  if (/\.(md|json|bicep|bicepparam)$/.test(file)) return findInText(read());
  return [];
}
