/** What a step finds and would do. The same plan answers a dry run and decides what the step then does. */
import { z } from "zod";
import { type ErrorCode, errorCatalogue, isErrorCode, type PermanentCode, PermanentError } from "./errors.ts";
import { OperationError, StepAction } from "./operation.ts";

export const Difference = z.object({
  field: z.string(),
  current: z.string().nullable(),
  desired: z.string().nullable(),
});
export type Difference = z.infer<typeof Difference>;

/** What a plan says of a thing that is there and will be there. */
export const stays = "stays";

export const StepPlan = z.object({
  name: z.string(),
  target: z.string(),
  action: StepAction,
  differences: z.array(Difference),
  blockers: z.array(OperationError),
  notices: z
    .array(OperationError)
    .exactOptional()
    .meta({ description: "What could not be found out; not in the way of the operation." }),
});
export type StepPlan = z.infer<typeof StepPlan>;

export const Plan = z
  .object({
    steps: z.array(StepPlan),
    blocked: z.boolean(),
    needsApproval: z.array(z.string()).readonly().meta({ description: "Why the operation would wait for approval." }),
  })
  .meta({ id: "Plan" });
export type Plan = z.infer<typeof Plan>;

/** `fix` is the code's own, unless there is a better one for the very case. */
export function toOperationError(
  code: ErrorCode,
  message: string,
  fix: string = errorCatalogue[code].fix,
): OperationError {
  return { code, message, fix, retryable: errorCatalogue[code].retryable };
}

/** Code text that came back from a history or a table, where any string may stand. */
export function describeCode(code: string, message: string): OperationError {
  return isErrorCode(code) ? toOperationError(code, message) : toOperationError("UNEXPECTED", message);
}

/** A conflict as a plan shows it, and as the step throws it. */
export interface Conflict {
  readonly code: PermanentCode;
  readonly message: string;
}

export function throwConflict(conflict: Conflict | undefined): void {
  if (conflict) throw new PermanentError(conflict.code, conflict.message);
}

export function toStepPlan(
  step: { name: string; target: string },
  decision: { action: StepAction; differences?: readonly Difference[]; conflict?: Conflict | undefined },
): StepPlan {
  const { conflict } = decision;
  return {
    ...step,
    action: conflict ? "conflict" : decision.action,
    differences: [...(decision.differences ?? [])],
    blockers: conflict ? [toOperationError(conflict.code, conflict.message)] : [],
  };
}
