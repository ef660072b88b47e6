/** What a scenario can use. */

import { cancelOperation } from "../../../src/application/decisions/decide.ts";
import { PermanentError } from "../../../src/domain/errors.ts";
import type { MigrationPhase } from "../../../src/domain/operation/migration.ts";
import type { IdentityMode } from "../../../src/domain/request/request.ts";
import { requester, type TestAcceptanceContext } from "../../support/acceptanceContext.ts";
import type { Run, RunOptions } from "../../support/durableRunner.ts";
import type { FakeCloud } from "../../support/fakeCloud.ts";

export interface Stage {
  readonly cloud: FakeCloud;
  readonly acceptance: TestAcceptanceContext;
  run(options?: RunOptions): Promise<Run>;
  /** Keeps every generation of the orchestration that it runs and of its children. */
  runAll(options?: RunOptions): Promise<Run>;
  onboard(changes?: object, options?: RunOptions): Promise<string>;
  offboard(options?: RunOptions): Promise<string>;
  repair(options?: RunOptions): Promise<string>;
  migrate(until: MigrationPhase, options?: RunOptions): Promise<string>;
  migrateTo(to: IdentityMode, until: MigrationPhase, options?: RunOptions): Promise<string>;
  /** Migrates back to pod identity. */
  migrateBack(until: MigrationPhase, options?: RunOptions): Promise<string>;
}

export type Scenario = (stage: Stage) => Promise<unknown>;

export const databases = [
  { server: "sql-dev", database: "messages", roles: ["reader"] },
  { server: "sql-dev", database: "orders", roles: ["writer", "executor"] },
];
export const base = { cluster: "aks-dev", namespace: "team-a", databases };
export const pod = { identityMode: "podIdentity" };
/** Cancels the running operation when the given activity is about to run. */
export const cancelingAt = ({ cloud }: Stage, activity: string, andThen = () => {}): RunOptions => ({
  async execute(name, work) {
    const running = [...cloud.namespaces.values()].at(-1)?.operation ?? "";
    if (name === activity) {
      await cancelOperation(cloud.ports.registry, running, { by: requester });
      andThen();
    }
    return await work();
  },
});

export const refuseWrites = (cloud: FakeCloud, ...refused: string[]) => {
  cloud.onWrite = ({ what, when }) => {
    if (when === "before" && refused.includes(what)) throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
  };
};
