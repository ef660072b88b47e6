import type { InvocationContext } from "@azure/functions";
import { getClient } from "durable-functions";
import { z } from "zod";
import { acceptCompensation } from "../../application/acceptance/acceptance.ts";
import { passOn } from "../../application/batch/acceptBatch.ts";
import { cancelBatch } from "../../application/decisions/cancelBatch.ts";
import { cancelOperation, decideApproval } from "../../application/decisions/decide.ts";
import { wake } from "../../application/decisions/wake.ts";
import { planApproval, planCancelOf, planCompensationOf } from "../../application/dryRun/planDecision.ts";
import { appendDecision } from "../../application/watching/audit.ts";
import { createPersonOf } from "../../domain/access/person.ts";
import { DecisionDocument } from "../../domain/documents/accepted.ts";
import { planDocument } from "../../domain/documents/errorDocument.ts";
import type { Signature } from "../../domain/documents/signature.ts";
import { currentOperation } from "../../domain/http/operationTag.ts";
import { messageOf } from "../../domain/messageOf.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import type { AnyOperation, BatchRecord } from "../../domain/operation/records.ts";
import type { ApprovalDecision } from "../../domain/policy/approval.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import { answerChange } from "../../http/changes/answerChange.ts";
import { declareRoute } from "../../http/declaration.ts";
import { acceptedResponse, body, planned, problem } from "../../http/docs/answers.ts";
import {
  approveBody,
  cancelBody,
  decided as decidedExample,
  plan,
  rejectBody,
  removalPlan,
} from "../../http/docs/examples.ts";
import { fieldsOf } from "../../http/parameters/body.ts";
import { type Change, change, decision } from "../../http/parameters/change.ts";
import { atOperation } from "../../http/place.ts";
import { type Answer, accepted, json } from "../../http/respond.ts";
import type { RouteCallOfCaller, Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";

const comment = z.string().max(1_000).optional();
const CancelBody = z.strictObject({ comment });
const RejectBody = z.strictObject({ comment, requestHash: z.string().optional() });
const ApproveBody = z.strictObject({
  comment,
  requestHash: z
    .string()
    .meta({ description: "The operation's approval.requestHash, which identifies what is approved." }),
});

const decidedResponse = {
  ...acceptedResponse,
  ...body(
    "Recorded; watch the operation at Operation-Location. Repeating the request returns the same answer.",
    DecisionDocument,
    { decided: decidedExample },
  ),
};

const twice =
  "Repeating a decision returns the same answer, with or without an idempotency key; If-Match is ignored then.";

/** For an approver's decision of either kind. */
const approverAnswers = {
  200: planned({ plan }),
  202: decidedResponse,
  403: problem("The caller lacks the role, or is the requester.", "APPROVER_IS_REQUESTER"),
  409: problem(
    "The operation is not waiting for approval, the approval timed out, or the hash belongs to another request.",
    "APPROVAL_NOT_PENDING",
  ),
};

export const cancelRoute = declareRoute({
  operationId: "cancelOperation",
  method: "POST",
  at: atOperation("/cancel"),
  access: ["Onboarding.Request"],
  hasClient: true,
  tag: "Operations",
  summary: "Cancel an operation and undo what it did, or plan that with dryRun=true",
  description: `With dryRun=true: the undos that would run now, each with what it would find. Batches, and operations that undo nothing, get notices instead of steps. ${twice}`,
  reads: [decision, fieldsOf(CancelBody, { cancelBody })],
  answers: {
    200: planned({ removalPlan }),
    202: decidedResponse,
    409: problem("The operation has ended, or is already complete and verified.", "OPERATION_ENDED"),
  },
});

export const approveRoute = declareRoute({
  operationId: "approveOperation",
  method: "POST",
  at: atOperation("/approve"),
  access: ["Onboarding.Approve"],
  hasClient: true,
  tag: "Operations",
  summary: "Approve the waiting request; needs the app role Onboarding.Approve, and someone other than the requester",
  description: `With dryRun=true: the plan of the waiting operation. ${twice}`,
  reads: [decision, fieldsOf(ApproveBody, { approveBody }, "required")],
  answers: approverAnswers,
});

export const rejectRoute = declareRoute({
  operationId: "rejectOperation",
  method: "POST",
  at: atOperation("/reject"),
  access: ["Onboarding.Approve"],
  hasClient: true,
  tag: "Operations",
  summary: "Reject the waiting request; the operation ends with the code REJECTED",
  description: `With dryRun=true: a plan without steps, because nothing was written yet. ${twice}`,
  reads: [decision, fieldsOf(RejectBody, { rejectBody })],
  answers: approverAnswers,
});

export const compensateRoute = declareRoute({
  operationId: "compensateOperation",
  functionName: "retryCompensation",
  method: "POST",
  at: atOperation("/compensate"),
  access: ["Onboarding.Request"],
  hasClient: true,
  tag: "Operations",
  summary: "Run the failed undos again, as an operation of their own, or plan that with dryRun=true",
  description:
    "After a migration it undoes what its failed phases left. POST …/migrate continues, or returns to the other identity mode.",
  reads: [change],
  answers: {
    200: planned({ removalPlan }),
    202: acceptedResponse,
    409: problem(
      "None of its undos failed, another operation has since changed the namespace, or its end is not written yet.",
      "NOTHING_TO_COMPENSATE",
    ),
  },
});

/** The decision as the operation's record has it, for a cancel or an approval. */
type Decided = Omit<ApprovalDecision, "kind">;

interface Verb {
  readonly name: DecisionDocument["decision"];
  readonly plan: () => Promise<Plan>;
  readonly decide: () => Promise<{ readonly record: AnyOperation; readonly decided: Decided | undefined }>;
}

export function registerDecisions(ports: Ports, routes: Routes): void {
  const expectIn =
    ({ condition }: Pick<Change, "condition">) =>
    (seen: AnyOperation) =>
      condition.match(currentOperation(seen));

  routes.serve(cancelRoute, async (call, asked, body) => {
    const { by, place: id } = call;
    const cancel = { by, expect: expectIn(asked), ...body };
    return await answerDecision(ports, call, asked, {
      name: "cancel",
      plan: () => planCancelOf({ ports }, id, cancel),
      async decide() {
        const isBatch = (await ports.registry.getBatch(id)) !== undefined;
        const record = isBatch
          ? await cancelBatch(ports, id, cancel)
          : await cancelOperation(ports.registry, id, cancel);
        const givenUp = record.kind === "batch" ? undefined : record.givenUp;
        return { record, decided: givenUp ?? record.cancel };
      },
    });
  });

  const personOf = createPersonOf(ports.catalog.auth);
  const approving = (
    { by, place: id }: RouteCallOfCaller<string>,
    asked: Pick<Change, "condition">,
    decision: z.infer<typeof RejectBody> & { readonly kind: "approved" | "rejected" },
  ): Omit<Verb, "name"> => {
    const given = { by, expect: expectIn(asked), personOf, ...decision };
    return {
      plan: () => planApproval({ ports }, id, given),
      async decide() {
        const record = await decideApproval(ports.registry, id, given);
        const { given: approvals = [], decision: made } = record.approval ?? {};
        // One of several approvals is a decision of its own.
        const own =
          decision.kind === "approved" ? approvals.find((each) => personOf(each.by) === personOf(by.id)) : undefined;
        return { record, decided: own ?? made };
      },
    };
  };
  routes.serve(approveRoute, async (call, asked, body) => {
    const verb = approving(call, asked, { kind: "approved", ...body });
    return await answerDecision(ports, call, asked, { name: "approve", ...verb });
  });
  routes.serve(rejectRoute, async (call, asked, body) => {
    const verb = approving(call, asked, { kind: "rejected", ...body });
    return await answerDecision(ports, call, asked, { name: "reject", ...verb });
  });

  routes.serve(compensateRoute, async (call, asked) => {
    const { by, place: id } = call;
    const expect = expectIn(asked);
    return await answerChange(ports, call, asked, {
      sent: null,
      event: "compensation accepted",
      facts: { compensates: id, traceId: traceIdIn(call) },
      plan: () => planCompensationOf({ ports, by }, id, { expect }),
      accept: (acceptance) => acceptCompensation(acceptance, id, { expect }),
    });
  });
}

async function answerDecision(
  ports: Ports,
  { context, by, traceparent, place: id }: RouteCallOfCaller<string>,
  { isDryRun }: Pick<Change, "isDryRun">,
  { name, plan: foresee, decide }: Verb,
): Promise<Answer> {
  if (isDryRun) return json(200, planDocument(await foresee()));
  const { record, decided } = await decide();
  const origin = { ...record, operation: id, requestedBy: by.id, traceparent };
  // Before the answer: if this fails and the caller tries again, the decision is the same and still gets its entry. Only
  // running operations can be decided on; the current status may already be the end, and would make a second entry.
  await appendDecision(ports, origin, { id: `${id}/${by.id}`, what: record.kind, action: name, outcome: "Running" });
  context.log(logLine("decided", { verb: name, operation: id, by: by.id }));
  if (record.kind === "batch") await passOnNow(ports, getClient(context), record, context);
  else if (record.cancel || record.givenUp || record.approval?.decision)
    await wake(getClient(context), record, context);
  return accepted({ ...signatureOf(id, decided), id, kind: record.kind, decision: name });
}

function signatureOf(id: string, decided: Decided | undefined): Signature {
  const { by, time, comment } = decided ?? {};
  if (by !== undefined && time !== undefined) return { by, time, comment };
  throw new Error(`the record of operation ${id} does not say who decided about it`);
}

async function passOnNow(
  ports: Ports,
  client: RuntimeClient,
  record: BatchRecord,
  context: Pick<InvocationContext, "warn">,
): Promise<void> {
  try {
    await passOn(ports, client, record, context);
  } catch (error) {
    // The decision stands all the same: the timer passes the cancel on (application/recovery/reconcileBatches.ts).
    const reason = messageOf(error);
    context.warn(logLine("cancel not passed on yet", { operation: record.id, reason, traceId: traceIdIn(record) }));
  }
}
