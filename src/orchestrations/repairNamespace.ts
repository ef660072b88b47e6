import { z } from "zod";
import { removeLeftovers } from "../activities/leftovers.ts";
import { prepareNamespace } from "../activities/namespace.ts";
import { applyPodIdentity } from "../activities/podIdentity.ts";
import { checkNamespace } from "../activities/preflight.ts";
import { connectWorkload } from "../activities/serviceAccount.ts";
import { grantTargets } from "../activities/targets.ts";
import { verifyAndConclude } from "../activities/verifyAndConclude.ts";
import { selectorOf } from "../domain/request/request.ts";
import { targetsOf } from "../domain/targets/index.ts";
import { orchestration } from "../durable/orchestration.ts";
import { all } from "../durable/step.ts";
import { conclude, OperationInput, setPhase, stepBase } from "./operation.ts";
import { setSqlAdmins } from "./setSqlAdmins.ts";

const RepairInput = OperationInput.extend({
  /** The client ID of the identity that the namespace was onboarded with. */
  clientId: z.guid().optional(),
  isMigrating: z.boolean(),
});

/**
 * Repairs drift with the steps of an onboarding, which look before they write: what is right stays as it is. What belongs to
 * others always stays, and stops the repair before its first write if it is in the way. A repair has no undo, because undoing
 * it would break things again; one that fails has repaired a part, and can be run again.
 */
export const repairNamespace = orchestration({
  name: "repairNamespace",
  input: RepairInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "repair" }, function* () {
      const { request, retry, clientId, isMigrating } = input;
      const { adoptionPolicy, serviceAccount } = request;
      const base = stepBase(input);

      setPhase(context, "preflight");
      const { admins } = yield* checkNamespace({ ...base, request, clientId, isMigrating }, retry);

      setPhase(context, "provisioning");
      if (admins) yield* setSqlAdmins(context, input, { admins });
      const [identity, { uid }] = yield* prepareNamespace(
        { ...base, ...targetsOf(request), adoptionPolicy, clientId },
        retry,
      );

      yield* all(context, [
        ...grantTargets(base, request, { adoptionPolicy, identity, takesBack: true }),
        request.identityMode === "workloadIdentity"
          ? connectWorkload({ ...base, serviceAccount, adoptionPolicy, identity }, retry)
          : applyPodIdentity({ ...base, selector: selectorOf(request), adoptionPolicy, identity }, retry),
      ]);
      if (!isMigrating) yield* removeLeftovers({ ...base, request }, retry);

      setPhase(context, "verifying");
      const proof = { ...base, request, identity, isMigrating };
      return yield* verifyAndConclude({ ...proof, kind: "repair", namespaceUid: uid }, retry);
    }),
});
