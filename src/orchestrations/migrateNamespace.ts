import { orchestration } from "../durable/orchestration.ts";
import { MigrateInput, runMigration } from "./migration.ts";

/** Moves a namespace to workload identity (migration.ts). */
export const migrateNamespace = orchestration({
  name: "migrateNamespace",
  input: MigrateInput,
  run: runMigration,
});
