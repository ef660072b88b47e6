/** Conditional requests (RFC 9110, 13), by the tag of what the client has seen. */
import type { HttpRequest } from "@azure/functions";
import { isOfTheSame } from "../../domain/http/entityTag.ts";
import { Refusal } from "../../domain/policy/refusal.ts";

/** Whether the client has this already (If-None-Match). */
export function isKnown({ headers }: HttpRequest, tag: string): boolean {
  return matches(headers.get("if-none-match"), (other) => other === tag) ?? false;
}

/** Refuses when the namespace is not the one that the client has seen (If-Match); what a look found since does not count. */
export function expectMatch({ headers }: HttpRequest, tag: string): void {
  if (matches(headers.get("if-match"), (other) => isOfTheSame(other, tag)) ?? true) return;
  throw new Refusal("PRECONDITION_FAILED", `If-Match names another version; the current one is ${tag}.`);
}

function matches(header: string | null, isSame: (tag: string) => boolean): boolean | undefined {
  if (header === null) return undefined;
  const tags = header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.some(isSame);
}
