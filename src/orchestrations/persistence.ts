/** How the undos of an operation go on (durable/persist.ts). */
import type { OrchestrationContext } from "durable-functions";
import { isRetried } from "../domain/errors.ts";
import { StepFailed } from "../durable/activity.ts";
import type { Persistence } from "../durable/persist.ts";
import { isPersistent } from "../durable/retry.ts";
import { decisionEvent } from "./approval.ts";
import type { OperationInput } from "./operation.ts";

/** Undefined for an operation that 0.1.0 began: its undos run once. */
export function persistenceOf(context: OrchestrationContext, input: OperationInput): Persistence | undefined {
  if (!isPersistent(input.retry)) return undefined;
  return {
    context,
    policy: input.retry,
    wakes: decisionEvent,
    isPassing: (error) => error instanceof StepFailed && isRetried(error.code),
    *onWait() {
      // Filled in below.
    },
  };
}
