import type { Caller } from "../../domain/access/caller.ts";
import { defined } from "../../domain/defined.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import type {
  Compensated,
  CompensatedMigration,
  FreeRecord,
  RecordIn,
} from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord, Stored } from "../../domain/operation/records.ts";
import { maySee } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Registry } from "../../ports/registry.ts";
import { expectFree, findCurrent } from "../admission/claim.ts";
import { mustSeeOperation } from "./seeOperation.ts";

type Found = { readonly compensates: Compensated } & (
  | { readonly isSame: true; readonly current: Stored<RecordIn<"Compensating">> }
  | { readonly isSame: false; readonly current: Stored<FreeRecord> }
);

export interface Compensating {
  readonly by: Caller;
  /** Throws when the operation is not as the caller saw it; not called when a compensation of it is already running. */
  readonly expect?: ((record: OperationRecord) => void) | undefined;
}

/** What is left to undo of the operation; `isSame` when a compensation of it is already running. */
export async function findCompensation(
  registry: Pick<Registry, "findOperation" | "getOperation" | "getNamespace">,
  id: string,
  { by, expect }: Compensating,
): Promise<Found> {
  const failed = mustSeeOperation(by, id, await registry.findOperation(id), maySee);
  const refuse = (why: string, operation: string | undefined) =>
    new Refusal("NOTHING_TO_COMPENSATE", `Operation ${id} ${why}`, defined({ operation }));
  if (failed.kind === "batch") throw refuse("is a batch; compensate the operations of its namespaces.", id);
  const { leftUndone: undos = [] } = failed;
  const current = await findCurrent(registry, failed, (found) => found);
  const migrating = withClientId(migratingOf(failed), current?.clientId);
  const createdBy = failed.compensates?.createdBy ?? id;
  const compensates = { of: id, createdBy, undos, ...defined({ migrating }) };
  if (current?.state === "Compensating" && current.compensates.of === id) {
    return { current, compensates, isSame: true };
  }
  // A migration leaves its namespace onboarded, whatever it could not undo. A repair may follow, and compensating is still
  // possible.
  const leftBy = (migrating && current?.migration?.leftBy) ?? current?.operation;
  const isLeft = leftBy === id && current?.state === (migrating ? "Onboarded" : "Incomplete");
  if (undos.length > 0 && isLeft) {
    expect?.(failed);
    return { current, compensates, isSame: false };
  }
  // It has ended, and does not release the namespace: a request that meets it, or the timer, goes on with its end.
  if (undos.length > 0 && current?.operation === id) expectFree(current);
  const why = undos.length === 0 ? "no undo of it failed" : "another operation has had the namespace since";
  throw refuse(`has nothing to undo again: ${why}.`, current?.operation);
}

/** A repair may have remade the identity since the migration: what its undos return must name the one that exists. */
function withClientId(
  migrating: CompensatedMigration | undefined,
  clientId: ClientId | undefined,
): CompensatedMigration | undefined {
  return migrating && clientId !== undefined ? { ...migrating, clientId } : migrating;
}

/** For a migration, or a compensation of one. */
function migratingOf({
  kind,
  request,
  migration,
  result,
  compensates,
}: OperationRecord): CompensatedMigration | undefined {
  if (kind !== "migrate" || !migration) return compensates?.migrating;
  if (!result?.migration) return undefined;
  const { completed } = result.migration;
  const { completed: _before, ...lasting } = migration;
  return {
    request,
    clientId: result.clientId,
    migration: defined({ ...lasting, completed: completed || undefined }),
  };
}
