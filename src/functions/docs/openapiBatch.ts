/** Batches, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { BatchBody, BatchOutcome, BatchPlan, BatchTotals, mostRequests } from "../../domain/operation/batch.ts";
import { BatchRemaining } from "../../domain/operation/batchRemaining.ts";
import { OperationError, OperationKind, OperationStatus, Phase } from "../../domain/operation/operation.ts";
import { acceptedResponse, body, bodyProblems, guarded, idempotencyHeaders, problem, Time } from "./openapiParts.ts";

export const BatchSummary = z.object({
  id: z.string(),
  kind: z.literal("batch"),
  status: OperationStatus,
  requests: z.int().meta({ description: "How many it has." }),
  requestedBy: z.string(),
  team: z.string().optional().meta({ description: "Absent where it is an operator's, or of several teams." }),
  createdTime: Time,
  startTime: Time.optional(),
  endTime: Time.optional(),
  traceId: z.string().optional(),
  error: OperationError.optional(),
  cancel: z.object({ by: z.string(), time: Time, comment: z.string().optional() }).optional(),
});

const BatchItemDocument = z.object({
  index: z.int().meta({ description: "Its place in `requests`." }),
  cluster: z.string(),
  namespace: z.string(),
  status: OperationStatus,
  operation: z
    .string()
    .optional()
    .meta({ description: "Whose status says more. Absent before it begins, and when it was refused." }),
  isOwn: z.boolean().optional().meta({
    description: "False: the very request had run, or was running, as an operation that is not this batch's.",
  }),
  kind: OperationKind.optional(),
  outcome: BatchOutcome.optional().meta({ description: "unchanged: the namespace was as the request asks." }),
  needsApproval: z.boolean().optional().meta({
    description: "True: its operation waits for a person, or has waited; approve or reject it at its own address.",
  }),
  error: OperationError.optional(),
  startTime: Time.optional(),
  endTime: Time.optional(),
});

export const BatchDocument = BatchSummary.extend({
  phase: Phase,
  totals: BatchTotals,
  remaining: BatchRemaining.optional(),
  items: z.array(BatchItemDocument),
  nextLink: z.string().optional(),
}).meta({ id: "Batch" });

/** Of GET /api/operations/{id}, where it is a batch. */
export const batchPaging = z.object({
  top: z
    .int()
    .min(1)
    .max(mostRequests)
    .optional()
    .meta({ description: "Of a batch: how many items; 100 when absent." }),
  from: z.int().min(0).max(mostRequests).optional().meta({ description: "Of a batch: the first index." }),
  status: OperationStatus.optional().meta({ description: "Of a batch: only items of this status." }),
});

export const batchPaths: ZodOpenApiPathsObject = {
  "/api/onboardings/batch": {
    post: {
      operationId: "createBatch",
      summary: "Onboard or change up to 1,000 namespaces as one operation; with dryRun=true plan it",
      description:
        "The body may have 4 MB. What is wrong with any request is told of all of them, and nothing is accepted. What depends on the state of a namespace or on policy is the outcome of that namespace.",
      requestParams: { query: z.object({ dryRun: z.boolean().optional() }), header: idempotencyHeaders },
      requestBody: { required: true, content: { "application/json": { schema: BatchBody } } },
      responses: guarded({
        200: body(
          "The plan of each, how long each would take, and how long all that are ready; nothing was written.",
          BatchPlan,
        ),
        202: acceptedResponse,
        ...bodyProblems,
        409: problem("The first request with the idempotency key is being answered."),
        413: problem("The body is larger than 4 MB."),
        415: problem("The body is not declared as JSON."),
        422: problem("Fields are wrong, or a namespace comes twice; errors names up to 100."),
        503: problem("The registry does not answer."),
      }),
    },
  },
};
