/** Errors as answers have them: the fix also as data, so that each client can say it in its own words. */
import { defined } from "../defined.ts";
import { fixDocumentOf, isErrorCode, isRetried, mayPass, type Situation } from "../errors.ts";
import type { BatchPlan } from "../operation/batch.ts";
import type { OperationError } from "../operation/operation.ts";
import type { Plan, StepPlan } from "../operation/plan.ts";

/** The fix of what may pass depends on whether the step is still retried; one of this case stays as it is. */
export function errorDocument(situation: Situation, error: OperationError): OperationError {
  const { code, fixParts } = error;
  if (fixParts || !isErrorCode(code)) return error;
  const retryable = situation === "retried" ? mayPass(code) : isRetried(code);
  return { ...error, ...fixDocumentOf(code, situation), retryable };
}

export function planDocument(plan: Plan | BatchPlan): Plan | BatchPlan {
  if ("steps" in plan) return { ...plan, steps: plan.steps.map(stepOfPlan) };
  const items = plan.items.map(({ plan: own, error, ...item }) => ({
    ...item,
    ...defined({
      plan: own && { ...own, steps: own.steps.map(stepOfPlan) },
      error: error && errorDocument("answered", error),
    }),
  }));
  return { ...plan, items };
}

function stepOfPlan(step: StepPlan): StepPlan {
  const inAnswer = (errors: readonly OperationError[]) => errors.map((each) => errorDocument("answered", each));
  return {
    ...step,
    blockers: inAnswer(step.blockers),
    ...defined({ notices: step.notices && inAnswer(step.notices) }),
  };
}
