/** The plan of an onboarding: what every step finds and would do. Serves as the answer to a dry run and as the preflight. */
import { allowedCrossings } from "../../domain/catalog/environments.ts";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { type Plan, type StepPlan, toPlan } from "../../domain/operation/plan.ts";
import type { ProgramName } from "../../domain/operation/program.ts";
import { needsApprovalOf } from "../../domain/policy/approval.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { administeredServers } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import type { Need } from "../../resources/definitions/sharedLimit.ts";
import type { Planning } from "../../resources/definitions/step.ts";
import { alsoJudged } from "../../resources/identity/sharing.ts";
import { readOnce } from "../answers.ts";
import { lookAtIdentity } from "../inspection/lookAtIdentity.ts";
import { besideChange } from "../process/inTheWay.ts";
import { plannedSteps } from "../process/programs.ts";
import { lookAtSteps } from "./lookAtSteps.ts";

interface PlanInput {
  readonly operation: string;
  readonly request: OnboardingRequest;
  /** What the request replaces, if the namespace is already onboarded. */
  readonly earlier?: OnboardingRequest | undefined;
  /** Targets that the change also revokes where the catalog had them before. */
  readonly moved?: readonly string[] | undefined;
  /** That of an onboarding or, with `earlier`, of a change, unless it says another. */
  readonly program?: ProgramName | undefined;
  /** The team whose approval rules apply. */
  readonly team?: string | undefined;
  /**
   * The request may take the namespace from its current team. Operations do not set it: their record already names the new
   * one.
   */
  readonly takeOver?: boolean;
  /** For a batch: called with what the operation adds where others of the batch share a limit. */
  readonly onNeed?: Planning["onNeed"];
  /** For a dry run by an operator, who sees what an identity that no record knows can reach, and may decide to use it. */
  readonly operator?: { readonly adoptIdentity: string | undefined } | undefined;
}

/** An operation skips setting the administrator where it is already set. */
export function isShown({ name, action }: StepPlan): boolean {
  return name !== "ensureSqlAdmin" || action !== "none";
}

export async function planOnboarding(
  given: Ports,
  {
    operation,
    request,
    earlier,
    moved,
    program = earlier ? "change" : "onboard",
    team,
    takeOver = false,
    onNeed,
    operator,
  }: PlanInput,
): Promise<Plan> {
  const ports = readOnce(given);
  const kind = earlier ? "change" : "onboard";
  // What others gave on a target keeps nothing of Mooring's from being revoked; in a take-over, it would pass to the other team.
  const ignoreDependants = program === "change" || program === "endAccess";
  const course = { kind, program, request, earlier, moved } as const;
  const input = { ...course, id: operation, ignoreDependants, team, takeOver, operator };
  const judging = alsoJudged(ports, request);
  judging.catch(() => undefined);
  const admins = administeredServers(ports.catalog, request);
  const planned = plannedSteps(course, { admins });
  const { identityLook, found } = lookAtIdentity(ports, { ...request, operation, operator });
  // A new namespace nearly always has no identity yet, so everything else is looked at as if that were known.
  const look = (identity?: Awaited<typeof found>) => {
    const needs: Need[] = [];
    const looking = { ...input, identity, identityLook, onNeed: (need: Need) => void needs.push(need) };
    return lookAtSteps(ports, planned, looking).then((steps) => ({ steps, needs }));
  };
  const early = earlier ? undefined : look();
  early?.catch(() => undefined);
  const identity = await found;
  const { steps, needs } = await ((!identity && early) || look(identity));
  for (const need of needs) onNeed?.(need);
  const judged = [request, ...(await judging)];
  const needed = needsApprovalOf(ports.catalog, judged, team).map(({ what }) => what);
  const notices = unlessEmpty(allowedCrossings(ports.catalog, request));
  const plan = { ...toPlan(steps.filter(isShown), needed), ...defined({ notices }) };
  return program === "change" ? besideChange(plan) : plan;
}
