/** What callers see of an operation and its steps. */
import { defined } from "../../domain/defined.ts";
import { errorDocument } from "../../domain/documents/errorDocument.ts";
import type {
  AnySummary,
  AskedOperation,
  AwaitingDocument,
  OperationSummary,
  StepDocument,
} from "../../domain/documents/operation.ts";
import { etagOf } from "../../domain/http/operationTag.ts";
import { type Awaiting, awaitsApproval } from "../../domain/operation/awaiting.ts";
import { isFinal, type Phase } from "../../domain/operation/operation.ts";

import type { AnyOperation, OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import type { StillToUndo } from "../../domain/operation/stillToUndo.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";
import { endedSteps } from "../operation/endedSteps.ts";
import { plannedOf } from "../operation/plannedOf.ts";
import { summaryOfBatch } from "./batchDocument.ts";

export function anySummary(record: AnyOperation): AnySummary {
  return record.kind === "batch" ? summaryOfBatch(record) : summaryOfOperation(record);
}

export function summaryOfOperation(record: OperationRecord): OperationSummary {
  const { id, kind, status, cluster, namespace, requestedBy, team, createdTime, startTime, endTime, ...rest } = record;
  const { result, error, approval, cancel, leftUndone, leftInPlace, stillToUndo, compensates, traceparent, batch } =
    rest;
  const traceId = traceparent === undefined ? undefined : traceIdOf(traceparent);
  const who = { requestedBy, team, createdTime, startTime, endTime, traceId };
  const decided = { approval, cancel, leftUndone: leftUndone && [...leftUndone], compensates: compensates?.of };
  const waiting = isFinal(status) || !stillToUndo ? {} : { stillToUndo: stillToUndoDocument(stillToUndo) };
  const ended = { result, error: error && errorDocument("ended", error), leftInPlace: leftInPlace && [...leftInPlace] };
  const phase = recordedPhase({ status, approval, cancel });
  return {
    id,
    kind,
    status,
    cluster,
    namespace,
    batch,
    ...who,
    ...ended,
    ...decided,
    ...waiting,
    phase,
    etag: etagOf(record),
  };
}

function stillToUndoDocument({ error, ...rest }: StillToUndo): StillToUndo {
  return { ...rest, ...defined({ error: error && errorDocument("retried", error) }) };
}

/** The phase, if the record alone shows it. */
function recordedPhase(record: Parameters<typeof awaitsApproval>[0]): Phase | undefined {
  if (isFinal(record.status)) return "done";
  return awaitsApproval(record) ? "awaitingApproval" : undefined;
}

/** An approver must see the request, and what it replaces. */
export function askedOperation(record: OperationRecord): AskedOperation {
  const { request, earlier } = record;
  return { ...summaryOfOperation(record), request, replaces: earlier };
}

export function awaitingDocument(record: Awaiting<OperationRecord>): AwaitingDocument {
  return { ...askedOperation(record), approval: record.approval };
}

/** Every planned step, with what is known of it, followed by the undos in the order in which they ran. */
export function listSteps(operation: OperationRecord, stored: readonly StepRecord[]): StepDocument[] {
  const records = endedSteps(operation, stored);
  const steps = plannedOf(operation, records);
  const planned = steps.map(({ name, target }): StepDocument => {
    const record = records.find((each) => each.name === name && each.target === target);
    return record ? publicStep(record) : { name, target, status: "NotStarted", attempts: 0 };
  });
  const undos = records
    .filter((each) => !steps.some(({ name, target }) => name === each.name && target === each.target))
    .toSorted((a, b) => a.startTime.localeCompare(b.startTime));
  return [...planned, ...undos.map((undo): StepDocument => ({ ...publicStep(undo), undo: true }))];
}

export function publicStep(step: StepRecord): StepDocument {
  const { name, target, action, status, attempts, startTime, endTime, error } = step;
  const isOver = isFinal(status);
  return {
    ...{ name, target, action, status, attempts, startTime, endTime },
    // Once the step has succeeded, the error of an earlier try is history.
    error: status === "Succeeded" || !error ? undefined : errorDocument(isOver ? "ended" : "retried", error),
    notices: step.notices?.map((each) => errorDocument("ended", each)),
    nextRetryTime: isOver ? undefined : step.nextRetryTime,
  };
}
