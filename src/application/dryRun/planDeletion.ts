/** What offboarding a namespace would do. */
import type { Berth } from "../../domain/naming/names.ts";
import { type Plan, planOfSame } from "../../domain/operation/plan.ts";
import { expectFree, findCurrent } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import type { OffboardingOptions } from "../admission/claimExisting.ts";
import { mustSee } from "../admission/seeNamespace.ts";
import { type PlannedRequest, withEstimate } from "../plan/estimatePlan.ts";
import { planOffboarding } from "../plan/planOffboarding.ts";

export async function planDeletion(
  claimContext: Pick<ClaimContext, "ports" | "by">,
  berth: Berth,
  options?: OffboardingOptions,
): Promise<Plan> {
  const { plan, ...planned } = await lookAtDeletion(claimContext, berth, options);
  return await withEstimate(claimContext.ports, plan, planned);
}

export async function lookAtDeletion(
  { ports, by }: Pick<ClaimContext, "ports" | "by">,
  berth: Berth,
  { expect = () => undefined, ignoreDependants = false }: OffboardingOptions = {},
): Promise<PlannedRequest> {
  const kind = "offboard";
  const current = await findCurrent(ports.registry, berth, mustSee(by, berth));
  const { request } = current;
  if (current.state === "Offboarding") return { plan: planOfSame(current), kind, request };
  expect(current);
  expectFree(current);
  const plan = await planOffboarding(ports, current, { ignoreDependants });
  return { plan, kind, request };
}
