/** Operations that wait for a person, from the records alone: no orchestration is queried. */
import { printCursor, readCursor } from "../../domain/http/cursor.ts";
import { type Awaiting, awaitsApproval } from "../../domain/operation/awaiting.ts";
import { kindOf } from "../../domain/operation/lifecycle.ts";
import type { HeldRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord, Page } from "../../domain/operation/records.ts";
import type { Registry } from "../../ports/registry.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";

/** How many records of operations are read at a time. */
const readsAtOnce = 50;

export interface AwaitingQuery {
  readonly limit: number;
  readonly continuation?: string;
  /** Decided from the namespace's record, so that not every operation is read. */
  readonly isWanted?: (held: HeldRecord) => boolean;
  /** Decided from the operation's record. */
  readonly isMeant?: (operation: Awaiting<OperationRecord>) => boolean;
}

/** Newest first, like every list of operations: IDs count down. */
export async function listAwaiting(
  registry: Pick<Registry, "heldNamespaces" | "getOperation">,
  { limit, continuation, isWanted = () => true, isMeant = () => true }: AwaitingQuery,
): Promise<Page<Awaiting<OperationRecord>>> {
  const after = continuation === undefined ? "" : (readCursor(continuation)?.row ?? "");
  const ids = (await registry.heldNamespaces())
    .filter((held) => mayAsk(held) && held.operation > after && isWanted(held))
    .map(({ operation }) => operation)
    .toSorted();
  const found: Awaiting<OperationRecord>[] = [];
  // One more than a page shows whether there is another.
  for (let at = 0; at < ids.length && found.length <= limit; at += readsAtOnce) {
    const records = await Promise.all(
      ids.slice(at, at + readsAtOnce).map((id) => unlessUnreadable(registry.getOperation(id))),
    );
    for (const record of records) if (record && awaitsApproval(record) && isMeant(record)) found.push(record);
  }
  const value = found.slice(0, limit);
  const last = value.at(-1);
  if (!last || found.length <= limit) return { value };
  return { value, continuation: printCursor({ partition: "operations", row: last.id }) };
}

/** Only onboarding or changing a namespace can need approval. */
function mayAsk(held: HeldRecord): boolean {
  return ["onboard", "change"].includes(kindOf(held));
}
