/** The way up, for an onboarding and for a change. */
import type { OrchestrationContext } from "durable-functions";
import { verify } from "../activities/inspection/verification.ts";
import { verifyAndConclude } from "../activities/inspection/verifyAndConclude.ts";
import { preflight } from "../activities/plan/preflight.ts";
import { connectWorkload } from "../activities/resources/connectWorkload.ts";
import { grantDatabase } from "../activities/resources/databaseUser.ts";
import { applyPodIdentity, selectorOf } from "../activities/resources/podIdentity.ts";
import { prepareNamespace } from "../activities/resources/prepareNamespace.ts";
import type { OnFailure } from "../durable/saga.ts";
import { all, type Durable, type Step } from "../durable/step.ts";
import { awaitApproval } from "./approval.ts";
import { type OperationInput, type Report, setPhase, stepBase } from "./operation.ts";
import { undoRegistrar } from "./undos.ts";

/** Brings the namespace to the state that the request asks for, and proves it. Takes nothing away. `isAll`: that is the end. */
export function* provision(
  context: OrchestrationContext,
  input: OperationInput,
  { onFailure, isAll }: { onFailure: OnFailure; isAll: boolean },
): Durable<Report> {
  const { request, earlier, retry } = input;
  const { adoptionPolicy, databases, serviceAccount } = request;
  const base = stepBase(input);
  const kind = earlier ? "change" : "onboard";
  const undoLater = undoRegistrar(kind, input);

  setPhase(context, "preflight");
  const { approval } = yield* preflight({ ...base, request, ...(earlier ? { earlier } : {}) }, retry);
  if (approval) yield* awaitApproval(context, input, approval.expiresTime);

  setPhase(context, "provisioning");
  undoLater(onFailure, "ensureIdentity");
  const [identity, { uid }] = yield* prepareNamespace({ ...base, databases, adoptionPolicy }, retry);

  undoLater(onFailure, "grantDatabase");
  const steps: Step<unknown>[] = databases.map((database) =>
    grantDatabase({ ...base, database, adoptionPolicy, identity }, retry),
  );
  if (request.identityMode === "workloadIdentity") {
    steps.push(connectWorkload({ ...base, serviceAccount, adoptionPolicy, identity }, retry));
  } else {
    steps.push(applyPodIdentity({ ...base, selector: selectorOf(request), adoptionPolicy, identity }, retry));
  }
  yield* all(context, steps);

  setPhase(context, "verifying");
  const reached = { clientId: identity.clientId, ...(uid === undefined ? {} : { namespaceUid: uid }) };
  const proof = { ...base, request, identity };
  if (!isAll) return { ...reached, findings: (yield* verify(proof, retry)).findings };
  return yield* verifyAndConclude({ ...proof, kind, namespaceUid: uid }, retry);
}
