/**
 * What an operation takes away may be in a place that the catalog has dropped since. Where Mooring cannot reach it any more, the
 * operation goes on: the rest must not keep its access because of this, and the step says what may be left.
 */
import { type PermanentCode, PermanentError } from "../../domain/errors.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toNotice, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { isUndo, type StepDefinition, type StepInput, type StepResult } from "./step.ts";

const dropped: ReadonlySet<PermanentCode> = new Set(["UNKNOWN_CLUSTER", "UNKNOWN_SQL_SERVER", "UNKNOWN_DATABASE"]);

export function isDropped(error: unknown): error is PermanentError {
  return error instanceof PermanentError && dropped.has(error.code);
}

/** The same step, except that it reports what it cannot reach. An undo fails, so that its operation names it. */
export function leavingDropped<I extends StepInput>(
  definition: StepDefinition<I, StepResult>,
): StepDefinition<I, StepResult> {
  return {
    ...definition,
    async run(input, ports, step) {
      try {
        return await definition.run(input, ports, step);
      } catch (error) {
        if (!isDropped(error) || isUndo(input)) throw error;
        await step.notice([noticeOf(error)]);
        return { action: "keep" };
      }
    },
  };
}

/** The look of such a step. */
export async function lookLeavingDropped(step: StepKey, look: () => Promise<StepPlan>): Promise<StepPlan> {
  try {
    return await look();
  } catch (error) {
    if (!isDropped(error)) throw error;
    return { ...toStepPlan(step, { action: "keep" }), notices: [noticeOf(error)] };
  }
}

function noticeOf({ message }: PermanentError): OperationError {
  return toNotice("LEFT_IN_PLACE", `${message} What Mooring made there may still be there.`);
}
