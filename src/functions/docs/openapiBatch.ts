/** Batches, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { AcceptedDocument } from "../../domain/documents/accepted.ts";
import { BatchBody, BatchPlan, mostRequests } from "../../domain/operation/batch.ts";
import { NamespaceBatchBody } from "../../domain/operation/namespaceBatch.ts";
import { OperationStatus } from "../../domain/operation/operation.ts";
import { acceptedBatch, batchPlan, batchRequest, offboardNamed, repairFound } from "./examples.ts";
import {
  acceptedResponse,
  body,
  bodyProblems,
  changeHeaders,
  guarded,
  isOther,
  problem,
  requestBody,
} from "./openapiParts.ts";

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
  "/api/namespaces/batch": {
    post: {
      operationId: "createNamespaceBatch",
      tags: ["Namespaces"],
      summary: "Verify, repair, migrate or offboard up to 1,000 namespaces as one operation; with dryRun=true plan it",
      description:
        "Which namespaces is decided once, when it is accepted: by a filter as GET /api/namespaces has it, by name, or all. Each is then an operation of its own, a verification an outcome alone. What is busy at its turn, has changed since or has gone, is the outcome of that namespace, and the rest goes on. Of other teams' namespaces none is chosen. The plan's `etag`, sent as If-Match, holds the batch to the namespaces that were planned: it changes when one comes or goes, or was asked for anew, changed or made again, and not when one was repaired or looked at.",
      requestParams: { query: z.object({ dryRun: z.boolean().optional() }), header: changeHeaders },
      requestBody: requestBody("required", NamespaceBatchBody, { repairFound, offboardNamed }),
      responses: guarded({
        200: body(
          "The plan of each namespace that was chosen, and how long all would take; nothing was written.",
          BatchPlan,
          { batchPlan },
        ),
        202: { ...acceptedResponse, ...body(acceptedResponse.description, AcceptedDocument, { acceptedBatch }) },
        ...bodyProblems,
        409: problem(
          "No namespace meets the filter, or the first request with the idempotency key is being answered.",
          "NOTHING_CHOSEN",
        ),
        412: isOther,
        413: problem("The body is larger than 4 MB.", "PAYLOAD_TOO_LARGE"),
        422: problem(
          "A field is wrong, nothing or too much says which namespaces, or more than 1,000 meet the filter.",
          "INVALID_REQUEST",
        ),
      }),
    },
  },
  "/api/onboardings/batch": {
    post: {
      operationId: "createBatch",
      tags: ["Onboardings"],
      summary: "Onboard or change up to 1,000 namespaces as one operation; with dryRun=true plan it",
      description:
        "The body may have 4 MB. What is wrong with any request is told of all of them, and nothing is accepted. What depends on the state of a namespace or on policy is the outcome of that namespace. The plan's `etag`, sent as If-Match, holds the batch to the namespaces as they were planned for.",
      requestParams: { query: z.object({ dryRun: z.boolean().optional() }), header: changeHeaders },
      requestBody: requestBody("required", BatchBody, { batchRequest }),
      responses: guarded({
        200: body(
          "The plan of each, how long each would take, and how long all that are ready; nothing was written.",
          BatchPlan,
          { batchPlan },
        ),
        202: { ...acceptedResponse, ...body(acceptedResponse.description, AcceptedDocument, { acceptedBatch }) },
        ...bodyProblems,
        409: problem("The first request with the idempotency key is being answered.", "IDEMPOTENCY_IN_PROGRESS"),
        412: isOther,
        413: problem("The body is larger than 4 MB.", "PAYLOAD_TOO_LARGE"),
        422: problem("Fields are wrong, or a namespace comes twice; errors names up to 100.", "INVALID_REQUEST"),
      }),
    },
  },
};
