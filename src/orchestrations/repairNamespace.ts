import { z } from "zod";
import { verifyAndConclude } from "../activities/inspection/verifyAndConclude.ts";
import { checkNamespace } from "../activities/plan/preflight.ts";
import { connectWorkload } from "../activities/resources/connectWorkload.ts";
import { grantDatabase } from "../activities/resources/databaseUser.ts";
import { removeLeftovers } from "../activities/resources/leftovers.ts";
import { applyPodIdentity } from "../activities/resources/podIdentity.ts";
import { prepareNamespace } from "../activities/resources/prepareNamespace.ts";
import { orchestration } from "../durable/orchestration.ts";
import { all, type Step } from "../durable/step.ts";
import { conclude, OperationInput, setPhase, stepBase } from "./operation.ts";

const RepairInput = OperationInput.extend({
  /** Of the identity that the namespace was onboarded with. */
  clientId: z.guid().optional(),
  isMigrating: z.boolean(),
});

/**
 * Puts drift right with the steps of an onboarding, which look before they write: what is right stays as it is, what is
 * foreign stays in any case, and stops it before the first write. It has no undo, because to undo a repair would be to break things again; one that fails has
 * put some of it right, and can be run again.
 */
export const repairNamespace = orchestration({
  name: "repairNamespace",
  input: RepairInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "repair" }, function* () {
      const { request, retry, clientId, isMigrating } = input;
      const { adoptionPolicy, databases, serviceAccount } = request;
      const base = stepBase(input);

      setPhase(context, "preflight");
      yield* checkNamespace({ ...base, request, clientId, isMigrating }, retry);

      setPhase(context, "provisioning");
      const [identity, { uid }] = yield* prepareNamespace({ ...base, databases, adoptionPolicy, clientId }, retry);

      const steps: Step<unknown>[] = databases.map((database) =>
        grantDatabase({ ...base, database, adoptionPolicy, identity, takesBack: true }, retry),
      );
      if (request.identityMode === "workloadIdentity") {
        steps.push(connectWorkload({ ...base, serviceAccount, adoptionPolicy, identity }, retry));
      } else {
        const selector = request.selector ?? request.namespace;
        steps.push(applyPodIdentity({ ...base, selector, adoptionPolicy, identity }, retry));
      }
      yield* all(context, steps);
      if (!isMigrating) yield* removeLeftovers({ ...base, request }, retry);

      setPhase(context, "verifying");
      const proof = { ...base, request, identity, isMigrating };
      return yield* verifyAndConclude({ ...proof, kind: "repair", namespaceUid: uid }, retry);
    }),
});
