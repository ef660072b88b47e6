import { orchestration } from "../durable/orchestration.ts";
import { MigrateInput, runMigration } from "./migration.ts";

/**
 * Moves a namespace to an identity mode other than workload identity (migration.ts). It is a separate orchestration, so that an
 * older release, which knows only the way from pod identity to workload identity, does not mistake it for that. Its name is from
 * the time when it only went back.
 */
export const migrateBack = orchestration({
  name: "migrateBack",
  input: MigrateInput,
  run: runMigration,
});
