import type { StepPlan } from "../../domain/operation/plan.ts";

/** Stands for the client id of an identity that does not exist yet: no existing identity has it. */
export const unknownClientId = "00000000-0000-0000-0000-000000000000";
export const onceItExists = "the client id of the identity, once it exists";

/** A plan for things that carry the client id, which may not be known yet. */
export function withUnknownClientId(plan: StepPlan): StepPlan {
  const differences = plan.differences.map((difference) => ({
    ...difference,
    // It may be a part of the value.
    desired: difference.desired?.replaceAll(unknownClientId, onceItExists) ?? null,
  }));
  return { ...plan, differences };
}
