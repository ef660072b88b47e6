/** Who may decide about an operation that waits for approval, as far as a client can tell. The service has the last word. */
import type { CallerDocument } from "../src/domain/documents/caller.ts";
import type { Approval } from "../src/domain/policy/approval.ts";

/** Nobody decides about their own request. */
export function mayDecide({ id, roles }: Pick<CallerDocument, "id" | "roles">, requestedBy: string): boolean {
  return roles.includes("Onboarding.Approve") && id !== requestedBy;
}

/** A person who decides must satisfy every one of these. */
export function approversOf({ approvers }: Pick<Approval, "approvers">): string {
  const teams = new Set(approvers.flatMap(({ team }) => team ?? []));
  return teams.size === 0 ? "anyone with Onboarding.Approve" : `team ${[...teams].join(" and ")}`;
}
