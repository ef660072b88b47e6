/** What callers see of a batch and its items. */
import type { BatchItemDocument, BatchSummary } from "../../domain/documents/batch.ts";
import { errorDocument } from "../../domain/documents/errorDocument.ts";
import { etagOf } from "../../domain/http/operationTag.ts";
import { isFinal, type Phase } from "../../domain/operation/operation.ts";

import type { BatchItem, BatchRecord } from "../../domain/operation/records.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";

export function summaryOfBatch(record: BatchRecord): BatchSummary {
  const { traceparent } = record;
  const { id, kind, status, requests, requestedBy, team, createdTime, startTime, endTime, error, cancel } = record;
  const action = record.work?.action ?? "onboard";
  const traceId = traceparent === undefined ? undefined : traceIdOf(traceparent);
  const ended = { startTime, endTime, traceId, error: error && errorDocument("ended", error) };
  return { id, kind, action, status, requests, requestedBy, team, createdTime, ...ended, cancel, etag: etagOf(record) };
}

export function phaseOf({ status }: Pick<BatchRecord, "status">): Phase {
  if (isFinal(status)) return "done";
  return status === "NotStarted" ? "preflight" : "provisioning";
}

export function publicItem(item: BatchItem): BatchItemDocument {
  const { index, cluster, namespace, status, operation, claim, kind, outcome } = item;
  const { needsApproval, findings, severity, error, startTime, endTime } = item;
  const isOwn = operation === undefined ? undefined : operation === claim;
  return {
    index,
    cluster,
    namespace,
    status,
    operation,
    isOwn,
    kind,
    outcome,
    needsApproval,
    severity,
    findings,
    error: error && errorDocument("ended", error),
    startTime,
    endTime,
  };
}
