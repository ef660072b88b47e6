import type { OrchestrationContext } from "durable-functions";
import { concludeApproval } from "../activities/concludeApproval.ts";
import { defined } from "../domain/defined.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import type { Durable } from "../durable/step.ts";
import { waitForEvent } from "../durable/waiting.ts";
import { type OperationInput, setPhase, stepBase } from "./operation.ts";

/**
 * Waits for a decision with one timer and one event, and no action in between; a timer function sends the reminders
 * (functions/operations/startAccepted.ts). The event only wakes the orchestration: the decision is read from the record.
 */
export function* awaitApproval(
  context: OrchestrationContext,
  input: OperationInput,
  expiresTime: string,
): Durable<void> {
  setPhase(context, "awaitingApproval");
  for (;;) {
    const hasEvent = yield* waitForEvent(context, decisionEvent, expiresTime);
    const { request, earlier, retry } = input;
    const asked = { ...stepBase(input), request, ...defined({ earlier }), isTimeOver: !hasEvent };
    const { isDecided } = yield* concludeApproval(asked, retry);
    if (isDecided) return;
  }
}
