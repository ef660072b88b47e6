import { z } from "zod";
import { verifyRemoval } from "../activities/inspection/verification.ts";
import { checkDependants } from "../activities/plan/checkDependants.ts";
import { retireDatabase, revokeDatabase } from "../activities/resources/databaseRevocation.ts";
import { retireCredential, unfederateIdentity } from "../activities/resources/federatedCredential.ts";
import { removeIdentity } from "../activities/resources/identity.ts";
import { removeNamespace } from "../activities/resources/namespace.ts";
import { removePodIdentity } from "../activities/resources/podIdentity.ts";
import { removeServiceAccount, retireServiceAccount } from "../activities/resources/serviceAccount.ts";
import { replacedBy } from "../domain/request/change.ts";
import { orchestration } from "../durable/orchestration.ts";
import { all } from "../durable/step.ts";
import { conclude, OperationInput, setPhase, stepBase } from "./operation.ts";

const OffboardInput = OperationInput.extend({
  /** Both identity modes may have left their objects. */
  isMigrating: z.boolean(),
  /** Goes on although others depend on what is removed. */
  ignoreDependants: z.boolean(),
});

/**
 * Takes a namespace's access away again: first what lets a pod become the identity, then what the identity may do, then
 * the identity itself, and the namespace last. It stops before the first removal when somebody else depends on a thing. It
 * has no undo; when a step fails it stops there, and can be run again.
 */
export const offboardNamespace = orchestration({
  name: "offboardNamespace",
  input: OffboardInput,
  run: (context, input) => {
    let isUntouched = true;
    const body = function* () {
      const { request, earlier, retry, isMigrating, ignoreDependants } = input;
      const { serviceAccount, deletePolicy } = request;
      const base = stepBase(input);
      // What a change left that ended half-way.
      const replaced = earlier && replacedBy(request, earlier);
      const replacedAccount = replaced?.serviceAccount;
      const isWorkload = isMigrating || request.identityMode === "workloadIdentity";
      const isPod = isMigrating || request.identityMode === "podIdentity";

      setPhase(context, "preflight");
      yield* checkDependants({ ...base, request, ignoreDependants, ...(earlier ? { earlier } : {}) }, retry);

      isUntouched = false;
      setPhase(context, "provisioning");
      yield* all(context, [
        ...(isWorkload ? [removeServiceAccount({ ...base, serviceAccount }, retry)] : []),
        ...(isPod ? [removePodIdentity(base, retry)] : []),
        ...request.databases.map((database) => revokeDatabase({ ...base, database }, retry)),
        ...(replaced?.removed ?? []).map((database) => retireDatabase({ ...base, database }, retry)),
        ...(replacedAccount ? [retireServiceAccount({ ...base, serviceAccount: replacedAccount }, retry)] : []),
      ]);
      if (replacedAccount) yield* retireCredential({ ...base, serviceAccount: replacedAccount }, retry);
      yield* unfederateIdentity({ ...base, serviceAccount }, retry);
      yield* removeIdentity(base, retry);
      yield* removeNamespace({ ...base, deletePolicy }, retry);

      setPhase(context, "verifying");
      yield* verifyRemoval({ ...base, request, isMigrating, ...(earlier ? { earlier } : {}) }, retry);
      return {};
    };
    return conclude(context, { ...input, kind: "offboard" }, body, () => ({ isUntouched }));
  },
});
