/** What a migration of a namespace would do. */
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import type { MigrationRequest } from "../../domain/operation/migration.ts";
import { planOfSame } from "../../domain/operation/plan.ts";
import { clientIdOf, expectOnboarded, findCurrent } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { mustSee } from "../admission/seeNamespace.ts";
import { goesTo, prepareMigration } from "../migration/prepareMigration.ts";
import { estimated, type PlannedRequest } from "../plan/estimatePlan.ts";
import { planMigration as planMigrationOf } from "../plan/planMigration.ts";
import type { InBatch } from "./inBatch.ts";

interface Wanted extends InBatch {
  readonly wanted: MigrationRequest;
}

export async function lookAtMigrationOf(
  { ports, by }: Pick<ClaimContext, "ports" | "by">,
  namespaceRef: NamespaceRef,
  { wanted, expect = () => undefined, onNeed }: Wanted,
): Promise<PlannedRequest> {
  const kind = "migrate";
  const record = await findCurrent(ports.registry, namespaceRef, mustSee(by, namespaceRef));
  if (record.state === "Migrating" && goesTo(wanted)(record)) {
    return { plan: planOfSame(record), kind, request: record.request };
  }
  expectOnboarded(record);
  expect(record);
  const migration = prepareMigration(ports, record, wanted);
  const { request } = record;
  const clientId = clientIdOf(record);
  const operation = createOperationId(new Date());
  const plan = await planMigrationOf(ports, { operation, request, migration, clientId, onNeed });
  return { plan, kind, request };
}

export const planMigration = estimated(lookAtMigrationOf);
