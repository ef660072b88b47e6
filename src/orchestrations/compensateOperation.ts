import { z } from "zod";
import { announceStart } from "../activities/operation/outcome.ts";
import { orchestration } from "../durable/orchestration.ts";
import { CompensationFailed, runUndos, type Undo } from "../durable/saga.ts";
import { conclude, OperationInput, setPhase, stepBase } from "./operation.ts";
import { undosOf } from "./provision.ts";

const CompensationInput = OperationInput.extend({
  compensates: z.object({ of: z.string(), createdBy: z.string(), undos: z.array(z.string()) }),
});

/** Runs again the undos of an operation that failed, and only those. What fails again is reported by name again. */
export const compensateOperation = orchestration({
  name: "compensateOperation",
  input: CompensationInput,
  run: (context, { compensates, ...input }) =>
    conclude(context, { ...input, kind: "compensate" }, function* () {
      setPhase(context, "compensating");
      try {
        yield* announceStart({ ...stepBase(input), kind: "compensate" }, input.retry);
      } catch (cause) {
        // Nothing was tried, so all of it is left, by name.
        throw new CompensationFailed(
          compensates.undos.map((compensation) => ({ compensation, error: cause })),
          cause,
        );
      }
      const known = undosOf(input, compensates.createdBy);
      const undos = compensates.undos.flatMap((name): Undo[] => {
        const undo = known.get(name);
        return undo ? [{ name, undo }] : [];
      });
      const failures = yield* runUndos(undos);
      if (failures.length > 0) throw new CompensationFailed(failures, new Error("The second try failed too."));
      return {};
    }),
});
