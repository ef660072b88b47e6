/**
 * Whether a namespace may be given one of its targets now. Whatever gives asks here first (resources/definitions/permit.ts), in every kind
 * of operation: catalog, team and time may have changed since the request was accepted. What is there stays until somebody decides, and
 * is a finding.
 */
import type { Catalog } from "../catalog/catalog.ts";
import { findCrossings } from "../catalog/environments.ts";
import type { RefusalCode } from "../errors.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import { lookUp } from "../lookUp.ts";
import type { OnboardingRequest } from "../request/request.ts";
import type { Targets } from "../targets/index.ts";
import { movedIn, problemsIn, refusedTo } from "../targets/rules.ts";
import type { Remembered } from "../targets/target.ts";
import { withRevisedTargets } from "../targets/wanted.ts";
import { type ApprovalReason, needsApproval } from "./approval.ts";
import { findExpiryProblems } from "./expiry.ts";
import { inWords } from "./policy.ts";

export interface Giving {
  readonly request: OnboardingRequest;
  readonly team: string | undefined;
  /** Where the namespace has its targets, or is to get them. */
  readonly remembered: Remembered;
  readonly now: number;
  readonly isApproved: (reason: ApprovalReason) => boolean;
}

export interface Denial {
  readonly code: RefusalCode | "TARGET_MOVED";
  readonly message: string;
}

/** Names of the catalog that are gone have their own errors and findings. */
const unknown: ReadonlySet<string> = new Set(["UNKNOWN_SQL_SERVER", "UNKNOWN_DATABASE", "UNKNOWN_TARGET"]);

/** By the target's key. Undefined if nothing is against it. */
export function whyNotGiven(catalog: Catalog, giving: Giving, key: string): Denial | undefined {
  const { request, team: name, remembered, now, isApproved } = giving;
  const only = withRevisedTargets(request, (target) => (target.key === key ? target.expiry : undefined));
  const moved = whyMoved(catalog, only, remembered);
  if (moved) return moved;
  const [unlisted] = problemsIn(catalog, only, true);
  if (unlisted) return unknown.has(unlisted.code) ? undefined : { code: unlisted.code, message: unlisted.detail };
  const refused = refusalsOf(catalog, only, name);
  if (refused.length > 0) {
    return { code: "NOT_ALLOWED", message: `Team "${name}" may not ask for ${key}: ${inWords(refused)}.` };
  }
  const [crossed] = findCrossings(catalog, only);
  if (crossed) return { code: crossed.code, message: `${crossed.detail}.` };
  const [late] = findExpiryProblems(catalog, only, { now, team: name });
  if (late) return { code: late.code, message: `The access to ${key} ${late.detail}.` };
  const missing = needsApproval(catalog, only, name).filter((reason) => !isApproved(reason));
  if (missing.length === 0) return undefined;
  const what = missing.map((reason) => reason.what).join(" ");
  return { code: "APPROVAL_MISMATCH", message: `Nobody has approved ${key}, and the catalog asks for it. ${what}` };
}

/** A record knows one place of a SQL server, and every place of any other target. */
export function whyMoved(catalog: Catalog, targets: Targets, remembered: Remembered): Denial | undefined {
  const [moved] = movedIn(catalog, targets, remembered);
  if (!moved) return undefined;
  const next =
    moved.kind === "sqlDatabase"
      ? "Send its request without it, which revokes it where it is, and then with it."
      : "Send its request again.";
  return {
    code: "TARGET_MOVED",
    message: `The catalog has ${moved.key} in another place than where the namespace has it. ${next}`,
  };
}

/** A team that the catalog has dropped may ask for nothing; its cluster and namespace are not asked for here. */
function refusalsOf(
  { teams }: Pick<Catalog, "teams">,
  request: OnboardingRequest,
  name: string | undefined,
): readonly FieldProblem[] {
  if (name === undefined) return [];
  const team = lookUp(teams, name);
  if (!team) return [{ pointer: "/team", code: "NOT_ALLOWED", detail: "is not in the catalog any more" }];
  return refusedTo(team, request);
}
