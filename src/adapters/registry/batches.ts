/**
 * Batches in the registry. The record is an operation like any other; in addition there are
 *
 * | table             | partition    | row                                    |
 * | MooringBatches    | `open`       | operation id, as long as it has not ended |
 * | MooringBatchItems | operation id | index, five digits                     |
 *
 * A request has at most 50 databases, about 13,000 characters as JSON, and fits in one property (32,768).
 */

import { namesOf } from "../../domain/lookUp.ts";
import { describeCode } from "../../domain/operation/plan.ts";
import type {
  AnyOperation,
  BatchAsk,
  BatchItem,
  BatchRecord,
  OpenBatch,
  Stored,
} from "../../domain/operation/records.ts";
import type { Batches, Registry } from "../../ports/registry.ts";
import { toRegistryError } from "./errors.ts";
import type { RawRow, Table } from "./tables.ts";
import type { UnreadableRow } from "./unreadableRows.ts";

interface Operations {
  readonly find: Registry["findOperation"];
  readonly operations: Pick<Table<AnyOperation>, "insert" | "amend">;
  readonly operationsPartition: string;
}

type ItemRow = BatchItem & BatchAsk;

const openPartition = "open";
/** All fields but what was asked. */
const listed = namesOf({
  index: true,
  cluster: true,
  namespace: true,
  status: true,
  claim: true,
  lane: true,
  operation: true,
  kind: true,
  outcome: true,
  needsApproval: true,
  findings: true,
  severity: true,
  error: true,
  startTime: true,
  endTime: true,
  changedTime: true,
} satisfies { readonly [Field in keyof BatchItem]-?: true });

export function createBatchesOn(
  table: <T extends object>(name: string) => Table<T>,
  { find, operations, operationsPartition }: Operations,
): Batches {
  const open = table<OpenBatch>("MooringBatches");
  const items = table<ItemRow>("MooringBatchItems");

  /** An earlier attempt that did not get to write its record may have chosen other namespaces, and a different number of them. */
  async function forgetOthers({ id, requests }: OpenBatch): Promise<void> {
    await removeItems(
      id,
      (await writtenItems(id)).filter(({ index }) => index >= requests),
    );
  }

  const writtenItems = (id: string) => items.all([["PartitionKey", id]], ["index"], unreadableItem);

  /** Leaves those that somebody has written since. */
  async function removeItems(id: string, written: readonly Pick<Stored<ItemRow>, "index" | "etag">[]): Promise<void> {
    for (const { index, etag } of written) await items.remove(id, rowOf(index), etag);
  }

  /** What an earlier attempt has opened is renewed: the timer may be about to forget it. */
  async function openBatch(opened: OpenBatch): Promise<void> {
    const { id, acceptedTime, requests } = opened;
    for (;;) {
      if (await open.insert(openPartition, id, opened)) return;
      const before = await open.get(openPartition, id);
      if (before && (await open.replace(openPartition, id, { ...before, acceptedTime, requests }))) return;
    }
  }

  return {
    async insertBatch(record, asked) {
      const { id, createdTime } = record;
      const rows = asked.map((each, index) => ({
        row: rowOf(index),
        record: { ...each, index, status: "NotStarted" as const },
      }));
      const opened = { id, acceptedTime: createdTime, requests: asked.length, next: 0, taken: {} };
      // First, so that the timer finds the items of an attempt that breaks off.
      await openBatch(opened);
      await items.insertAll(id, rows);
      if (record.work) await forgetOthers(opened);
      await operations.insert(operationsPartition, id, record);
    },
    async getBatch(id) {
      const found = await find(id);
      return found?.kind === "batch" ? (found as Stored<BatchRecord>) : undefined;
    },
    amendBatch: ({ id, etag }, changes) => operations.amend(operationsPartition, id, { etag, changes }),

    openBatches: async () => (await open.readable([["PartitionKey", openPartition]])).value,
    getOpenBatch: (id) => open.get(openPartition, id),
    replaceOpenBatch: (record) => open.replace(openPartition, record.id, record),
    async closeBatch(id) {
      await open.remove(openPartition, id, "*");
    },
    async forgetBatch({ id, etag }) {
      const written = await writtenItems(id);
      // An attempt that has opened the batch again by now may have written them; one that opens it from now on writes them anew.
      if ((await open.get(openPartition, id))?.etag !== etag) return;
      await removeItems(id, written);
      await open.remove(openPartition, id, etag);
    },

    getBatchItem: (batch, index) => items.get(batch, rowOf(index)),
    amendBatchItem: (batch, { index, etag }, changes) => items.amend(batch, rowOf(index), { etag, changes }),
    amendBatchItems: (batch, amendments) =>
      items.amendAll(
        batch,
        amendments.map(({ item: { index, etag }, changes }) => ({ row: rowOf(index), etag, changes })),
      ),
    listBatchItems: async (batch, query) =>
      (
        await items.all(
          [
            ["PartitionKey", batch],
            ["status", query?.status],
          ],
          listed,
          unreadableItem,
        )
      )
        .filter(({ status }) => query === undefined || status === query.status)
        .toSorted((a, b) => a.index - b.index),
    updateBatchItems: (batch, updates) =>
      items.mergeAll(
        batch,
        updates.map(({ index, changes }) => ({ row: rowOf(index), changes })),
      ),
  };
}

/** It counts as failed, and says why: nothing can begin it, or see how it ends. */
function unreadableItem({ rowKey, etag, cluster, namespace }: RawRow, error: UnreadableRow): Stored<ItemRow> {
  const { code, message } = toRegistryError("MooringBatchItems", error);
  return {
    ...{ index: Number(rowKey), cluster: String(cluster), namespace: String(namespace), etag },
    ...{ status: "Failed", error: describeCode(code, message) },
  };
}

function rowOf(index: number): string {
  return String(index).padStart(5, "0");
}
