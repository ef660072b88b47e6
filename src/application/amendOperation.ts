import type { OperationRecord, Stored } from "../domain/operation/records.ts";
import type { Registry } from "../ports/registry.ts";
import { type Amended, amend } from "./amend.ts";

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
