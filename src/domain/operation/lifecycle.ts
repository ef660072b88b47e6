import { isError } from "../finding.ts";
import { isPast, type Migration } from "./migration.ts";
import type { OperationKind, OperationStatus } from "./operation.ts";
import type { Outcome } from "./outcome.ts";
import type { NamespaceRecord, Stored } from "./records.ts";

export type EndedOperation = Omit<Outcome, "status"> & {
  readonly operation: string;
  readonly kind: OperationKind;
  readonly status: OperationStatus;
};

/** Undefined when nothing is left to keep a record of. */
export function nextRecord(
  record: Stored<NamespaceRecord>,
  outcome: EndedOperation,
  time: string,
): Stored<NamespaceRecord> | undefined {
  const { kind, status, leftBehind } = outcome;
  const hasSucceeded = status === "Succeeded";
  switch (kind) {
    case "onboard":
    case "change": {
      if (!hasSucceeded) return leftBehind ? { ...record, state: "Incomplete" } : restored(record);
      const { earlier: _gone, previous: _past, compensates: _done, ...lasting } = verified(record, outcome, time);
      return { ...lasting, onboardedTime: time, verifiedTime: time, onboardedBy: outcome.operation };
    }
    case "compensate": {
      const isUndone = hasSucceeded || !leftBehind;
      if (record.compensates?.migrating) return migratedBack(record, record.compensates.migrating.migration, isUndone);
      return isUndone ? restored(record) : { ...record, state: "Incomplete" };
    }
    case "offboard": {
      if (hasSucceeded) return undefined;
      const { offboarding, ...lasting } = record;
      return outcome.isUntouched && offboarding
        ? { ...lasting, ...offboarding.before }
        : { ...lasting, state: "Incomplete" };
    }
    case "repair": {
      // One that failed has put some right and nothing wrong: the namespace is as onboarded as it was.
      const { repairTried: _over, ...settled } = verified(record, outcome, time);
      return hasSucceeded ? settled : { ...record, state: "Onboarded" };
    }
    case "migrate":
      return withMigration(verified(record, outcome, time), outcome);
  }
}

function verified(
  record: Stored<NamespaceRecord>,
  { kind, status, clientId, namespaceUid, ...outcome }: EndedOperation,
  time: string,
): Stored<NamespaceRecord> {
  // After a crash what was found may be lost; what was proven is that nothing breaks access.
  const isProven = status === "Succeeded" && kind !== "migrate";
  const findings =
    outcome.findings ?? (isProven ? (record.findings ?? []).filter((each) => !isError(each)) : undefined);
  return {
    ...record,
    state: "Onboarded",
    ...(findings ? { verifiedTime: time, lookedTime: time, findings } : {}),
    ...(clientId === undefined ? {} : { clientId }),
    ...(namespaceUid === undefined ? {} : { namespaceUid }),
  };
}

/** A migration stays recorded as long as it has left something that is not in the identity mode of the request. */
function withMigration(
  { migration, ...record }: Stored<NamespaceRecord>,
  { leftBehind, migration: outcome }: EndedOperation,
): Stored<NamespaceRecord> {
  if (!migration) return record;
  const completed = outcome?.completed ?? migration.completed;
  const now = { ...migration, ...(completed ? { completed } : {}), ...(leftBehind ? remains : {}) };
  return completed !== "retire" && isToRemember(now) ? { ...record, migration: now } : record;
}

const remains = { hasRemains: true } as const;

/** An inventory alone leaves nothing; what an earlier migration could not undo is there until one is through, or all is gone. */
function isToRemember({ completed, hasRemains }: Migration): boolean {
  return hasRemains === true || isPast(completed, "sideBySide");
}

/** After undos of a migration that had failed: with all of them done, it stands where `reached` says. */
function migratedBack(
  { compensates: _tried, migration, ...record }: Stored<NamespaceRecord>,
  reached: Migration,
  isUndone: boolean,
): Stored<NamespaceRecord> {
  const now = isUndone ? reached : { ...(migration ?? reached), ...remains };
  return { ...record, state: "Onboarded", ...(isToRemember(now) ? { migration: now } : {}) };
}

/** What the record was before the operation that was undone; undefined when there was none. */
function restored(record: Stored<NamespaceRecord>): Stored<NamespaceRecord> | undefined {
  const {
    earlier: _earlier,
    previous,
    compensates: _compensates,
    team: _team,
    namespaceUid: _uid,
    ...lasting
  } = record;
  return previous && { ...lasting, ...previous };
}
