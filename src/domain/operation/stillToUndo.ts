import { z } from "zod";
import { Time } from "../time.ts";
import { OperationError } from "./operation.ts";

/** What an operation still has to undo, while its undos go on. */
export const StillToUndo = z
  .object({
    undos: z
      .array(z.string())
      .readonly()
      .meta({ description: "Undos that are not done, in the order in which they run." }),
    since: Time.meta({ description: "Since when they wait." }),
    error: OperationError.optional().meta({
      description: "Why: the last failure of the first that failed. Absent while they only look again.",
    }),
  })
  .readonly();
export type StillToUndo = z.infer<typeof StillToUndo>;
