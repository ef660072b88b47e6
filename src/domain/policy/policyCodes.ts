import type { ErrorCode } from "../errors.ts";

/** Decisions of policy. What is malformed, not there, or in somebody's way for a moment is none. */
const policyCodes: ReadonlySet<string> = new Set<ErrorCode>([
  "FORBIDDEN",
  "NOT_ALLOWED",
  "ROLE_NOT_ALLOWED",
  "MODE_NOT_ALLOWED",
  "QUOTA_EXCEEDED",
  "NAMESPACE_TAKEN",
  "NAMESPACE_RECREATED",
  "APPROVER_IS_REQUESTER",
]);

export function isOfPolicy(code: string): boolean {
  return policyCodes.has(code);
}
