/**
 * The entity tag of a thing has two parts: what it is, as far as anybody decides about that, and what else is told of it. The
 * header `ETag` has both, and `If-None-Match` takes the whole. `If-Match` takes only the first, so that what happens by itself
 * is in nobody's way: a look by the drift watcher, a step of an operation. docs/adr/0018.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson.ts";

export function entityTag({ is, found }: { readonly is: object; readonly found: object }): string {
  return `"${hash(is, 32)}.${hash(found, 16)}"`;
}

/** The first part alone, as a tag: the field `etag` of documents. */
export function changeTag(is: object): string {
  return `"${hash(is, 32)}"`;
}

/** Whether two tags are of a thing that is the same, whatever else is told of it. */
export function isOfTheSame(tag: string, other: string): boolean {
  const first = (text: string) => text.replace(/"$/, "").split(".")[0];
  return first(tag) === first(other);
}

function hash(value: object, length: number): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, length);
}
