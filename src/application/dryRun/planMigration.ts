/** What a migration of a namespace would do. */
import type { Berth } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import type { MigrationRequest } from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { planOfSame } from "../../domain/operation/plan.ts";
import { clientIdOf, expectOnboarded, findCurrent } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { mustSee } from "../admission/seeNamespace.ts";
import { goesTo, prepareMigration } from "../migration/prepareMigration.ts";
import { estimated, type PlannedRequest } from "../plan/estimatePlan.ts";
import { planOperation } from "../plan/planOperation.ts";

interface Wanted {
  readonly wanted: MigrationRequest;
  readonly expect?: (record: NamespaceRecord) => void;
}

export async function lookAtMigrationOf(
  { ports, by }: Pick<ClaimContext, "ports" | "by">,
  berth: Berth,
  { wanted, expect = () => undefined }: Wanted,
): Promise<PlannedRequest> {
  const kind = "migrate";
  const record = await findCurrent(ports.registry, berth, mustSee(by, berth));
  if (record.state === "Migrating" && goesTo(wanted)(record)) {
    return { plan: planOfSame(record), kind, request: record.request };
  }
  expectOnboarded(record);
  expect(record);
  const migration = prepareMigration(ports, record, wanted);
  const { request } = record;
  const clientId = clientIdOf(record);
  const operation = createOperationId(new Date());
  const plan = await planOperation(ports, operation, { kind, request, migration, clientId });
  return { plan, kind, request };
}

export const planMigration = estimated(lookAtMigrationOf);
