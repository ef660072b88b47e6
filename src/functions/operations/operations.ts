import { type DurableClient, getClient } from "durable-functions";
import { z } from "zod";
import { listAwaiting } from "../../application/decisions/listAwaiting.ts";
import { mustSeeOperation } from "../../application/decisions/seeOperation.ts";
import { settleSteps } from "../../application/operation/settledSteps.ts";
import { adminsOf, plannedSteps } from "../../application/process/plannedSteps.ts";
import {
  AnyOperationDocument,
  type AnySummary,
  type AskedOperation,
  type AwaitingDocument,
  type OperationDocument,
  OperationPage,
  type OperationSummary,
  type StepDocument,
} from "../../domain/documents/operation.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { type Awaiting, awaitsApproval } from "../../domain/operation/awaiting.ts";
import { AnyKind } from "../../domain/operation/batch.ts";
import { isFinal, OperationStatus, Phase } from "../../domain/operation/operation.ts";
import { tellIn } from "../../domain/operation/plan.ts";
import type { AnyOperation, OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import { maySee, visibleTeams } from "../../domain/policy/policy.ts";
import { traceIdOf, traceUrlOf } from "../../domain/watching/trace.ts";
import { findInstance } from "../../durable/orchestration.ts";
import type { Ports } from "../../ports.ts";
import type { RequestRecovery } from "../acceptance/recoverOnRequest.ts";
import { answerBatch, summaryOfBatch } from "../batches/batchStatus.ts";
import { itemPage } from "../batches/itemPage.ts";
import { body } from "../docs/answers.ts";
import { batchDocument, operationDocument, operationPage } from "../docs/examples.ts";
import { answerTagged } from "../http/answerTagged.ts";
import { declareRoute } from "../http/declaration.ts";
import { etagOf } from "../http/operationTag.ts";
import { at, atOperation } from "../http/place.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { known } from "../parameters/conditions.ts";
import { page } from "../parameters/page.ts";
import { queryOf } from "../parameters/query.ts";

const Filters = z.object({
  cluster: z.string().exactOptional(),
  namespace: z.string().exactOptional(),
  status: OperationStatus.exactOptional(),
  kind: AnyKind.exactOptional(),
  phase: Phase.extract(["awaitingApproval"]).exactOptional().meta({
    description:
      "Operations that wait for a person. No other phase can be filtered, because the records do not contain it.",
  }),
});

export const listOperations = declareRoute({
  operationId: "listOperations",
  method: "GET",
  at: at("/api/operations"),
  access: "callers",
  tag: "Operations",
  summary: "List operations, newest request first",
  description: "The operations and batches of the caller's teams; of all teams, for an operator.",
  reads: [queryOf(Filters), page()],
  answers: { 200: body("A page of operations.", OperationPage, { operationPage }) },
});

export const getOperation = declareRoute({
  operationId: "getOperation",
  method: "GET",
  at: atOperation(),
  access: "callers",
  hasClient: true,
  tag: "Operations",
  summary: "Get the status of an operation, step by step",
  description:
    "Poll until it is done (Retry-After), or follow GET /api/operations/{id}/events. The header ETag changes with every step. If-Match of a decision compares only its part before the dot, which is the field `etag`: it changes when approval is requested or given, when the operation is canceled and when it ends.",
  reads: [itemPage, known],
  answers: {
    200: {
      ...body("The operation, for a namespace or a batch.", AnyOperationDocument, { operationDocument, batchDocument }),
      headers: z.object({
        etag: z.string().meta({ description: "What people decide about, a dot, and everything else." }),
      }),
    },
  },
});

export interface StatusSettings {
  /** The address for viewing traces, with `{traceId}` in it. */
  readonly traceUrl: string | undefined;
}

export function registerOperations(
  ports: Ports,
  routes: Routes,
  requestRecovery: RequestRecovery,
  { traceUrl: template }: StatusSettings,
): void {
  routes.serve(getOperation, async ({ context, by, place: id }, items, isKnown) => {
    const client = getClient(context);
    const find = async () => mustSeeOperation(by, id, await ports.registry.findOperation(id));
    let record = await find();
    if (!isFinal(record.status)) {
      const passer = { client, warn: context.warn.bind(context) };
      const isMet =
        record.kind === "batch"
          ? await requestRecovery.recoverBatch(passer, id)
          : await requestRecovery.recoverOperation(passer, record, id);
      if (isMet) record = await find();
    }
    const traceUrl = traceUrlOf(template, record.traceparent);
    if (record.kind === "batch") return await answerBatch(ports, items, { record, traceUrl, isKnown });
    const [phase, steps] = await Promise.all([findPhase(client, record), ports.registry.listSteps(record.id)]);
    const document: OperationDocument = {
      ...askedOperation(record),
      phase,
      plan: record.plan,
      traceUrl,
      steps: listSteps(record, steps),
    };
    return answerTagged(document, { record, retryAfter: "1", isKnown });
  });

  routes.serve(listOperations, async ({ by }, { phase, ...filters }, { asked, next }) => {
    const teams = visibleTeams(by);
    const { value, continuation } = phase
      ? await listAwaiting(ports.registry, {
          ...asked,
          isWanted: (held) => maySee(by, held) && isOf(filters, held),
          isMeant: ({ status, kind }) => (filters.status ?? status) === status && (filters.kind ?? kind) === kind,
        })
      : await ports.registry.listOperations({ ...filters, ...(teams === undefined ? {} : { teams }), ...asked });
    const found: OperationPage = { value: value.map(summary), ...next(continuation) };
    return json(200, found);
  });
}

function isOf({ cluster, namespace }: Partial<Berth>, held: Berth): boolean {
  return (cluster ?? held.cluster) === held.cluster && (namespace ?? held.namespace) === held.namespace;
}

function summary(record: AnyOperation): AnySummary {
  return record.kind === "batch" ? summaryOfBatch(record) : summaryOfOperation(record);
}

export function summaryOfOperation(record: OperationRecord): OperationSummary {
  const { id, kind, status, cluster, namespace, requestedBy, team, createdTime, startTime, endTime, ...rest } = record;
  const { result, error, approval, cancel, leftUndone, leftInPlace, stillToUndo, compensates, traceparent, batch } =
    rest;
  const traceId = traceparent === undefined ? undefined : traceIdOf(traceparent);
  const who = { requestedBy, team, createdTime, startTime, endTime, traceId };
  const decided = { approval, cancel, leftUndone: leftUndone && [...leftUndone], compensates: compensates?.of };
  const waiting = isFinal(status) ? {} : { stillToUndo };
  const ended = { result, error: error && tellIn("ended", error), leftInPlace: leftInPlace && [...leftInPlace] };
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

/** The phase, if the record alone shows it. */
function recordedPhase(record: Parameters<typeof awaitsApproval>[0]): Phase | undefined {
  if (isFinal(record.status)) return "done";
  return awaitsApproval(record) ? "awaitingApproval" : undefined;
}

/** An approver must see the request, and what it replaces. */
function askedOperation(record: OperationRecord): AskedOperation {
  const { request, earlier } = record;
  return { ...summaryOfOperation(record), request, replaces: earlier };
}

export function awaitingDocument(record: Awaiting<OperationRecord>): AwaitingDocument {
  return { ...askedOperation(record), approval: record.approval };
}

/** The phase of an operation, as callers see it. */
export async function findPhase(
  client: Pick<DurableClient, "getStatus">,
  record: Pick<AnyOperation, "id" | "status" | "cancel"> & Pick<OperationRecord, "approval">,
): Promise<Phase> {
  if (isFinal(record.status)) return "done";
  const phase = await findReachedPhase(client, record.id);
  // Somebody has decided, but the orchestration has not woken yet: the operation no longer waits for anyone.
  return phase === "awaitingApproval" && !awaitsApproval(record) ? "preflight" : phase;
}

/** The phase of a running orchestration, from its custom status. */
export async function findReachedPhase(client: Pick<DurableClient, "getStatus">, id: string): Promise<Phase> {
  const status = await findInstance(client, id);
  return CustomStatus.safeParse(status?.customStatus).data?.phase ?? "preflight";
}

const CustomStatus = z.object({ phase: Phase });

/** Every planned step, with what is known of it, followed by the undos in the order in which they ran. */
function listSteps(operation: OperationRecord, stored: readonly StepRecord[]): StepDocument[] {
  const { kind, request, earlier, compensates, migration } = operation;
  const records = settleSteps(operation, stored);
  const steps = plannedSteps(kind, request, {
    earlier,
    undos: compensates?.undos,
    migration,
    admins: adminsOf(records),
  });
  const planned = steps.map(({ name, target }): StepDocument => {
    const record = records.find((each) => each.name === name && each.target === target);
    return record ? publicStep(record) : { name, target, status: "NotStarted", attempts: 0 };
  });
  const undos = records
    .filter((each) => !steps.some(({ name, target }) => name === each.name && target === each.target))
    .toSorted((a, b) => a.startTime.localeCompare(b.startTime));
  return [...planned, ...undos.map((undo): StepDocument => ({ ...publicStep(undo), undo: true }))];
}

export function publicStep({
  name,
  target,
  action,
  status,
  attempts,
  startTime,
  endTime,
  error,
  notices,
  nextRetryTime,
}: StepRecord): StepDocument {
  const isOver = isFinal(status);
  return {
    name,
    target,
    action,
    status,
    attempts,
    startTime,
    endTime,
    // Once the step has succeeded, the error of an earlier try is history.
    error: status === "Succeeded" || !error ? undefined : tellIn(isOver ? "ended" : "retried", error),
    notices: notices && [...notices],
    nextRetryTime: isOver ? undefined : nextRetryTime,
  };
}
