/** Approval: which requests need it, who gives it, and its state. */
import { z } from "zod";
import type { ApprovalRule } from "../access/access.ts";
import { AppRole, type Caller, queueRequester } from "../access/caller.ts";
import type { PersonOf } from "../access/person.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { lookUp } from "../lookUp.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { everyKind } from "../targets/index.ts";
import { approvalsBy } from "../targets/rules.ts";
import { Time } from "../time.ts";

export const ApprovalDecision = z.object({
  kind: z.enum(["approved", "rejected", "timedOut"]),
  by: z.string().optional(),
  time: Time,
  comment: z.string().optional(),
});
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

/** Who may decide: a caller with the role and, if a team is named, in that team. */
export const Approver = z.object({ role: AppRole, team: z.string().optional() });
export type Approver = z.infer<typeof Approver>;

export const Approval = z.object({
  reasons: z.array(z.string()).readonly(),
  /** Which targets are of another environment than the cluster. */
  notices: z.array(z.string()).readonly().optional(),
  /** A caller who decides has to match all of them. */
  approvers: z.array(Approver).readonly(),
  /** The hash of the waiting request: an approval names it, so that exactly what was approved runs. */
  requestHash: z.string(),
  requestedTime: Time,
  expiresTime: Time,
  /** How many reminders were sent. */
  reminders: z.int(),
  needed: z.int().optional().meta({
    description:
      "How many different people have to approve: two for a request whose sender nobody knows, from the queue or with a key without an owner, because the sender may be one of them. Absent means one.",
  }),
  given: z
    .array(z.object({ by: z.string(), time: Time, comment: z.string().optional() }))
    .readonly()
    .optional()
    .meta({ description: "Who has approved so far, if more than one person has to." }),
  decision: ApprovalDecision.optional(),
});
export type Approval = z.infer<typeof Approval>;

export interface ApprovalReason {
  /** For people. */
  readonly what: string;
  readonly by: Approver;
}

const anyApprover: Approver = { role: "Onboarding.Approve" };

/** Why the request needs approval, by the rules for everybody and those of the team; empty if it needs none. */
export function needsApproval(
  { approval, teams }: Pick<Catalog, "approval" | "teams">,
  request: OnboardingRequest,
  team?: string,
): readonly ApprovalReason[] {
  const { clusters } = approval;
  const own = (team === undefined ? undefined : lookUp(teams, team))?.approval ?? [];
  return [
    ...[{ clusters }, ...everyKind.flatMap((kind) => kind.rulesOf(approval))].flatMap((rule) =>
      judge({ ...rule, by: anyApprover }, request),
    ),
    ...own.flatMap((rule) => judge(rule, request)),
  ];
}

/** The same of all of these requests together, each reason once. */
export function needsApprovalOf(
  catalog: Pick<Catalog, "approval" | "teams">,
  requests: readonly OnboardingRequest[],
  team?: string,
): readonly ApprovalReason[] {
  const all = requests.flatMap((request) => needsApproval(catalog, request, team));
  return [...new Map(all.map((reason) => [JSON.stringify(reason), reason])).values()];
}

/** A rule applies only if everything that it names does: `roles` with `databases` means those roles on those databases. */
function judge(rule: ApprovalRule, request: OnboardingRequest): readonly ApprovalReason[] {
  const { clusters, by } = rule;
  if (clusters && !clusters.includes(request.cluster)) return [];
  const who = by.team === undefined ? "" : ` by team "${by.team}"`;
  const place = clusters ? ` in cluster "${request.cluster}"` : "";
  const say = (what: string): ApprovalReason => ({ what: `${what} needs approval${who}.`, by });
  return (approvalsBy(rule, request, place) ?? [`Cluster "${request.cluster}"`]).map(say);
}

/**
 * How many different people have to approve. Who sends a message of the queue is unknown, and where people sign in, so is who holds
 * a key without an owner. But at least one of two approvers did not send the request, so nobody can approve their own alone.
 */
export function approvalsNeeded(
  { requestedBy }: { readonly requestedBy: string },
  personOf: PersonOf = (each) => each,
): number {
  return requestedBy === queueRequester || personOf(requestedBy) === undefined ? 2 : 1;
}

/** Whether the caller matches every required approver. Operators have no right to approve: that takes a role of its own. */
export function mayDecide({ roles, teams }: Caller, { approvers }: Pick<Approval, "approvers">): boolean {
  return [anyApprover, ...approvers].every(
    ({ role, team }) => roles.includes(role) && (team === undefined || teams.includes(team)),
  );
}
