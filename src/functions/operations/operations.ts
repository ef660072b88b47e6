import type { HttpRequest } from "@azure/functions";
import { type DurableClient, getClient, input } from "durable-functions";
import { z } from "zod";
import { listAwaiting } from "../../application/decisions/listAwaiting.ts";
import { mustSeeOperation } from "../../application/decisions/seeOperation.ts";
import { settleSteps } from "../../application/operation/settledSteps.ts";
import type {
  AnySummary,
  AskedOperation,
  AwaitingDocument,
  OperationDocument,
  OperationPage,
  OperationSummary,
  StepDocument,
} from "../../domain/documents/operation.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { type Awaiting, awaitsApproval } from "../../domain/operation/awaiting.ts";
import { AnyKind } from "../../domain/operation/batch.ts";
import { isFinal, OperationStatus, Phase } from "../../domain/operation/operation.ts";
import { tellIn } from "../../domain/operation/plan.ts";
import type { AnyOperation, OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import { maySee, visibleTeams } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { traceIdOf, traceUrlOf } from "../../domain/watching/trace.ts";
import { findInstance } from "../../durable/orchestration.ts";
import type { Ports } from "../../ports.ts";
import { adminsOf, plannedSteps } from "../../resources/plannedSteps.ts";
import type { RequestRecovery } from "../acceptance/recoverOnRequest.ts";
import { answerBatch, summaryOfBatch } from "../batches/batchStatus.ts";
import { answerTagged } from "../http/answerTagged.ts";
import { etagOf } from "../http/operationTag.ts";
import { nextLink, readLimit } from "../http/paging.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";

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
  routes.add("getOperation", {
    route: "api/operations/{id}",
    method: "GET",
    query: ["top", "from", "status"],
    extraInputs: [input.durableClient()],
    handler: routes.forCallers(async (request, { context, by }) => {
      const id = request.params["id"] ?? "";
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
      if (record.kind === "batch") return await answerBatch(ports, request, { record, traceUrl });
      const [phase, steps] = await Promise.all([findPhase(client, record), ports.registry.listSteps(record.id)]);
      const document: OperationDocument = {
        ...askedOperation(record),
        phase,
        plan: record.plan,
        traceUrl,
        steps: listSteps(record, steps),
      };
      return answerTagged(request, document, { record, retryAfter: "1" });
    }),
  });

  routes.add("listOperations", {
    route: "api/operations",
    method: "GET",
    query: [...Object.keys(Filters.shape), "top", "continuation"],
    handler: routes.forCallers(async (request, { context, by }) => {
      const { phase, ...filters } = readFilters(request);
      const limit = readLimit(request);
      const teams = visibleTeams(by);
      const { value, continuation } = phase
        ? await listAwaiting(ports.registry, {
            ...limit,
            isWanted: (held) => maySee(by, held) && isOf(filters, held),
            isMeant: ({ status, kind }) => (filters.status ?? status) === status && (filters.kind ?? kind) === kind,
            warn: context.warn.bind(context),
          })
        : await ports.registry.listOperations({ ...filters, ...(teams === undefined ? {} : { teams }), ...limit });
      const page: OperationPage = { value: value.map(summary), ...nextLink(request, continuation) };
      return json(200, page);
    }),
  });
}

const recordedPhases = Phase.extract(["awaitingApproval"]);
export const Filters = z.object({
  cluster: z.string().optional(),
  namespace: z.string().optional(),
  status: OperationStatus.optional(),
  kind: AnyKind.optional(),
  phase: recordedPhases.optional().meta({
    description:
      "Operations that wait for a person. No other phase can be filtered, because the records do not contain it.",
  }),
});

function readFilters({ query }: HttpRequest) {
  const { success, data, error } = Filters.safeParse(Object.fromEntries(query));
  if (!success) {
    const at = error.issues[0]?.path[0];
    const [name, { options }] =
      at === "phase" ? ["phase", recordedPhases] : at === "kind" ? ["kind", AnyKind] : ["status", OperationStatus];
    throw new Refusal("INVALID_REQUEST", `Query parameter ${name} takes ${options.join(", ")}.`);
  }
  const { cluster, namespace, status, kind, phase } = data;
  return {
    ...(cluster === undefined ? {} : { cluster }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(status === undefined ? {} : { status }),
    ...(kind === undefined ? {} : { kind }),
    ...(phase === undefined ? {} : { phase }),
  };
}

function isOf({ cluster, namespace }: Partial<Berth>, held: Berth): boolean {
  return (cluster ?? held.cluster) === held.cluster && (namespace ?? held.namespace) === held.namespace;
}

function summary(record: AnyOperation): AnySummary {
  return record.kind === "batch" ? summaryOfBatch(record) : summaryOfOperation(record);
}

export function summaryOfOperation(record: OperationRecord): OperationSummary {
  const { id, kind, status, cluster, namespace, requestedBy, team, createdTime, startTime, endTime, ...rest } = record;
  const { result, error, approval, cancel, leftUndone, stillToUndo, compensates, traceparent, batch } = rest;
  const traceId = traceparent === undefined ? undefined : traceIdOf(traceparent);
  const who = { requestedBy, team, createdTime, startTime, endTime, traceId };
  const decided = { approval, cancel, leftUndone: leftUndone && [...leftUndone], compensates: compensates?.of };
  const waiting = isFinal(status) ? {} : { stillToUndo };
  const ended = { result, error: error && tellIn("ended", error) };
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
