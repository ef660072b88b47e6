/** What an onboarding and a change do until they are proven. */
import type { OrchestrationContext } from "durable-functions";
import { concludeApproval } from "../activities/concludeApproval.ts";
import { perform } from "../activities/steps.ts";
import { preflight } from "../application/process/preflight.ts";
import { aroundProof, stagesOf } from "../application/process/programs.ts";
import { defined } from "../domain/defined.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import { type OnFailure, saga } from "../durable/saga.ts";
import type { Durable } from "../durable/step.ts";
import { waitForEvent } from "../durable/waiting.ts";
import { execute } from "./execute.ts";
import { type OperationInput, type Report, setPhase, stepBase, workOf } from "./operation.ts";
import { persistenceOf } from "./persistence.ts";
import { resume } from "./undos.ts";

/** If a step fails for good, everything that this operation created is removed again, newest first. */
export function provision(
  context: OrchestrationContext,
  input: OperationInput,
  kind: "onboard" | "change",
): Durable<Report> {
  return saga((onFailure) => untilProof(context, input, { kind, onFailure }), {
    beforeCompensation: () => setPhase(context, "compensating"),
    persistence: persistenceOf(context, { ...input, kind }),
  });
}

export function* untilProof(
  context: OrchestrationContext,
  input: OperationInput,
  { kind, onFailure }: { readonly kind: "onboard" | "change"; readonly onFailure: OnFailure },
): Durable<Report> {
  const work = workOf(input, kind);
  resume(onFailure, input, work);

  setPhase(context, "preflight");
  let looked = yield* perform(preflight, work);
  // For a namespace that is being deleted; a cancel wakes it.
  while (looked.waitsUntil !== undefined) {
    yield* waitForEvent(context, decisionEvent, looked.waitsUntil);
    looked = yield* perform(preflight, work);
  }
  const { approval, admins } = looked;
  if (approval) yield* awaitApproval(context, input, approval.expiresTime);

  const [[, ...stages], afterwards] = aroundProof(stagesOf(work.operation, { admins }));
  return yield* execute(context, { input, work, stages, isFollowed: afterwards.length > 0, onFailure });
}

/**
 * Waits for a decision with one timer and one event, and no action in between; a timer function sends the reminders
 * (functions/operations/startAccepted.ts). The event only wakes the orchestration: the decision is read from the record.
 */
function* awaitApproval(context: OrchestrationContext, input: OperationInput, expiresTime: string): Durable<void> {
  setPhase(context, "awaitingApproval");
  for (;;) {
    const hasEvent = yield* waitForEvent(context, decisionEvent, expiresTime);
    const { request, earlier, retry } = input;
    const asked = { ...stepBase(input), request, ...defined({ earlier }), isTimeOver: !hasEvent };
    const { isDecided } = yield* concludeApproval(asked, retry);
    if (isDecided) return;
  }
}
