import { perform } from "../activities/steps.ts";
import { checkNamespace } from "../application/process/checkNamespace.ts";
import { stagesOf } from "../application/process/programs.ts";
import { ClientId } from "../domain/naming/identityPair.ts";
import { RecordedModes, readModes } from "../domain/operation/migration.ts";
import { orchestration } from "../durable/orchestration.ts";
import { execute } from "./execute.ts";
import { conclude, OperationInput, setPhase, workOf } from "./operation.ts";

const RepairInput = OperationInput.extend({
  /** The client ID of the identity that the namespace was onboarded with. */
  clientId: ClientId.optional(),
  ...RecordedModes.shape,
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
      const { request, clientId } = input;
      const work = workOf(input, "repair", { clientId, modeBeside: readModes(request, input) });

      setPhase(context, "preflight");
      const { admins, hasLeftovers } = yield* perform(checkNamespace, work);

      const [, ...stages] = stagesOf(work.operation, { admins, hasLeftovers });
      return yield* execute(context, { input, work, stages });
    }),
});
