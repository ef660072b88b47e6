import type { OperationError } from "../../domain/operation/operation.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import { unfinished } from "../../domain/operation/stepName.ts";

/** The runtime knows only the name of a step that used up its tries; the step's record has the reason. */
export function withReasons(error: OperationError, steps: readonly StepRecord[]): OperationError {
  const message = steps.reduce(
    (text, step) => (step.error ? text.replaceAll(unfinished(step), () => step.error?.message ?? "") : text),
    error.message,
  );
  return { ...error, message };
}
