/** The way up, for an onboarding and for a change; and by name the undos, for the way down and for a later second try. */
import type { OrchestrationContext } from "durable-functions";
import { verify } from "../activities/inspection/verification.ts";
import { verifyAndConclude } from "../activities/inspection/verifyAndConclude.ts";
import { preflight } from "../activities/plan/preflight.ts";
import { connectWorkload } from "../activities/resources/connectWorkload.ts";
import { revokeDatabase } from "../activities/resources/databaseRevocation.ts";
import { grantDatabase } from "../activities/resources/databaseUser.ts";
import { unfederateIdentity } from "../activities/resources/federatedCredential.ts";
import { removeIdentity } from "../activities/resources/identity.ts";
import { removeNamespace, restoreNamespace } from "../activities/resources/namespace.ts";
import { applyPodIdentity, removePodIdentity, restorePodIdentity } from "../activities/resources/podIdentity.ts";
import { prepareNamespace } from "../activities/resources/prepareNamespace.ts";
import { removeServiceAccount } from "../activities/resources/serviceAccount.ts";
import type { OnboardingRequest } from "../domain/request/request.ts";
import type { OnFailure } from "../durable/saga.ts";
import { all, type Durable, type Step } from "../durable/step.ts";
import { awaitApproval } from "./approval.ts";
import { type OperationInput, type Report, setPhase, stepBase } from "./operation.ts";

/** Brings the namespace to the state that the request asks for, and proves it. Takes nothing away. `isAll`: that is the end. */
export function* provision(
  context: OrchestrationContext,
  input: OperationInput,
  { onFailure, isAll }: { onFailure: OnFailure; isAll: boolean },
): Durable<Report> {
  const { request, earlier, retry } = input;
  const { adoptionPolicy, databases, serviceAccount } = request;
  const base = stepBase(input);
  const undos = undosOf(input, input.operation);
  const undoLater = (name: string) => {
    const undo = undos.get(name);
    if (undo) onFailure(name, undo);
  };

  setPhase(context, "preflight");
  const { approval } = yield* preflight({ ...base, request, ...(earlier ? { earlier } : {}) }, retry);
  if (approval) yield* awaitApproval(context, input, approval.expiresTime);

  setPhase(context, "provisioning");
  undoLater("removeNamespace");
  undoLater("restoreNamespace");
  undoLater("removeIdentity");
  const [identity, { uid }] = yield* prepareNamespace({ ...base, databases, adoptionPolicy }, retry);

  const steps: Step<unknown>[] = [];
  for (const database of databases) {
    undoLater(`revokeDatabase ${database.server}/${database.database}`);
    steps.push(grantDatabase({ ...base, database, adoptionPolicy, identity }, retry));
  }
  if (request.identityMode === "workloadIdentity") {
    undoLater("unfederateIdentity");
    undoLater("removeServiceAccount");
    steps.push(connectWorkload({ ...base, serviceAccount, adoptionPolicy, identity }, retry));
  } else {
    undoLater("removePodIdentity");
    undoLater("restorePodIdentity");
    steps.push(applyPodIdentity({ ...base, selector: selectorOf(request), adoptionPolicy, identity }, retry));
  }
  yield* all(context, steps);

  setPhase(context, "verifying");
  const reached = { clientId: identity.clientId, ...(uid === undefined ? {} : { namespaceUid: uid }) };
  const proof = { ...base, request, identity };
  if (!isAll) return { ...reached, findings: (yield* verify(proof, retry)).findings };
  return yield* verifyAndConclude({ ...proof, kind: earlier ? "change" : "onboard", namespaceUid: uid }, retry);
}

/**
 * Every undo that an operation may need, by the name under which a status reports it when it fails. Each takes away what
 * the given operation created, and nothing else; of what a change wrote over, the earlier state is put back.
 */
export function undosOf(input: OperationInput, createdBy: string): ReadonlyMap<string, () => Step<unknown>> {
  const { request, earlier, retry } = input;
  const { databases, serviceAccount } = request;
  const undo = { ...stepBase(input), createdBy };
  const undos = new Map<string, () => Step<unknown>>([
    ["removeNamespace", () => removeNamespace({ ...undo, deletePolicy: "Delete" }, retry)],
    ["removeIdentity", () => removeIdentity(undo, retry)],
    ["unfederateIdentity", () => unfederateIdentity({ ...undo, serviceAccount }, retry)],
    ["removeServiceAccount", () => removeServiceAccount({ ...undo, serviceAccount }, retry)],
    ["removePodIdentity", () => removePodIdentity(undo, retry)],
  ]);
  for (const database of databases) {
    const { server, database: name } = database;
    undos.set(`revokeDatabase ${server}/${name}`, () => revokeDatabase({ ...undo, database }, retry));
  }
  if (earlier) {
    const contents = { written: databases, before: earlier.databases };
    undos.set("restoreNamespace", () => restoreNamespace({ ...undo, ...contents }, retry));
    const selectors = { written: selectorOf(request), before: selectorOf(earlier) };
    undos.set("restorePodIdentity", () => restorePodIdentity({ ...undo, ...selectors }, retry));
  }
  return undos;
}

function selectorOf({ selector, namespace }: OnboardingRequest): string {
  return selector ?? namespace;
}
