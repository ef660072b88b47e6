/** How the undos of an operation go on (durable/persist.ts). */
import type { OrchestrationContext } from "durable-functions";
import { announceUndos } from "../activities/operation.ts";
import { mayPass } from "../domain/errors.ts";
import type { OperationKind } from "../domain/operation/operation.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import { StepFailed } from "../durable/activity.ts";
import type { Persistence } from "../durable/persist.ts";
import { isPersistent } from "../durable/retry.ts";
import { type OperationInput, stepBase } from "./operation.ts";

/** Undefined for an operation that 0.1.0 began: its undos run once. */
export function persistenceOf(
  context: OrchestrationContext,
  { kind, ...input }: OperationInput & { readonly kind: OperationKind },
): Persistence | undefined {
  if (!isPersistent(input.retry)) return undefined;
  return {
    context,
    policy: input.retry,
    wakes: decisionEvent,
    isPassing: (error) => error instanceof StepFailed && mayPass(error.code),
    *onWait(waiting) {
      const undos = waiting.map(({ name, error }) => ({
        name,
        ...(error instanceof StepFailed ? { failure: error.failure } : {}),
      }));
      try {
        yield* announceUndos({ ...stepBase(input), kind, undos }, input.retry);
      } catch (error) {
        // The undos matter more than what is shown of them.
        if (!(error instanceof StepFailed)) throw error;
      }
    },
  };
}
