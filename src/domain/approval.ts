/** What of a request the catalog lets happen only after somebody has looked at it. */
import type { ApprovalRule } from "./access.ts";
import type { AppRole } from "./caller.ts";
import type { Catalog } from "./catalog.ts";
import type { OnboardingRequest } from "./request.ts";
import { lookUp } from "./targets.ts";

export interface ApprovalReason {
  /** What it is that needs approval, for people: `owner on sql-dev/orders`. */
  readonly what: string;
  /** Who may give it: a caller with the role, who is in the team when one is named. */
  readonly by: { readonly role: AppRole; readonly team?: string };
}

/** Empty when the request may run at once. Without a team there is no rule: only an operator asks for none. */
export function needsApproval(
  { teams }: Pick<Catalog, "teams">,
  team: string | undefined,
  request: OnboardingRequest,
): readonly ApprovalReason[] {
  const rules = (team === undefined ? undefined : lookUp(teams, team))?.approval ?? [];
  return rules.flatMap((rule) => {
    const { role, team: approvers } = rule.by;
    const by = { role, ...(approvers === undefined ? {} : { team: approvers }) };
    return whatMeets(rule, request).map((what) => ({ what, by }));
  });
}

/** Everything that a rule names must come together: `roles` with `databases` means those roles on those databases. */
function whatMeets({ roles, databases, clusters }: ApprovalRule, request: OnboardingRequest): readonly string[] {
  if (clusters && !clusters.includes(request.cluster)) return [];
  const place = clusters ? ` in ${request.cluster}` : "";
  if (!roles && !databases) return [`cluster ${request.cluster}`];
  return request.databases.flatMap((wanted) => {
    const name = `${wanted.server}/${wanted.database}`;
    if (databases && !databases.includes(name)) return [];
    if (!roles) return [`${name}${place}`];
    return wanted.roles.filter((role) => roles.includes(role)).map((role) => `${role} on ${name}${place}`);
  });
}
