/** The forward path of an onboarding and of a change. */
import type { OrchestrationContext } from "durable-functions";
import { handOver } from "../activities/operation.ts";
import { perform } from "../activities/steps.ts";
import { verifyAndConclude } from "../activities/verifyAndConclude.ts";
import { preflight } from "../application/process/preflight.ts";
import { forwardStages } from "../application/process/stages.ts";
import { verify } from "../application/process/verify.ts";
import { defined } from "../domain/defined.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import type { OnFailure } from "../durable/saga.ts";
import type { Durable } from "../durable/step.ts";
import { waitForEvent } from "../durable/waiting.ts";
import { awaitApproval } from "./approval.ts";
import { type OperationInput, type Report, setPhase, stepBase, workOf } from "./operation.ts";
import { runStages } from "./stages.ts";
import { resume, undoLater } from "./undos.ts";

/**
 * Brings the namespace to the state that the request asks for, and verifies it. Removes nothing, except in a take-over. The undos
 * of a stage are registered before its first step. `endsOperation`: nothing comes after it.
 */
export function* provision(
  context: OrchestrationContext,
  input: OperationInput,
  { onFailure, endsOperation }: { onFailure: OnFailure; endsOperation: boolean },
): Durable<Report> {
  const { earlier, retry } = input;
  const kind = earlier ? "change" : "onboard";
  const work = workOf(input, kind);
  const { operation } = work;
  resume(onFailure, input, work);

  setPhase(context, "preflight");
  let looked = yield* perform(preflight, work);
  // For a namespace that is being deleted; a cancel wakes it.
  while (looked.waitsUntil !== undefined) {
    yield* waitForEvent(context, decisionEvent, looked.waitsUntil);
    looked = yield* perform(preflight, work);
  }
  const { approval, admins = [] } = looked;
  if (approval) yield* awaitApproval(context, input, approval.expiresTime);

  setPhase(context, "provisioning");
  const stages = forwardStages(operation, { admins, takesOver: input.takesOver });
  const { work: known, reached } = yield* runStages(context, work, stages, {
    before({ steps, isUndone }, current) {
      if (isUndone) undoLater(onFailure, steps, current);
    },
    *after({ name }) {
      // Neither team ever has what the other one asked for, however the operation ends (docs/adr/0007-change-takes-away-last.md).
      if (name === "takeAway") yield* handOver(stepBase(input), retry);
    },
  });

  setPhase(context, "verifying");
  if (!endsOperation) {
    const { findings, things } = yield* perform(verify, known);
    return { ...reached, findings, ...defined({ things }) };
  }
  const proof = { ...known.base, ...verify.from(known.operation, "") };
  return yield* verifyAndConclude({ ...proof, kind, namespaceUid: reached.namespaceUid }, retry);
}
