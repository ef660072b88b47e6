/** The result of an operation that has ended. */

import { z } from "zod";
import { ClientId } from "../naming/identityPair.ts";
import { MigrationPhase } from "./migration.ts";

export const MigrationProgress = z.object({
  completed: MigrationPhase.optional().meta({ description: "The last phase that is complete." }),
  podsToMove: z.array(z.string()).meta({ description: "Pods that used pod identity when the migration began." }),
});

export const OperationResult = z.object({
  clientId: ClientId,
  manifest: z.string(),
  migration: MigrationProgress.optional(),
});
export type OperationResult = z.infer<typeof OperationResult>;
