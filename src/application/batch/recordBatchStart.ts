import { countItems } from "../../domain/operation/batch.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { Ports } from "../../ports/index.ts";
import { appendDecision } from "../watching/audit.ts";
import { amendBatch, originOf, publishBatch } from "./batchRecord.ts";

/** Records and publishes that the batch runs. Idempotent. */
export async function recordBatchStart(ports: Ports, id: string): Promise<void> {
  const record = await amendBatch(ports, id, ({ status }) =>
    status === "NotStarted" ? { status: "Running", startTime: new Date().toISOString() } : undefined,
  );
  if (isFinal(record.status)) return;
  const { requests } = record;
  const totals = { ...countItems([]), requests, notStarted: requests };
  // Repeated on a second run: the first may have stopped after the record was written. Entries and events with the same ID
  // count once.
  await appendDecision(ports, originOf(record), { id, what: "batch", action: "accepted", outcome: "Running" });
  await publishBatch(ports, record, { status: "Running", phase: "provisioning", totals });
}
