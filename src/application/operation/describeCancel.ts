import { isCode } from "../../domain/errors.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import type { Outcome } from "../../domain/operation/outcome.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import { isSameStep, stepText } from "../../domain/operation/stepName.ts";
import { removals } from "./handOver.ts";
import { plannedOf } from "./plannedOf.ts";
import { haveChanged } from "./resumption.ts";

/** Describes what a cancellation led to. */
export function describeCancel(
  operation: OperationRecord,
  { error, isUntouched = false }: Pick<Outcome, "error" | "isUntouched">,
  steps: readonly StepRecord[],
): OperationError {
  const { cancel, kind } = operation;
  const planned = plannedOf(operation, steps);
  const changed = steps.filter(({ status, action }) => status === "Succeeded" && action !== "none");
  const sentences = [`Canceled by ${cancel?.by ?? "somebody"}${cancel?.comment ? `: ${cancel.comment}` : ""}.`];
  if (kind === "offboard") {
    const done = changed.map(stepText);
    sentences.push(
      done.length === 0 ? "Nothing had been removed." : `Removed by then, and not restored: ${done.join(", ")}.`,
      isUntouched && !haveChanged(steps)
        ? "The namespace is as it was."
        : "The namespace is Incomplete; offboard it again to remove the rest, or onboard it to restore it.",
    );
  } else if (kind === "repair") {
    const done = changed.map(stepText);
    sentences.push(done.length === 0 ? "Nothing had been changed." : `Repaired by then, and kept: ${done.join(", ")}.`);
  } else {
    const removed = changed.filter((step) => removals([step]).length > 0).map(stepText);
    if (removed.length > 0) sentences.push(`Taken away and not given back: ${removed.join(", ")}.`);
    const undone = changed.filter((step) => !planned.some((each) => isSameStep(each, step))).map(stepText);
    sentences.push(undone.length === 0 ? "There was nothing to undo." : `Undone: ${undone.join(", ")}.`);
  }
  if (error && !isCode(error.code, "OPERATION_CANCELED")) sentences.push(`It had failed by then: ${error.message}`);
  return toOperationError("OPERATION_CANCELED", sentences.join(" "));
}
