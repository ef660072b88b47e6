import { orchestration } from "../durable/orchestration.ts";
import { MigrateInput, runMigration } from "./migration.ts";

/**
 * Moves a namespace back to pod identity (migration.ts), from wherever a migration stopped, or after its end. It is a separate
 * orchestration, so that an older release, which knows only the other direction, does not mistake it for that.
 */
export const migrateBack = orchestration({
  name: "migrateBack",
  input: MigrateInput,
  run: runMigration,
});
