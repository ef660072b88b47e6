/** Operations and what people decide about them, as OpenAPI. */
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
  ...body("Recorded; watch the operation at Operation-Location. The same again is the same answer.", DecisionDocument, {
    decided,
  }),
};

const twice =
  "The same decision again is the same answer, with an idempotency key or without; If-Match is not asked of it then.";

/** Of an approver's decision, whichever it is. */
const approverResponses = guarded({
  ...bodyProblems,
  200: body("The plan; nothing was written.", Plan, { plan }),
  202: decisionResponse,
  403: problem("The caller lacks the role, or is the requester.", "APPROVER_IS_REQUESTER"),
  404: problem("There is none of that id.", "NOT_FOUND"),
  412: isOther,
  409: problem(
    "It does not wait for approval, its time is over, or the hash is another request's.",
    "APPROVAL_NOT_PENDING",
  ),
});

export const operationPaths: ZodOpenApiPathsObject = {
  "/api/operations": {
    get: {
      operationId: "listOperations",
      tags: ["Operations"],
      summary: "Operations, newest first: by when they were asked for, and not by when they began",
      description: "Of the caller's teams, or of all teams for an operator; batches, too.",
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
      summary: "What waits for the caller's approval, newest first, with what would change",
      description:
        "What he may approve now: not his own requests, and none that he has approved already where two people have to. Each page reads the record of every namespace that an operation holds, and of the operations no more than it takes to fill the page. All that waits in your teams, whoever may approve it: GET /api/operations?phase=awaitingApproval.",
      requestParams: { query: z.object(paging) },
      responses: guarded({
        200: body("A page of operations that wait.", AwaitingPage, { awaitingPage }),
        ...pagingProblems,
        403: problem("The caller lacks the role Onboarding.Approve.", "FORBIDDEN"),
      }),
    },
  },
  "/api/operations/{id}": {
    get: {
      operationId: "getOperation",
      tags: ["Operations"],
      summary: "The status of one operation, step by step",
      description:
        "Ask again while it is not done (Retry-After), or follow GET /api/operations/{id}/events. Its ETag changes with every step; of that, If-Match of a decision takes only the part before the dot, the field `etag`, which changes when approval is asked for or given, when it is canceled and when it ends.",
      requestParams: {
        path: operationPath,
        query: batchPaging,
        header: z.object({ "if-none-match": z.string().optional() }),
      },
      responses: guarded({
        200: {
          ...body("The operation, of a namespace or of a batch.", AnyOperationDocument, {
            operationDocument,
            batchDocument,
          }),
          headers: z.object({ etag: z.string().meta({ description: "What is decided about, a dot, and the rest." }) }),
        },
        304: { description: "If-None-Match names what is current." },
        404: problem("There is none of that id.", "NOT_FOUND"),
        422: problem("A parameter is wrong.", "INVALID_REQUEST"),
      }),
    },
  },
  "/api/operations/{id}/cancel": {
    post: {
      operationId: "cancelOperation",
      tags: ["Operations"],
      summary: "Cancel an operation; what it has done is undone, and the status says what; with dryRun=true plan it",
      description: `With dryRun=true: the undos that would run now, each with what it would find. Kinds that undo nothing, and batches, have notices instead of steps. ${twice}`,
      requestParams: { path: operationPath, query: z.object({ dryRun }), header: decisionHeaders },
      requestBody: requestBody("optional", CancelBody, { cancelBody }),
      responses: guarded({
        ...bodyProblems,
        200: body("The plan; nothing was written.", Plan, { removalPlan }),
        202: decisionResponse,
        404: problem("There is none of that id.", "NOT_FOUND"),
        409: problem("It has ended, or everything was done and verified already.", "OPERATION_ENDED"),
        412: isOther,
      }),
    },
  },
  "/api/operations/{id}/approve": {
    post: {
      operationId: "approveOperation",
      tags: ["Operations"],
      summary:
        "Approve the request that waits; needs the app role Onboarding.Approve and another person than the requester",
      description: `With dryRun=true: the plan of the very operation that waits. ${twice}`,
      requestParams: { path: operationPath, query: z.object({ dryRun }), header: decisionHeaders },
      requestBody: requestBody("required", ApproveBody, { approveBody }),
      responses: approverResponses,
    },
  },
  "/api/operations/{id}/reject": {
    post: {
      operationId: "rejectOperation",
      tags: ["Operations"],
      summary: "Reject the request that waits; it ends with the code REJECTED",
      description: `With dryRun=true: a plan without steps, since nothing has been written. ${twice}`,
      requestParams: { path: operationPath, query: z.object({ dryRun }), header: decisionHeaders },
      requestBody: requestBody("optional", RejectBody, { rejectBody }),
      responses: approverResponses,
    },
  },
  "/api/operations/{id}/compensate": {
    post: {
      operationId: "compensateOperation",
      tags: ["Operations"],
      summary: "Run again the undos that failed, and only those, as an operation of its own; with dryRun=true plan it",
      description:
        "Of a migration it undoes what is left of its failed phases; POST …/migrate goes on, or back to the other identity mode.",
      requestParams: { path: operationPath, query: z.object({ dryRun }), header: changeHeaders },
      responses: guarded({
        ...flagProblem,
        200: body("The plan; nothing was written.", Plan, { removalPlan }),
        202: acceptedResponse,
        404: problem("There is none of that id.", "NOT_FOUND"),
        412: isOther,
        422: problem("The idempotency key came with another request before, or is none.", "IDEMPOTENCY_KEY_REUSED"),
        409: problem(
          "No undo of it failed, or another operation has had the namespace since.",
          "NOTHING_TO_COMPENSATE",
        ),
      }),
    },
  },
};
