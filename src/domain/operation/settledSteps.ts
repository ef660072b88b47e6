import type { OnboardingRequest } from "../request/request.ts";
import { isFinal, type OperationKind, type OperationStatus } from "./operation.ts";
import { type More, plannedSteps, type StepName } from "./steps.ts";

interface Operation extends Pick<More, "earlier" | "migration"> {
  readonly kind: OperationKind;
  readonly request: OnboardingRequest;
  readonly status: OperationStatus;
  readonly endTime?: string;
  readonly changedTime?: string;
  readonly compensates?: { readonly undos: readonly string[] };
}

interface Step extends StepName {
  readonly status: OperationStatus;
  readonly endTime?: string;
  readonly changedTime?: string;
}

/**
 * The steps of an operation as they ended. What a step said last may not be that: its last record may have been lost, and
 * a try that the runtime had given up may write after the one that counted, even after the operation's end. So a reader
 * believes the operation, whose end is written once.
 */
export function settleSteps<S extends Step>(operation: Operation, steps: readonly S[]): readonly S[] {
  const { kind, request, status, endTime, earlier, migration, compensates } = operation;
  if (!isFinal(status)) return steps;
  const planned = plannedSteps(kind, request, { earlier, migration, undos: compensates?.undos });
  return steps.map((step) => {
    const isPlanned = planned.some(({ name, target }) => name === step.name && target === step.target);
    const isOpen = !isFinal(step.status) || (status === "Succeeded" && isPlanned && step.status !== "Succeeded");
    if (!isOpen) return step;
    return {
      ...step,
      status,
      endTime: step.endTime ?? endTime,
      // The end settled it: that is when it changed, if its own record has not changed since.
      changedTime: [step.changedTime ?? "", operation.changedTime ?? ""].toSorted().at(-1),
    };
  });
}
