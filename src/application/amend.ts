import { TransientError } from "../domain/errors.ts";
import { type NamespaceRef, namespaceKey } from "../domain/naming/names.ts";
import type { NamespaceRecord } from "../domain/operation/namespaceRecord.ts";
import type { OperationRecord, Stored } from "../domain/operation/records.ts";
import type { Registry } from "../ports/registry.ts";

const mostAttempts = 10;

export interface Amending<R, C> {
  /**
   * The record as read a moment ago, which saves a read. If it has changed since, the write fails and the record is read
   * after all.
   */
  readonly known?: NonNullable<R> | undefined;
  /** What changed too often, for the error message: `The record of operation x`. */
  readonly what: string;
  /** Reads the current record; a missing one is not amended. */
  readonly read: () => Promise<R>;
  /**
   * What to write; undefined when there is nothing to write, perhaps because an earlier attempt wrote it without getting the
   * answer.
   */
  readonly next: (record: NonNullable<R>) => C | undefined | Promise<C | undefined>;
  /** False when somebody else has written since the record was read. */
  readonly write: (record: NonNullable<R>, change: C) => Promise<boolean>;
  readonly attempts?: number;
  /** Waits before the record is read again, where many writers compete. */
  readonly pause?: (attempt: number) => Promise<void>;
}

export interface Amended<R, C> {
  /** As read for the last attempt. */
  readonly record: R;
  /** What was written; undefined when nothing was. */
  readonly change: C | undefined;
}

/**
 * Writes what `next` makes of a record, provided that nobody else writes in between; if somebody does, looks again at the new
 * record. After too many such conflicts, the durable runtime or the caller may try again.
 */
export async function amend<R, C>({
  what,
  known,
  read,
  next,
  write,
  attempts = mostAttempts,
  pause,
}: Amending<R, C>): Promise<Amended<R, C>> {
  if (known !== undefined) {
    const change = await next(known);
    if (change !== undefined && (await write(known, change))) return { record: known, change };
  }
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const record = await read();
    if (record === undefined || record === null) return { record, change: undefined };
    const change = await next(record);
    if (change === undefined || (await write(record, change))) return { record, change };
    if (attempt < attempts) await pause?.(attempt);
  }
  throw new TransientError("REGISTRY_UNAVAILABLE", `${what} changed ${attempts} times.`);
}

/** Amends a namespace's record, if there is one: `next` returns the whole new one. */
export async function amendNamespace<N extends NamespaceRecord>(
  registry: Pick<Registry, "getNamespace" | "replaceNamespace">,
  namespaceRef: NamespaceRef,
  next: (record: Stored<NamespaceRecord>) => N | undefined | Promise<N | undefined>,
): Promise<Amended<Stored<NamespaceRecord> | undefined, N>> {
  return await amend({
    what: `The record of ${namespaceKey(namespaceRef)}`,
    read: () => registry.getNamespace(namespaceRef),
    next,
    write: ({ etag }, changed) => registry.replaceNamespace({ ...changed, etag }),
  });
}

/** Amends an operation's record. Every decision about an operation, and its end, is written here; the first one counts. */
export async function amendOperation<C extends Partial<OperationRecord>>(
  registry: Pick<Registry, "getOperation" | "amendOperation">,
  id: string,
  next: (record: Stored<OperationRecord>) => C | undefined | Promise<C | undefined>,
  known?: Stored<OperationRecord>,
): Promise<Amended<Stored<OperationRecord> | undefined, C>> {
  return await amend({
    what: `The record of operation ${id}`,
    known,
    read: () => registry.getOperation(id),
    next,
    write: (record, changes) => registry.amendOperation(record, changes),
  });
}
