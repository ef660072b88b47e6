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
