import { z } from "zod";
import { perform, performStep } from "../activities/steps.ts";
import { checkDependants } from "../application/process/checkDependants.ts";
import { stagesOf } from "../application/process/programs.ts";
import { RecordedModes, readModes } from "../domain/operation/migration.ts";
import { orchestration } from "../durable/orchestration.ts";
import { isPersistent } from "../durable/retry.ts";
import { settledOf } from "../durable/step.ts";
import { execute } from "./execute.ts";
import { conclude, OperationInput, setPhase, workOf } from "./operation.ts";

const OffboardInput = OperationInput.extend({
  ...RecordedModes.shape,
  /** Continues although others depend on what is removed. */
  ignoreDependants: z.boolean(),
});

/**
 * Removes a namespace's access: first what lets a pod become the identity, then what the identity may do, then the identity
 * itself, and the namespace last. If someone else uses the identity, it stops before the first removal (where access has ended, before
 * the identity); what is in the way of one removal stops it only after all others of access. It has no undo, and can be run again.
 */
export const offboardNamespace = orchestration({
  name: "offboardNamespace",
  input: OffboardInput,
  run: (context, input) => {
    let isUntouched = !input.resumed?.hasChanged;
    const body = function* () {
      const { request, ignoreDependants } = input;
      const facts = { modeBeside: readModes(request, input), ignoreDependants };
      const { base, operation } = workOf(input, "offboard", facts);
      // In an offboarding that 0.1.0 began, each removal looks once.
      const work = { base: isPersistent(input.retry) ? { ...base, looksAgain: true } : base, operation };

      setPhase(context, "preflight");
      const { isHeld, hasLeftovers } = yield* perform(checkDependants, work);

      isUntouched = false;
      const [, ...stages] = stagesOf(operation, { isHeld, hasLeftovers });
      try {
        yield* execute(context, { input, work, stages });
      } catch (error) {
        // In an offboarding that 0.1.0 began, the credential waits for everything before it.
        const shutting = isPersistent(input.retry) ? stages.filter(({ name }) => name === "shut") : [];
        for (const step of shutting.flatMap(({ steps }) => steps)) yield* settledOf(performStep(step, work));
        throw error;
      }
      return {};
    };
    return conclude(context, { ...input, kind: "offboard" }, body, () => ({ isUntouched }));
  },
});
