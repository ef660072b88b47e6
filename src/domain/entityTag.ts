import { createHash } from "node:crypto";

/** The ETag of a record's representation, from the record's own in the table. */
export function entityTag(etag: string): string {
  return `"${createHash("sha256").update(etag).digest("hex").slice(0, 32)}"`;
}
