import type { InvocationContext } from "@azure/functions";
import { type DurableClient, getClient, input } from "durable-functions";
import { z } from "zod";
import { cancelBatch } from "../../application/decisions/cancelBatch.ts";
import { cancelOperation, decideApproval } from "../../application/decisions/decide.ts";
import { appendDecision } from "../../application/watching/audit.ts";
import type { AppRole, Caller } from "../../domain/access/caller.ts";
import type { Signature } from "../../domain/documents/signature.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import type { AnyOperation, BatchRecord } from "../../domain/operation/records.ts";
import type { ApprovalDecision } from "../../domain/policy/approval.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { acceptCompensation } from "../acceptance/acceptance.ts";
import { acceptanceContextOf } from "../acceptance/acceptanceContext.ts";
import { wake } from "../acceptance/wake.ts";
import { passOn } from "../batches/acceptBatch.ts";
import { expectMatch } from "../http/conditions.ts";
import { answerOnce } from "../http/idempotency.ts";
import { currentOperation } from "../http/operationTag.ts";
import { readFlag, readOptionalBody } from "../http/readBody.ts";
import { parseFields } from "../http/readRequest.ts";
import { accepted, json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { planApproval, planCancelOf, planCompensationOf } from "./planDecision.ts";

const comment = z.string().max(1_000).optional();
export const CancelBody = z.strictObject({ comment });
export const RejectBody = z.strictObject({ comment, requestHash: z.string().optional() });
export const ApproveBody = z.strictObject({
  comment,
  requestHash: z
    .string()
    .meta({ description: "The operation's approval.requestHash, which identifies what is approved." }),
});

/** The decision as the operation's record has it, for a cancel or an approval. */
type Decided = Omit<ApprovalDecision, "kind">;

interface Verb<T> {
  readonly decide: (told: DecisionCall<T>) => Promise<{ record: AnyOperation; decided: Decided | undefined }>;
  readonly plan: (told: DecisionCall<T>) => Promise<Plan>;
}

interface DecisionCall<T> {
  readonly by: Caller;
  readonly id: string;
  readonly body: T;
  /** Throws when the operation is not the one that the caller saw. */
  readonly expect: (record: AnyOperation) => void;
}

export function registerDecisions(ports: Ports, routes: Routes): void {
  const service = { ports, routes };
  decision(service, "cancel", "Onboarding.Request", CancelBody, {
    plan: ({ by, id, body, expect }) => planCancelOf({ ports }, id, { by, expect, ...body }),
    async decide({ by, id, body, expect }) {
      const isBatch = (await ports.registry.getBatch(id)) !== undefined;
      const cancel = { by, expect, ...body };
      const record = isBatch ? await cancelBatch(ports, id, cancel) : await cancelOperation(ports.registry, id, cancel);
      return {
        record,
        decided:
          ("givenUp" in record && typeof record.givenUp === "object" ? record.givenUp : undefined) ?? record.cancel,
      };
    },
  });
  decision(service, "approve", "Onboarding.Approve", ApproveBody, approving(ports, "approved"));
  decision(service, "reject", "Onboarding.Approve", RejectBody, approving(ports, "rejected"));

  routes.add("retryCompensation", {
    route: "api/operations/{id}/compensate",
    method: "POST",
    query: ["dryRun"],
    extraInputs: [input.durableClient()],
    handler: routes.forRoles(["Onboarding.Request"], async (request, { context, traceparent, by }) => {
      const acceptance = acceptanceContextOf(ports, { context, by, traceparent });
      const id = request.params["id"] ?? "";
      const expect = (seen: AnyOperation) => expectMatch(request, currentOperation(seen));
      if (readFlag(request, "dryRun")) return json(200, await planCompensationOf(acceptance, id, { expect }));
      return await answerOnce(ports.idempotencyKeys, { request, by, body: null, context }, async (attempt) => {
        const { operation, kind, isNew } = await acceptCompensation({ ...acceptance, ...attempt }, id, { expect });
        const facts = { operation, isNew, compensates: id, traceId: traceIdIn({ traceparent }) };
        context.log(logLine("compensation accepted", facts));
        return accepted(request, operation, { id: operation, kind, isNew });
      });
    }),
  });
}

function approving(ports: Ports, kind: "approved" | "rejected"): Verb<z.infer<typeof RejectBody>> {
  return {
    plan: ({ by, id, body, expect }) => planApproval({ ports }, id, { kind, by, expect, ...body }),
    async decide({ by, id, body, expect }) {
      const record = await decideApproval(ports.registry, id, { kind, by, expect, ...body });
      const { given = [], decision: made } = record.approval ?? {};
      // One of several approvals is a decision of its own.
      const own = kind === "approved" ? given.find((each) => each.by === by.id) : undefined;
      return { record, decided: own ?? made };
    },
  };
}

function decision<T>(
  { ports, routes }: { readonly ports: Ports; readonly routes: Routes },
  verb: "cancel" | "approve" | "reject",
  role: AppRole,
  schema: z.ZodType<T>,
  { decide, plan }: Verb<T>,
): void {
  routes.add(`${verb}Operation`, {
    route: `api/operations/{id}/${verb}`,
    method: "POST",
    query: ["dryRun"],
    extraInputs: [input.durableClient()],
    handler: routes.forRoles([role], async (request, { context, traceparent, by }) => {
      const isDryRun = readFlag(request, "dryRun");
      const id = request.params["id"] ?? "";
      const body = parseFields(schema, await readOptionalBody(request));
      const expect = (seen: AnyOperation) => expectMatch(request, currentOperation(seen));
      if (isDryRun) return json(200, await plan({ by, id, body, expect }));
      const { record, decided } = await decide({ by, id, body, expect });
      const origin = { ...record, operation: id, requestedBy: by.id, traceparent };
      // Before the answer: if this fails and the caller tries again, the decision is the same and still gets its entry. Only
      // running operations can be decided on; the current status may already be the end, and would make a second entry.
      await appendDecision(ports, origin, {
        id: `${id}/${by.id}`,
        what: record.kind,
        action: verb,
        outcome: "Running",
      });
      context.log(logLine("decided", { verb, operation: id, by: by.id }));
      if (record.kind === "batch") await passOnNow(ports, getClient(context), record, context);
      else if (record.cancel || record.givenUp || record.approval?.decision)
        await wake(getClient(context), record, context);
      return accepted(request, id, { ...signatureOf(id, decided), id, kind: record.kind, decision: verb });
    }),
  });
}

function signatureOf(id: string, decided: Decided | undefined): Signature {
  const { by, time, comment } = decided ?? {};
  if (by !== undefined && time !== undefined) return { by, time, comment };
  throw new Error(`the record of operation ${id} does not say who decided about it`);
}

async function passOnNow(
  ports: Ports,
  client: DurableClient,
  record: BatchRecord,
  context: Pick<InvocationContext, "warn">,
): Promise<void> {
  try {
    await passOn(ports, client, record, context);
  } catch (error) {
    // The decision stands all the same: the timer passes the cancel on (reconcileBatches.ts).
    const reason = error instanceof Error ? error.message : String(error);
    context.warn(logLine("cancel not passed on yet", { operation: record.id, reason, traceId: traceIdIn(record) }));
  }
}
