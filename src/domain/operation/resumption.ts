/** What an operation that is taken up again has behind it: the runtime, or a defect, had ended its orchestration. */
import { z } from "zod";
import { MigrationPhase } from "./migration.ts";

export const Resumption = z.object({
  /** Names of the undos that are registered and run when it fails, in the order in which they were registered. */
  undos: z.array(z.string()),
  /** It was being undone, for this reason: it does not go forward any more. */
  failure: z.object({ step: z.string(), code: z.string(), message: z.string() }).optional(),
  /** It has passed its point of no return. */
  isCommitted: z.boolean(),
  /** It may have changed something. */
  hasChanged: z.boolean(),
  migration: z
    .object({
      /** How far it has come. */
      completed: MigrationPhase.optional(),
      /** Undos of the phases that are complete: only a cancellation runs them. */
      undos: z.array(z.string()),
      /** The first phase that runs again: once the previous mode is being removed, earlier phases would look for it in vain. */
      from: MigrationPhase,
    })
    .optional(),
});
export type Resumption = z.infer<typeof Resumption>;
