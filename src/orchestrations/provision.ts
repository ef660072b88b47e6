/** The forward path of an onboarding and of a change. */
import type { OrchestrationContext } from "durable-functions";
import { handOver } from "../activities/handOver.ts";
import { perform, performPreparation, performTogether } from "../activities/steps.ts";
import { verifyAndConclude } from "../activities/verifyAndConclude.ts";
import { preflight } from "../application/process/preflight.ts";
import { administered, madeIn, replaced } from "../application/process/stages.ts";
import { verify } from "../application/process/verify.ts";
import { defined } from "../domain/defined.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import type { OnFailure } from "../durable/saga.ts";
import { all, type Durable } from "../durable/step.ts";
import { waitForEvent } from "../durable/waiting.ts";
import { awaitApproval } from "./approval.ts";
import { type OperationInput, type Report, setPhase, stepBase, workOf } from "./operation.ts";
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
  const servers = administered(operation, admins);
  undoLater(onFailure, servers, work);
  yield* all(context, performTogether(servers, work));

  if (input.takesOver) {
    // Neither team ever has what the other one asked for, however the operation ends (docs/adr/0007-change-takes-away-last.md).
    yield* all(context, performTogether(replaced(operation), work));
    yield* handOver(stepBase(input), retry);
  }

  // Undone last, apart from the SQL administrators: the identity is removed, then the namespace.
  const preparation = madeIn("prepare", operation);
  undoLater(onFailure, preparation, work);
  const [identity, { uid }] = yield* performPreparation(preparation, work);

  // Undone first: what lets a pod become the identity is removed, then what the identity may do.
  const known = workOf(input, kind, { identity });
  const connection = madeIn("connect", operation);
  undoLater(onFailure, connection, known);
  yield* all(context, performTogether(connection, known));

  setPhase(context, "verifying");
  const reached = { clientId: identity.clientId, ...defined({ namespaceUid: uid }) };
  if (!endsOperation) {
    const { findings, things } = yield* perform(verify, known);
    return { ...reached, findings, ...(things ? { things } : {}) };
  }
  const proof = { ...known.base, ...verify.from(known.operation, "") };
  return yield* verifyAndConclude({ ...proof, kind, namespaceUid: uid }, retry);
}
