/** A page of docs/ whose last part is generated; the part above that heading is written by hand and stays. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs");
const mark = "## Reference\n";

export function readReference(page: string): string {
  const [, reference = ""] = readFileSync(join(docs, page), "utf8").split(mark);
  return reference.trim();
}

export function writeReference(page: string, reference: string): void {
  const file = join(docs, page);
  const [before = ""] = readFileSync(file, "utf8").split(mark);
  writeFileSync(file, `${before}${mark}\n${reference.trim()}\n`);
}
