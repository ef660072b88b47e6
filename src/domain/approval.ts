/** The second pair of eyes: what needs it, and what is known of it. */
import { z } from "zod";
import type { Catalog } from "./catalog.ts";
import type { OnboardingRequest } from "./request.ts";

const Time = z.iso.datetime();

export const ApprovalDecision = z.object({
  kind: z.enum(["approved", "rejected", "timedOut"]),
  by: z.string().optional(),
  time: Time,
  comment: z.string().optional(),
});
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

export const Approval = z.object({
  reasons: z.array(z.string()).readonly(),
  /** Of the request that waits: an approval names it, so that what was approved is what runs. */
  requestHash: z.string(),
  requestedTime: Time,
  expiresTime: Time,
  /** How many were sent. */
  reminders: z.int(),
  decision: ApprovalDecision.optional(),
});
export type Approval = z.infer<typeof Approval>;

/** Why the request needs approval; empty when it does not. */
export function needsApproval(
  { approval }: Pick<Catalog, "approval">,
  { cluster, databases }: OnboardingRequest,
): readonly string[] {
  const reasons = approval.clusters.includes(cluster) ? [`Cluster "${cluster}" needs approval.`] : [];
  for (const { server, database, roles } of databases) {
    const place = `${server}/${database}`;
    if (approval.databases.includes(place)) reasons.push(`Database ${place} needs approval.`);
    for (const role of roles) {
      if (approval.roles.includes(role)) reasons.push(`Role ${role} on ${place} needs approval.`);
    }
  }
  return reasons;
}
