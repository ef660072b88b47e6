/** What a resumed operation has already done. Its orchestration had been ended by the runtime or by a defect. */
import { z } from "zod";
import { MigrationPhase } from "./migration.ts";

export const Resumption = z.object({
  /** Names of the registered undos, which run if it fails, in the order of their registration. */
  undos: z.array(z.string()),
  /** Why it was being undone: it does not go forward again. */
  failure: z.object({ step: z.string(), code: z.string(), message: z.string() }).optional(),
  /** It has passed its point of no return. */
  isCommitted: z.boolean(),
  /** It may have changed something. */
  hasChanged: z.boolean(),
  migration: z
    .object({
      /** The last complete phase. */
      completed: MigrationPhase.optional(),
      /** Undos of complete phases: only a cancellation runs them. */
      undos: z.array(z.string()),
      /** The first phase to rerun: once removal of the previous mode has begun, earlier phases would no longer find it. */
      from: MigrationPhase,
    })
    .optional(),
});
export type Resumption = z.infer<typeof Resumption>;
