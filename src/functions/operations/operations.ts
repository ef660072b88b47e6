import { getClient } from "durable-functions";
import { z } from "zod";
import { listAwaiting } from "../../application/decisions/listAwaiting.ts";
import { mustSeeOperation } from "../../application/decisions/seeOperation.ts";
import { batchStatus } from "../../application/documents/batchStatus.ts";
import { anySummary, askedOperation, listSteps } from "../../application/documents/operationDocument.ts";
import { findPhase } from "../../application/operation/findPhase.ts";
import type { RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import { defined } from "../../domain/defined.ts";
import { AnyOperationDocument, type OperationDocument, OperationPage } from "../../domain/documents/operation.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { AnyKind } from "../../domain/operation/batch.ts";
import { isFinal, OperationStatus, Phase } from "../../domain/operation/operation.ts";
import { maySee, visibleTeams } from "../../domain/policy/policy.ts";
import { traceUrlOf } from "../../domain/watching/trace.ts";
import { answerTagged } from "../../http/answerTagged.ts";
import { declareRoute } from "../../http/declaration.ts";
import { body } from "../../http/docs/answers.ts";
import { batchDocument, operationDocument, operationPage } from "../../http/docs/examples.ts";
import { known } from "../../http/parameters/conditions.ts";
import { itemPage } from "../../http/parameters/itemPage.ts";
import { page } from "../../http/parameters/page.ts";
import { queryOf } from "../../http/parameters/query.ts";
import { at, atOperation } from "../../http/place.ts";
import { json } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

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
    if (record.kind === "batch") {
      const document = await batchStatus(ports, items, { record, traceUrl });
      return answerTagged(document, { record, retryAfter: "2", isKnown });
    }
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
      : await ports.registry.listOperations({ ...filters, ...defined({ teams }), ...asked });
    const found: OperationPage = { value: value.map(anySummary), ...next(continuation) };
    return json(200, found);
  });
}

function isOf({ cluster, namespace }: Partial<NamespaceRef>, held: NamespaceRef): boolean {
  return (cluster ?? held.cluster) === held.cluster && (namespace ?? held.namespace) === held.namespace;
}
