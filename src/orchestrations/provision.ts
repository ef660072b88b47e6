/** The forward path of an onboarding and of a change. */
import type { OrchestrationContext } from "durable-functions";
import { prepareNamespace } from "../activities/namespace.ts";
import { applyPodIdentity } from "../activities/podIdentity.ts";
import { preflight } from "../activities/preflight.ts";
import { connectWorkload } from "../activities/serviceAccount.ts";
import { grantTargets } from "../activities/targets.ts";
import { verify } from "../activities/verification.ts";
import { verifyAndConclude } from "../activities/verifyAndConclude.ts";
import { selectorOf } from "../domain/request/request.ts";
import { targetsOf } from "../domain/targets/index.ts";
import type { OnFailure } from "../durable/saga.ts";
import { all, type Durable } from "../durable/step.ts";
import { awaitApproval } from "./approval.ts";
import { type OperationInput, type Report, setPhase, stepBase } from "./operation.ts";
import { setSqlAdmins } from "./setSqlAdmins.ts";
import { takeOver } from "./takeOver.ts";
import { resume, undoRegistrar } from "./undos.ts";

/**
 * Brings the namespace to the state that the request asks for, and verifies it. Removes nothing, except in a take-over.
 * `endsOperation`: nothing comes after it.
 */
export function* provision(
  context: OrchestrationContext,
  input: OperationInput,
  { onFailure, endsOperation }: { onFailure: OnFailure; endsOperation: boolean },
): Durable<Report> {
  const { request, earlier, retry } = input;
  const { adoptionPolicy, serviceAccount } = request;
  const base = stepBase(input);
  const kind = earlier ? "change" : "onboard";
  const undoLater = undoRegistrar(kind, input);
  resume(onFailure, input);

  setPhase(context, "preflight");
  const { approval, admins } = yield* preflight({ ...base, request, ...(earlier ? { earlier } : {}) }, retry);
  if (approval) yield* awaitApproval(context, input, approval.expiresTime);

  setPhase(context, "provisioning");
  if (admins) yield* setSqlAdmins(context, input, { admins, onFailure });
  if (input.takesOver) yield* takeOver(context, input);
  // Undone last, apart from the SQL administrators: the identity is removed, then the namespace.
  undoLater(onFailure, { making: "prepare" });
  const [identity, { uid }] = yield* prepareNamespace({ ...base, ...targetsOf(request), adoptionPolicy }, retry);

  // Undone first: what lets a pod become the identity is removed, then what the identity may do.
  undoLater(onFailure, { making: "connect" });
  yield* all(context, [
    ...grantTargets(base, request, { adoptionPolicy, identity }),
    request.identityMode === "workloadIdentity"
      ? connectWorkload({ ...base, serviceAccount, adoptionPolicy, identity }, retry)
      : applyPodIdentity({ ...base, selector: selectorOf(request), adoptionPolicy, identity }, retry),
  ]);

  setPhase(context, "verifying");
  const reached = { clientId: identity.clientId, ...(uid === undefined ? {} : { namespaceUid: uid }) };
  const proof = { ...base, request, identity };
  if (!endsOperation) {
    const { findings, things } = yield* verify(proof, retry);
    return { ...reached, findings, ...(things ? { things } : {}) };
  }
  return yield* verifyAndConclude({ ...proof, kind, namespaceUid: uid }, retry);
}
