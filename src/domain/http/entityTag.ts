/**
 * An entity tag has two parts: one for what people decide about, and one for everything else that the document says. The header
 * `ETag` has both, and `If-None-Match` compares both. `If-Match` compares only the first, so that automatic changes, such as a
 * look by the drift watcher or a step of an operation, do not get in anyone's way. docs/adr/0018.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson.ts";

/** The current state of what a change is about. */
export interface Current {
  readonly tag: string;
  /** A sentence for a client that saw something else: `Operation x waits for approval.` */
  readonly state: string;
}

export function entityTag({ is, found }: { readonly is: object; readonly found: object }): string {
  return `"${hash(is, 32)}.${hash(found, 16)}"`;
}

/** A tag of the first part alone: the field `etag` of documents. */
export function changeTag(is: object): string {
  return `"${hash(is, 32)}"`;
}

/** Whether the first parts of two tags are the same. */
export function isOfTheSame(tag: string, other: string): boolean {
  const first = (text: string) => text.replace(/"$/, "").split(".")[0];
  return first(tag) === first(other);
}

function hash(value: object, length: number): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, length);
}
