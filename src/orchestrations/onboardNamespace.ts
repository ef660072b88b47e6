import type { OrchestrationContext } from "durable-functions";
import { grantDatabase, revokeDatabase } from "../activities/databaseUser.ts";
import { federateIdentity, unfederateIdentity } from "../activities/federatedCredential.ts";
import { ensureIdentity, removeIdentity } from "../activities/identity.ts";
import { applyNamespace, removeNamespace } from "../activities/namespace.ts";
import { applyPodIdentity, removePodIdentity } from "../activities/podIdentity.ts";
import { preflight } from "../activities/preflight.ts";
import { applyServiceAccount, removeServiceAccount } from "../activities/serviceAccount.ts";
import { verify } from "../activities/verification.ts";
import { orchestration } from "../durable/orchestration.ts";
import { type OnFailure, saga } from "../durable/saga.ts";
import { all, type Durable, type Step } from "../durable/step.ts";
import { awaitApproval } from "./approval.ts";
import { conclude, OperationInput, setPhase, stepBase } from "./operation.ts";

/**
 * Gives a namespace its identity, its database users and its Kubernetes objects, and proves the result. When a step fails
 * for good, everything that this operation created is removed again, newest first.
 */
export const onboardNamespace = orchestration({
  name: "onboardNamespace",
  input: OperationInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "onboard" }, () =>
      saga((onFailure) => provision(context, input, onFailure), {
        beforeCompensation: () => setPhase(context, "compensating"),
      }),
    ),
});

export function* provision(
  context: OrchestrationContext,
  input: OperationInput,
  onFailure: OnFailure,
): Durable<{ clientId: string }> {
  const { request, retry } = input;
  const { adoptionPolicy, databases, serviceAccount } = request;
  const base = stepBase(input);
  const undo = { ...base, createdBy: input.operation };

  setPhase(context, "preflight");
  const { approval } = yield* preflight({ ...base, request }, retry);
  if (approval) yield* awaitApproval(context, input, approval.expiresTime);

  setPhase(context, "provisioning");
  onFailure("removeNamespace", () => removeNamespace({ ...undo, deletePolicy: "Delete" }, retry));
  onFailure("removeIdentity", () => removeIdentity(undo, retry));
  const [identity] = yield* all(context, [
    ensureIdentity({ ...base, adoptionPolicy }, retry),
    applyNamespace({ ...base, databases, adoptionPolicy }, retry),
  ]);

  const steps: Step<unknown>[] = [];
  for (const database of databases) {
    onFailure(`revokeDatabase ${database.server}/${database.database}`, () =>
      revokeDatabase({ ...undo, database }, retry),
    );
    steps.push(grantDatabase({ ...base, database, adoptionPolicy, identity }, retry));
  }
  if (request.identityMode === "workloadIdentity") {
    onFailure("unfederateIdentity", () => unfederateIdentity({ ...undo, serviceAccount }, retry));
    onFailure("removeServiceAccount", () => removeServiceAccount({ ...undo, serviceAccount }, retry));
    steps.push(
      applyServiceAccount({ ...base, serviceAccount, adoptionPolicy, identity }, retry),
      federateIdentity({ ...base, serviceAccount }, retry),
    );
  } else {
    onFailure("removePodIdentity", () => removePodIdentity(undo, retry));
    const selector = request.selector ?? request.namespace;
    steps.push(applyPodIdentity({ ...base, selector, adoptionPolicy, identity }, retry));
  }
  yield* all(context, steps);

  setPhase(context, "verifying");
  yield* verify({ ...base, request, identity }, retry);
  return { clientId: identity.clientId };
}
