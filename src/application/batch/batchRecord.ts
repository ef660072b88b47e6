import { defined } from "../../domain/defined.ts";
import type { BatchTotals } from "../../domain/operation/batch.ts";
import type { OperationStatus, Phase } from "../../domain/operation/operation.ts";
import type { BatchAsk, BatchItem, BatchRecord, Stored } from "../../domain/operation/records.ts";
import type { BatchEvent } from "../../domain/watching/events.ts";
import type { Ports } from "../../ports/index.ts";
import { type Amended, amend } from "../amend.ts";

export async function getBatch({ registry }: Pick<Ports, "registry">, id: string): Promise<Stored<BatchRecord>> {
  const record = await registry.getBatch(id);
  if (!record) throw new Error(`batch ${id} has no record`);
  return record;
}

/** Returns the amended batch. */
export async function amendBatch(
  ports: Pick<Ports, "registry">,
  id: string,
  next: (record: Stored<BatchRecord>) => Partial<BatchRecord> | undefined,
): Promise<BatchRecord> {
  const { record, change } = await amend({
    what: `The record of batch ${id}`,
    read: () => getBatch(ports, id),
    next,
    write: (current, changes) => ports.registry.amendBatch(current, changes),
  });
  return { ...record, ...change };
}

/** Amends an item of the batch, if there is one. */
export async function amendItem<C extends Partial<BatchItem>>(
  { registry }: Pick<Ports, "registry">,
  { batch, index, attempts }: { readonly batch: string; readonly index: number; readonly attempts?: number },
  next: (item: Stored<BatchItem & BatchAsk>) => C | undefined | Promise<C | undefined>,
): Promise<Amended<Stored<BatchItem & BatchAsk> | undefined, C>> {
  return await amend({
    what: `Item ${index} of batch ${batch}`,
    read: () => registry.getBatchItem(batch, index),
    next,
    write: (item, changes) => registry.amendBatchItem(batch, item, changes),
    ...defined({ attempts }),
  });
}

export function originOf({ id: operation, requestedBy, team, traceparent }: BatchRecord) {
  return { operation, requestedBy, team, traceparent };
}

export async function publishBatch(
  { events }: Pick<Ports, "events">,
  { id, work, traceparent }: BatchRecord,
  { status, phase, totals }: { status: OperationStatus; phase: Phase; totals: BatchTotals },
): Promise<void> {
  const event: BatchEvent = {
    specversion: "1.0",
    id: `${id}/${status}`,
    source: "/mooring",
    type: "mooring.batch.status-changed.v1",
    subject: id,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    ...defined({ traceparent }),
    data: { operation: id, kind: "batch", ...defined({ action: work?.action }), status, phase, totals },
  };
  await events.publish(event);
}
