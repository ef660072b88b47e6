/**
 * A cancellation is an entry in the operation's record, written with the ETag. Every step checks for it before its first
 * write, and the last step writes `committedTime` to the same record: whichever of the two comes first excludes the other.
 */
import { PermanentError } from "../../domain/errors.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { Cancel, OperationRecord, Stored } from "../../domain/operation/records.ts";
import type { Registry } from "../../ports/registry.ts";
import { amendOperation } from "../amend.ts";

/** Called before the first write of a step. */
export function expectWanted(record: OperationRecord | undefined, operation: string): void {
  expectNotEnded(record, operation);
  throwIfCanceled(record);
}

/**
 * The runtime delivers an activity at least once, so one may run when its operation has long ended. By then nobody would undo
 * what it makes, and what it removes may belong to an operation that has followed.
 */
export function expectNotEnded(record: OperationRecord | undefined, operation: string): void {
  if (!record || !isFinal(record.status)) return;
  throw new PermanentError("OPERATION_ENDED", `Operation ${operation} has ended and does nothing more.`);
}

/**
 * Called before the first write of an undo: once the operation has succeeded, somebody uses the namespace, whatever a turn of
 * the orchestration assumes.
 */
export function expectNotSucceeded(record: OperationRecord | undefined, operation: string): void {
  if (record?.status !== "Succeeded") return;
  throw new PermanentError("OPERATION_ENDED", `Operation ${operation} has succeeded and is not undone.`);
}

/** The same for an operation that undoes itself: what it made was verified, and its end is about to be recorded. */
export function expectNotCommitted(record: OperationRecord | undefined, operation: string): void {
  if (record?.committedTime === undefined) return;
  throw new PermanentError("OPERATION_ENDED", `Operation ${operation} was verified and is not undone.`);
}

/**
 * Once an operation has been resumed, its newest run alone knows what is left to do: what an earlier one had scheduled may come at any
 * time, an undo of what the newest has made since, or an end.
 */
export function expectNewestRun(record: OperationRecord | undefined, restarts: number | undefined): void {
  if (!record || restarts === undefined || restarts >= (record.restarts ?? 0)) return;
  throw new PermanentError(
    "OPERATION_ENDED",
    `Operation ${record.id} has been resumed; what an earlier run of it had scheduled does not count.`,
  );
}

/** Called by an undo that goes on, before it tries again. */
export function expectNotGivenUp(record: Pick<OperationRecord, "givenUp"> | undefined): void {
  if (record?.givenUp) throw new PermanentError("UNDO_GIVEN_UP", `Given up by ${record.givenUp.by}.`);
}

export function throwIfCanceled(record: Pick<OperationRecord, "cancel"> | undefined): void {
  if (record?.cancel) throw new PermanentError("OPERATION_CANCELED", `Canceled by ${record.cancel.by}.`);
}

export async function commitOperation(
  registry: Pick<Registry, "getOperation" | "amendOperation">,
  operation: string,
  known?: Stored<OperationRecord>,
): Promise<void> {
  const commit = (record: OperationRecord) => {
    throwIfCanceled(record);
    return record.committedTime === undefined ? { committedTime: new Date().toISOString() } : undefined;
  };
  await amendOperation(registry, operation, commit, known);
}

/**
 * Writes a cancellation to an operation that can still be canceled; one that comes too late changes nothing. Returns the
 * operation if it is canceled now, or was before.
 */
export async function passOnCancel(
  registry: Pick<Registry, "getOperation" | "amendOperation">,
  operation: string,
  cancel: Cancel,
): Promise<Stored<OperationRecord> | undefined> {
  const { record } = await amendOperation(registry, operation, (current) =>
    isPastCancel(current) || current.cancel ? undefined : { cancel },
  );
  return record && !isPastCancel(record) ? record : undefined;
}

function isPastCancel({ status, committedTime }: OperationRecord): boolean {
  return isFinal(status) || committedTime !== undefined;
}

export async function isCommitted(registry: Pick<Registry, "getOperation">, operation: string): Promise<boolean> {
  return (await registry.getOperation(operation))?.committedTime !== undefined;
}
