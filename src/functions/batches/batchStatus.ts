/**
 * The status of a batch: totals of all its items, and a page of them. The first page of a thousand items has 20 KB; a caller
 * who waits for the end reads the totals, and one who looks for failures filters by status.
 */
import type { BatchDocument, BatchItemDocument, BatchSummary } from "../../domain/documents/batch.ts";
import { countItems } from "../../domain/operation/batch.ts";
import { estimateRemaining } from "../../domain/operation/batchRemaining.ts";
import { isFinal, type Phase } from "../../domain/operation/operation.ts";
import { tellIn } from "../../domain/operation/plan.ts";
import type { BatchItem, BatchRecord } from "../../domain/operation/records.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";
import { answerTagged, type IsKnown } from "../http/answerTagged.ts";
import { etagOf } from "../http/operationTag.ts";
import type { Answer } from "../http/respond.ts";
import type { ItemPage } from "./itemPage.ts";

export async function answerBatch(
  { registry }: Pick<Ports, "registry">,
  { top, from, status, linkFrom }: ItemPage,
  { record, traceUrl, isKnown }: { record: BatchRecord; traceUrl: string | undefined; isKnown: IsKnown },
): Promise<Answer> {
  const items = await registry.listBatchItems(record.id);
  const asked = items.filter((item) => item.index >= from && (status === undefined || item.status === status));
  const page = asked.slice(0, top);
  const next = asked[top];
  const remaining = estimateRemaining(record, items, Date.now());
  const document: BatchDocument = {
    ...summaryOfBatch(record),
    phase: phaseOf(record),
    traceUrl,
    totals: countItems(items),
    ...(remaining ? { remaining } : {}),
    items: page.map(publicItem),
    ...(next ? { nextLink: linkFrom(next.index) } : {}),
  };
  return answerTagged(document, { record, retryAfter: "2", isKnown });
}

export function summaryOfBatch(record: BatchRecord): BatchSummary {
  const { traceparent } = record;
  const { id, kind, status, requests, requestedBy, team, createdTime, startTime, endTime, error, cancel } = record;
  const action = record.work?.action ?? "onboard";
  const traceId = traceparent === undefined ? undefined : traceIdOf(traceparent);
  const ended = { startTime, endTime, traceId, error: error && tellIn("ended", error) };
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
    error: error && tellIn("ended", error),
    startTime,
    endTime,
  };
}
