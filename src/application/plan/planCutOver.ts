import { berthKey } from "../../domain/naming/names.ts";
import { type Migration, targetOf } from "../../domain/operation/migration.ts";
import { type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Registry } from "../../ports.ts";

export function planCutOver(request: OnboardingRequest, migration: Pick<Migration, "to">): StepPlan {
  const step: StepKey = { name: "cutOver", target: berthKey(request) };
  const [current, desired] = [request.identityMode, targetOf(migration)];
  if (current === desired) return toStepPlan(step, { action: "none" });
  const difference = { field: "identityMode", current, desired };
  return toStepPlan(step, { action: "update", differences: [difference] });
}

/** The record's current mode decides whether there is anything to restore. */
export async function planUndoCutOver(
  registry: Pick<Registry, "getNamespace">,
  request: OnboardingRequest,
): Promise<StepPlan> {
  const step: StepKey = { name: "undoCutOver", target: berthKey(request) };
  const current = (await registry.getNamespace(request))?.request.identityMode;
  const desired = request.identityMode;
  if (current === undefined || current === desired) return toStepPlan(step, { action: "none" });
  return toStepPlan(step, { action: "update", differences: [{ field: "identityMode", current, desired }] });
}
