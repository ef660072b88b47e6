/** Conditional requests (RFC 9110, 13): an entity tag is a record's own, hashed, since the table's holds quotes and colons. */
import type { HttpRequest } from "@azure/functions";
import { entityTag } from "../domain/entityTag.ts";
import { Refusal } from "../domain/refusal.ts";

/** Whether the client has this already (If-None-Match). */
export function isKnown({ headers }: HttpRequest, etag: string): boolean {
  return matches(headers.get("if-none-match"), etag) ?? false;
}

/** Refuses when the record is not the one that the client has seen (If-Match). */
export function expectMatch({ headers }: HttpRequest, etag: string): void {
  if (matches(headers.get("if-match"), etag) ?? true) return;
  throw new Refusal("PRECONDITION_FAILED", `If-Match names another version; the current one is ${entityTag(etag)}.`);
}

function matches(header: string | null, etag: string): boolean | undefined {
  if (header === null) return undefined;
  const tags = header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(entityTag(etag));
}
