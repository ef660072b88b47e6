import { berthKey } from "../../domain/naming/names.ts";
import { type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";

/** What the record says by now decides whether there is something to put back. */
export async function planUndoCutOver(
  registry: Pick<Ports["registry"], "getNamespace">,
  request: OnboardingRequest,
): Promise<StepPlan> {
  const step = { name: "undoCutOver", target: berthKey(request) };
  const current = (await registry.getNamespace(request))?.request.identityMode;
  const desired = request.identityMode;
  if (current === undefined || current === desired) return toStepPlan(step, { action: "none" });
  return toStepPlan(step, { action: "update", differences: [{ field: "identityMode", current, desired }] });
}
