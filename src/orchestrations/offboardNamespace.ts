import { z } from "zod";
import { checkDependants } from "../activities/checkDependants.ts";
import { retireCredential, unfederateIdentity } from "../activities/federatedCredential.ts";
import { removeIdentity } from "../activities/identity.ts";
import { removeNamespace } from "../activities/namespace.ts";
import { removePodIdentity } from "../activities/podIdentity.ts";
import { removeServiceAccount, retireServiceAccount } from "../activities/serviceAccount.ts";
import { retireTargets, revokeTargets } from "../activities/targets.ts";
import { verifyRemoval } from "../activities/verification.ts";
import { replacedAccount } from "../domain/request/change.ts";
import { orchestration } from "../durable/orchestration.ts";
import { all } from "../durable/step.ts";
import { conclude, OperationInput, setPhase, stepBase } from "./operation.ts";

const OffboardInput = OperationInput.extend({
  /** Objects of both identity modes may be there. */
  isMigrating: z.boolean(),
  /** Continues although others depend on what is removed. */
  ignoreDependants: z.boolean(),
});

/**
 * Removes a namespace's access: first what lets a pod become the identity, then what the identity may do, then the identity
 * itself, and the namespace last. If someone else depends on any of this, it stops before the first removal. It has no undo; if
 * a step fails, it stops there and can be run again.
 */
export const offboardNamespace = orchestration({
  name: "offboardNamespace",
  input: OffboardInput,
  run: (context, input) => {
    let isUntouched = !input.resumed?.hasChanged;
    const body = function* () {
      const { request, earlier, retry, isMigrating, ignoreDependants } = input;
      const { serviceAccount, deletePolicy } = request;
      const base = stepBase(input);
      // Left over from a change that stopped partway.
      const oldAccount = earlier && replacedAccount(request, earlier);
      const isWorkload = isMigrating || request.identityMode === "workloadIdentity";
      const isPod = isMigrating || request.identityMode === "podIdentity";

      setPhase(context, "preflight");
      yield* checkDependants({ ...base, request, ignoreDependants, ...(earlier ? { earlier } : {}) }, retry);

      isUntouched = false;
      setPhase(context, "provisioning");
      yield* all(context, [
        ...(isWorkload ? [removeServiceAccount({ ...base, serviceAccount }, retry)] : []),
        ...(isPod ? [removePodIdentity(base, retry)] : []),
        ...revokeTargets(base, request),
        ...(earlier ? retireTargets(base, request, earlier) : []),
        ...(oldAccount ? [retireServiceAccount({ ...base, serviceAccount: oldAccount }, retry)] : []),
      ]);
      if (oldAccount) yield* retireCredential({ ...base, serviceAccount: oldAccount }, retry);
      yield* unfederateIdentity({ ...base, serviceAccount }, retry);
      yield* removeIdentity(base, retry);
      yield* removeNamespace({ ...base, deletePolicy, ...(ignoreDependants ? { ignoreDependants } : {}) }, retry);

      setPhase(context, "verifying");
      yield* verifyRemoval({ ...base, request, isMigrating, ...(earlier ? { earlier } : {}) }, retry);
      return {};
    };
    return conclude(context, { ...input, kind: "offboard" }, body, () => ({ isUntouched }));
  },
});
