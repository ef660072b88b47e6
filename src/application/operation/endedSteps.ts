import { isCode } from "../../domain/errors.ts";
import { isFinal, type OperationStatus } from "../../domain/operation/operation.ts";
import { isSameStep } from "../../domain/operation/stepName.ts";
import { undoStep } from "../process/undoStages.ts";
import { type Planned, plannedOf } from "./plannedOf.ts";

interface Operation extends Planned {
  readonly status: OperationStatus;
  readonly endTime?: string;
  readonly changedTime?: string;
  readonly leftUndone?: readonly string[];
}

interface Step {
  readonly name: string;
  readonly target: string;
  readonly status: OperationStatus;
  readonly endTime?: string;
  readonly changedTime?: string;
  readonly error?: { readonly code: string };
}

/**
 * The steps of an operation as they ended. The last record of a step may be wrong: its last write may have been lost, and a
 * try that the runtime had given up may write after the one that counted, even after the operation's end. So the operation,
 * whose end is written once, takes precedence.
 */
export function endedSteps<S extends Step>(operation: Operation, steps: readonly S[]): readonly S[] {
  const { kind, status, endTime } = operation;
  const known = steps.map(asCanceled);
  if (!isFinal(status)) return known;
  const planned = plannedOf(operation, steps);
  return known.map((step) => {
    const isPlanned = planned.some((each) => isSameStep(each, step));
    const isOpen = !isFinal(step.status) || (status === "Succeeded" && isPlanned && step.status !== "Succeeded");
    if (!isOpen) return step;
    return {
      ...step,
      status: isPlanned && kind !== "compensate" ? status : endOfUndo(operation, step),
      endTime: step.endTime ?? endTime,
      // The operation's end ended the step: that is when it changed, unless its own record has changed since.
      changedTime: [step.changedTime ?? "", operation.changedTime ?? ""].toSorted().at(-1),
    };
  });
}

/** An operation that has succeeded after all refused its undos; in any other, those that failed are named. */
function endOfUndo({ kind, status, request, leftUndone = [] }: Operation, step: Step): OperationStatus {
  if (status === "Succeeded") return kind === "compensate" ? status : "Failed";
  const isLeft = leftUndone.some((undo) => {
    const left = undoStep(request, undo);
    return left !== undefined && isSameStep(left, step);
  });
  return isLeft ? "Failed" : "Succeeded";
}

/** A step stopped by the cancellation has that as its error; it has not failed. */
function asCanceled<S extends Step>(step: S): S {
  const isCanceled = step.status === "Failed" && isCode(step.error?.code, "OPERATION_CANCELED");
  return isCanceled ? { ...step, status: "Canceled" } : step;
}
