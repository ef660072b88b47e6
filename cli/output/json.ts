import { withCodes } from "./printable.ts";

/** Escapes what some terminals execute and JSON leaves as it is; the document means the same. */
export function toJson(document: unknown, indent?: number): string {
  return withCodes(JSON.stringify(document, null, indent));
}
