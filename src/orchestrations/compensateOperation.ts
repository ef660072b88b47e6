import { z } from "zod";
import { announceStart } from "../activities/outcome.ts";
import { Migration } from "../domain/operation/migration.ts";
import { orchestration } from "../durable/orchestration.ts";
import { CompensationFailed, runUndos, type Undo } from "../durable/saga.ts";
import { conclude, OperationInput, setPhase, stepBase } from "./operation.ts";
import { undoBy } from "./undos.ts";

const CompensationInput = OperationInput.extend({
  compensates: z.object({ of: z.string(), createdBy: z.string(), undos: z.array(z.string()) }),
  /** Of a migration; `completed` is how far it has come when nothing is left undone. */
  migrating: z.object({ clientId: z.guid(), migration: Migration }).optional(),
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
      const { createdBy } = compensates;
      const undos = compensates.undos.map((name): Undo => ({ name, undo: () => undoBy(input, createdBy, name) }));
      const failures = yield* runUndos(undos);
      if (failures.length > 0) throw new CompensationFailed(failures, new Error("The second try failed too."));
      return {};
    }),
});
