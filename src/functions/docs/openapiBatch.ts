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
  confirmRemoval,
  guarded,
  isOther,
  problem,
  requestBody,
} from "./openapiParts.ts";

/** For GET /api/operations/{id}, when the operation is a batch. */
export const batchPaging = z.object({
  top: z
    .int()
    .min(1)
    .max(mostRequests)
    .optional()
    .meta({ description: "For a batch: how many items to return; 100 by default." }),
  from: z.int().min(0).max(mostRequests).optional().meta({ description: "For a batch: the index of the first item." }),
  status: OperationStatus.optional().meta({ description: "For a batch: only items with this status." }),
});

export const batchPaths: ZodOpenApiPathsObject = {
  "/api/namespaces/batch": {
    post: {
      operationId: "createNamespaceBatch",
      tags: ["Namespaces"],
      summary:
        "Verify, repair, migrate or offboard up to 1,000 namespaces as one operation, or plan it with dryRun=true",
      description:
        "Mooring chooses the namespaces once, when it accepts the batch: by the filter of GET /api/namespaces, by name, or all that the caller may see. Each namespace gets an operation of its own; a verification has only an outcome. A namespace that is busy at its turn, has changed or is gone fails alone, and the rest continues. Send the plan's `etag` as If-Match to work only on what was planned: it changes when a namespace enters or leaves the selection, or is changed or made again, and not when it is repaired or verified.",
      requestParams: { query: z.object({ dryRun: z.boolean().optional() }), header: changeHeaders },
      requestBody: requestBody("required", NamespaceBatchBody, { repairFound, offboardNamed }),
      responses: guarded({
        200: body("The plan of each chosen namespace, and how long all would take; nothing was written.", BatchPlan, {
          batchPlan,
        }),
        202: { ...acceptedResponse, ...body(acceptedResponse.description, AcceptedDocument, { acceptedBatch }) },
        ...bodyProblems,
        409: problem(
          "No namespace matches the filter, or the first request with the same idempotency key is still being answered.",
          "NOTHING_CHOSEN",
        ),
        412: isOther,
        413: problem("The body is larger than 4 MB.", "PAYLOAD_TOO_LARGE"),
        422: problem(
          "A field is wrong, the namespaces are not selected in exactly one way, or the filter matches more than 1,000.",
          "INVALID_REQUEST",
        ),
      }),
    },
  },
  "/api/onboardings/batch": {
    post: {
      operationId: "createBatch",
      tags: ["Onboardings"],
      summary: "Onboard or change up to 1,000 namespaces as one operation, or plan it with dryRun=true",
      description:
        "The body can have up to 4 MB. If any request is malformed, the answer names every error and nothing is accepted. The state of a namespace and policy decide the outcome of that namespace alone. Send the plan's `etag` as If-Match to onboard only if the namespaces are still as they were planned for. A request that leaves out what its namespace has fails alone, unless the batch has confirmRemoval=true or that If-Match.",
      requestParams: {
        query: z.object({ dryRun: z.boolean().optional(), confirmRemoval }),
        header: changeHeaders,
      },
      requestBody: requestBody("required", BatchBody, { batchRequest }),
      responses: guarded({
        200: body(
          "The plan of each namespace, how long each would take, and how long all the ready ones would; nothing was written.",
          BatchPlan,
          { batchPlan },
        ),
        202: { ...acceptedResponse, ...body(acceptedResponse.description, AcceptedDocument, { acceptedBatch }) },
        ...bodyProblems,
        409: problem(
          "The first request with the same idempotency key is still being answered.",
          "IDEMPOTENCY_IN_PROGRESS",
        ),
        412: isOther,
        413: problem("The body is larger than 4 MB.", "PAYLOAD_TOO_LARGE"),
        422: problem("Fields are wrong, or a namespace appears twice; `errors` lists up to 100.", "INVALID_REQUEST"),
      }),
    },
  },
};
