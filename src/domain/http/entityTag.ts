/**
 * The entity tag of a namespace has two parts: what the namespace is (what was asked for, by whom, and how it stands), and what
 * the last look found. `If-None-Match` takes the whole; `If-Match` takes only the first, so that a look by the drift watcher
 * is in nobody's way. When it was looked at is in neither: nobody has to read it again for that.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson.ts";

export function entityTag({ is, found }: { readonly is: object; readonly found: object }): string {
  return `"${hash(is, 32)}.${hash(found, 16)}"`;
}

/** Whether two tags are of a namespace that is the same, whatever was found in it. */
export function isOfTheSame(tag: string, other: string): boolean {
  const first = (text: string) => text.replace(/"$/, "").split(".")[0];
  return first(tag) === first(other);
}

function hash(value: object, length: number): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, length);
}
