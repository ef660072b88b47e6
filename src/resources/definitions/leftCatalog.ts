/**
 * What an operation takes away or repairs may be in a place that the catalog has dropped since. Where Mooring cannot reach it, or
 * may give nothing any more, the operation goes on with the rest, and the step says what is left as it was.
 */
import { type PermanentCode, PermanentError } from "../../domain/errors.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toNotice, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { isUndo, type StepDefinition, type StepInput, type StepResult } from "./step.ts";

const dropped: ReadonlySet<PermanentCode> = new Set([
  "UNKNOWN_CLUSTER",
  "UNKNOWN_SQL_SERVER",
  "UNKNOWN_DATABASE",
  // Only what gives looks at roles.
  "ROLE_NOT_ALLOWED",
]);

export function isDropped(error: unknown): error is PermanentError {
  return error instanceof PermanentError && dropped.has(error.code);
}

/** What can be found, or else what to say of a name that the catalog has dropped. */
export function unlessDropped<T, E>(find: () => T, otherwise: (error: PermanentError) => E): T | E {
  try {
    return find();
  } catch (error) {
    if (!isDropped(error)) throw error;
    return otherwise(error);
  }
}

/**
 * The same step, except that it reports what it cannot reach. An undo fails, so that its operation names it; so does a step that is
 * not meant to leave anything.
 */
export function leavingDropped<I extends StepInput>(
  definition: StepDefinition<I, StepResult>,
  isMeant: (input: I) => boolean = () => true,
): StepDefinition<I, StepResult> {
  return {
    ...definition,
    async run(input, ports, step) {
      try {
        return await definition.run(input, ports, step);
      } catch (error) {
        if (!isDropped(error) || isUndo(input) || !isMeant(input)) throw error;
        await step.notice([noticeOfLeft(error)]);
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
    return { ...toStepPlan(step, { action: "keep" }), notices: [noticeOfLeft(error)] };
  }
}

export function noticeOfLeft({ message }: Pick<PermanentError, "message">): OperationError {
  return toNotice("LEFT_IN_PLACE", `${message} What Mooring made there may still be there.`);
}
