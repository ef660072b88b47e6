import { z } from "zod";
import { announceStart } from "../activities/operation.ts";
import { ClientId } from "../domain/naming/identityPair.ts";
import { Migration } from "../domain/operation/migration.ts";
import { orchestration } from "../durable/orchestration.ts";
import { CompensationFailed, runUndos } from "../durable/saga.ts";
import { conclude, OperationInput, setPhase, stepBase, workOf } from "./operation.ts";
import { persistenceOf } from "./persistence.ts";
import { undosNamed } from "./undos.ts";

const CompensationInput = OperationInput.extend({
  compensates: z.object({ of: z.string(), createdBy: z.string(), undos: z.array(z.string()) }),
  /** For a migration; `completed` is its last complete phase once everything has been undone. */
  migrating: z.object({ clientId: ClientId, migration: Migration }).optional(),
});

/** Reruns only the failed undos of an operation. Those that fail again are again reported by name. */
export const compensateOperation = orchestration({
  name: "compensateOperation",
  input: CompensationInput,
  run: (context, { compensates, ...input }) =>
    conclude(context, { ...input, kind: "compensate" }, function* () {
      setPhase(context, "compensating");
      try {
        yield* announceStart({ ...stepBase(input), kind: "compensate" }, input.retry);
      } catch (cause) {
        // Nothing was tried, so every undo is reported as failed.
        throw new CompensationFailed(
          compensates.undos.map((compensation) => ({ compensation, error: cause })),
          cause,
        );
      }
      const work = workOf(input, "compensate", input.migrating);
      const undos = undosNamed(compensates.undos, work, compensates.createdBy);
      const failures = yield* runUndos(undos, persistenceOf(context, { ...input, kind: "compensate" }));
      if (failures.length > 0) throw new CompensationFailed(failures, new Error("The second try failed too."));
      return {};
    }),
});
