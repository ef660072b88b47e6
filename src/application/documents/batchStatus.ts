/**
 * The status of a batch: totals of all its items, and a page of them. The first page of a thousand items has 20 KB; a caller
 * who waits for the end reads the totals, and one who looks for failures filters by status.
 */

import { defined } from "../../domain/defined.ts";
import type { BatchDocument } from "../../domain/documents/batch.ts";
import { countItems } from "../../domain/operation/batch.ts";
import { estimateRemaining } from "../../domain/operation/batchRemaining.ts";
import type { OperationStatus } from "../../domain/operation/operation.ts";
import type { BatchRecord } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports/index.ts";
import { phaseOf, publicItem, summaryOfBatch } from "./batchDocument.ts";

export interface ItemPage {
  readonly top: number;
  readonly from: number;
  readonly status: OperationStatus | undefined;
  /** The address of the items from that index on. */
  linkFrom(index: number): string;
}

export async function batchStatus(
  { registry }: Pick<Ports, "registry">,
  { top, from, status, linkFrom }: ItemPage,
  { record, traceUrl }: { readonly record: BatchRecord; readonly traceUrl: string | undefined },
): Promise<BatchDocument> {
  const items = await registry.listBatchItems(record.id);
  const asked = items.filter((item) => item.index >= from && (status === undefined || item.status === status));
  const page = asked.slice(0, top);
  const next = asked[top];
  const remaining = estimateRemaining(record, items, Date.now());
  return {
    ...summaryOfBatch(record),
    phase: phaseOf(record),
    traceUrl,
    totals: countItems(items),
    ...defined({ remaining }),
    items: page.map(publicItem),
    ...defined({ nextLink: next && linkFrom(next.index) }),
  };
}
