/** Operations, and people's decisions about them, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { DecisionDocument } from "../../domain/documents/accepted.ts";
import { AnyOperationDocument, AwaitingPage, OperationPage } from "../../domain/documents/operation.ts";
import { Plan } from "../../domain/operation/plan.ts";
import { ApproveBody, CancelBody, RejectBody } from "../operations/decisions.ts";
import { Filters } from "../operations/operations.ts";
import {
  approveBody,
  awaitingPage,
  batchDocument,
  cancelBody,
  decided,
  operationDocument,
  operationPage,
  plan,
  rejectBody,
  removalPlan,
} from "./examples.ts";
import { batchPaging } from "./openapiBatch.ts";
import {
  acceptedResponse,
  body,
  bodyProblems,
  changeHeaders,
  decisionHeaders,
  dryRun,
  flagProblem,
  guarded,
  isOther,
  operationPath,
  paging,
  pagingProblems,
  problem,
  requestBody,
} from "./openapiParts.ts";

const decisionResponse = {
  ...acceptedResponse,
  ...body(
    "Recorded; watch the operation at Operation-Location. Repeating the request returns the same answer.",
    DecisionDocument,
    {
      decided,
    },
  ),
};

const twice =
  "Repeating a decision returns the same answer, with or without an idempotency key; If-Match is ignored then.";

/** For an approver's decision of either kind. */
const approverResponses = guarded({
  ...bodyProblems,
  200: body("The plan; nothing was written.", Plan, { plan }),
  202: decisionResponse,
  403: problem("The caller lacks the role, or is the requester.", "APPROVER_IS_REQUESTER"),
  404: problem("No operation has this ID.", "NOT_FOUND"),
  412: isOther,
  409: problem(
    "The operation is not waiting for approval, the approval timed out, or the hash belongs to another request.",
    "APPROVAL_NOT_PENDING",
  ),
});

export const operationPaths: ZodOpenApiPathsObject = {
  "/api/operations": {
    get: {
      operationId: "listOperations",
      tags: ["Operations"],
      summary: "List operations, newest request first",
      description: "The operations and batches of the caller's teams; of all teams, for an operator.",
      requestParams: { query: Filters.extend(paging) },
      responses: guarded({
        200: body("A page of operations.", OperationPage, { operationPage }),
        ...pagingProblems,
      }),
    },
  },
  "/api/approvals": {
    get: {
      operationId: "listApprovals",
      tags: ["Operations"],
      summary: "List what waits for the caller's approval, newest first, with what would change",
      description:
        "What the caller can approve now. Excludes the caller's own requests, and those that need two people and already have the caller's approval. Each page reads the record of every namespace that an operation holds, and as many operations as the page needs. For everything that waits in your teams, use GET /api/operations?phase=awaitingApproval.",
      requestParams: { query: z.object(paging) },
      responses: guarded({
        200: body("A page of waiting operations.", AwaitingPage, { awaitingPage }),
        ...pagingProblems,
        403: problem("The caller lacks the role Onboarding.Approve.", "FORBIDDEN"),
      }),
    },
  },
  "/api/operations/{id}": {
    get: {
      operationId: "getOperation",
      tags: ["Operations"],
      summary: "Get the status of an operation, step by step",
      description:
        "Poll until it is done (Retry-After), or follow GET /api/operations/{id}/events. The header ETag changes with every step. If-Match of a decision compares only its part before the dot, which is the field `etag`: it changes when approval is requested or given, when the operation is canceled and when it ends.",
      requestParams: {
        path: operationPath,
        query: batchPaging,
        header: z.object({ "if-none-match": z.string().optional() }),
      },
      responses: guarded({
        200: {
          ...body("The operation, for a namespace or a batch.", AnyOperationDocument, {
            operationDocument,
            batchDocument,
          }),
          headers: z.object({
            etag: z.string().meta({ description: "What people decide about, a dot, and everything else." }),
          }),
        },
        304: { description: "If-None-Match has the current version." },
        404: problem("No operation has this ID.", "NOT_FOUND"),
        422: problem("A parameter is wrong.", "INVALID_REQUEST"),
      }),
    },
  },
  "/api/operations/{id}/cancel": {
    post: {
      operationId: "cancelOperation",
      tags: ["Operations"],
      summary: "Cancel an operation and undo what it did, or plan that with dryRun=true",
      description: `With dryRun=true: the undos that would run now, each with what it would find. Batches, and operations that undo nothing, get notices instead of steps. ${twice}`,
      requestParams: { path: operationPath, query: z.object({ dryRun }), header: decisionHeaders },
      requestBody: requestBody("optional", CancelBody, { cancelBody }),
      responses: guarded({
        ...bodyProblems,
        200: body("The plan; nothing was written.", Plan, { removalPlan }),
        202: decisionResponse,
        404: problem("No operation has this ID.", "NOT_FOUND"),
        409: problem("The operation has ended, or is already complete and verified.", "OPERATION_ENDED"),
        412: isOther,
      }),
    },
  },
  "/api/operations/{id}/approve": {
    post: {
      operationId: "approveOperation",
      tags: ["Operations"],
      summary:
        "Approve the waiting request; needs the app role Onboarding.Approve, and someone other than the requester",
      description: `With dryRun=true: the plan of the waiting operation. ${twice}`,
      requestParams: { path: operationPath, query: z.object({ dryRun }), header: decisionHeaders },
      requestBody: requestBody("required", ApproveBody, { approveBody }),
      responses: approverResponses,
    },
  },
  "/api/operations/{id}/reject": {
    post: {
      operationId: "rejectOperation",
      tags: ["Operations"],
      summary: "Reject the waiting request; the operation ends with the code REJECTED",
      description: `With dryRun=true: a plan without steps, because nothing was written yet. ${twice}`,
      requestParams: { path: operationPath, query: z.object({ dryRun }), header: decisionHeaders },
      requestBody: requestBody("optional", RejectBody, { rejectBody }),
      responses: approverResponses,
    },
  },
  "/api/operations/{id}/compensate": {
    post: {
      operationId: "compensateOperation",
      tags: ["Operations"],
      summary: "Run the failed undos again, as an operation of their own, or plan that with dryRun=true",
      description:
        "After a migration it undoes what its failed phases left. POST …/migrate continues, or returns to the other identity mode.",
      requestParams: { path: operationPath, query: z.object({ dryRun }), header: changeHeaders },
      responses: guarded({
        ...flagProblem,
        200: body("The plan; nothing was written.", Plan, { removalPlan }),
        202: acceptedResponse,
        404: problem("No operation has this ID.", "NOT_FOUND"),
        412: isOther,
        422: problem(
          "The idempotency key was used for a different request, or is malformed.",
          "IDEMPOTENCY_KEY_REUSED",
        ),
        409: problem(
          "None of its undos failed, or another operation has since changed the namespace.",
          "NOTHING_TO_COMPENSATE",
        ),
      }),
    },
  },
};
