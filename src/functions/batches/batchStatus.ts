/**
 * The status of a batch: totals of all its items, and a page of them. The first page of a thousand items has 20 KB; a caller
 * who waits for the end reads the totals, and one who looks for failures filters by status.
 */
import type { HttpRequest } from "@azure/functions";
import type { BatchDocument, BatchItemDocument, BatchSummary } from "../../domain/documents/batch.ts";
import { countItems, mostRequests } from "../../domain/operation/batch.ts";
import { estimateRemaining } from "../../domain/operation/batchRemaining.ts";
import { isFinal, OperationStatus, type Phase } from "../../domain/operation/operation.ts";
import { tellIn } from "../../domain/operation/plan.ts";
import type { BatchItem, BatchRecord } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";
import { answerTagged } from "../http/answerTagged.ts";
import { etagOf } from "../http/operationTag.ts";
import type { Answer } from "../http/respond.ts";

const defaultTop = 100;

export async function answerBatch(
  { registry }: Pick<Ports, "registry">,
  request: HttpRequest,
  { record, traceUrl }: { record: BatchRecord; traceUrl: string | undefined },
): Promise<Answer> {
  const { top, from, status } = readPage(request);
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
    ...(next ? { nextLink: linkTo(request, next.index) } : {}),
  };
  return answerTagged(request, document, { record, retryAfter: "2" });
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

function readPage(request: HttpRequest) {
  const status = OperationStatus.optional().safeParse(request.query.get("status") ?? undefined);
  if (!status.success) {
    throw new Refusal("INVALID_REQUEST", `Query parameter status takes ${OperationStatus.options.join(", ")}.`);
  }
  const top = readWhole(request, "top", { least: 1, most: mostRequests }) ?? defaultTop;
  const from = readWhole(request, "from", { least: 0, most: mostRequests }) ?? 0;
  return { top, from, status: status.data };
}

function readWhole(
  { query }: HttpRequest,
  name: string,
  { least, most }: { least: number; most: number },
): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Refusal("INVALID_REQUEST", `Query parameter ${name} is "${text}"; it takes ${least} to ${most}.`);
}

function linkTo(request: HttpRequest, from: number): string {
  const url = new URL(request.url);
  url.searchParams.set("from", String(from));
  return `${url.pathname}${url.search}`;
}
