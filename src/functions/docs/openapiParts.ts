/** What several routes of the OpenAPI document share. */
import { z } from "zod";
import { AcceptedDocument } from "../../domain/documents/accepted.ts";
import { ProblemDocument } from "../../domain/documents/problem.ts";

export const body = (description: string, schema: z.ZodType) => ({
  description,
  content: { "application/json": { schema } },
});
export const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: ProblemDocument } },
});
/** The answers of every route that asks who calls. */
export const guarded = <Responses extends object>(responses: Responses) => ({
  401: problem("The request does not prove who sends it; WWW-Authenticate says how."),
  403: problem("The caller, or its team, may not do that; or a change came from a page of another site."),
  429: problem("The caller asks too often, or for too much at a time; Retry-After says how long to wait."),
  503: problem("The service is busy, or what it needs does not answer; Retry-After says how long to wait."),
  ...responses,
});
/** Of every route that can be planned, or says why not. */
export const flagProblem = {
  400: problem(
    "A flag such as dryRun is neither true nor false, is written otherwise, or is not offered: nothing was done.",
  ),
};
/** Of every route that takes a body. */
export const bodyProblems = {
  400: problem("The body is not JSON, or a flag such as dryRun is neither true nor false."),
  413: problem("The body is larger than 16 KB."),
  422: problem("A field is wrong; errors names each."),
};
/** Of every list that comes in pages. */
export const pagingProblems = {
  400: problem("continuation is none that a nextLink gave."),
  422: problem("A parameter is wrong."),
};
export const paging = { top: z.int().min(1).max(200).optional(), continuation: z.string().optional() };
export const berth = z.object({ cluster: z.string(), namespace: z.string() });

export const dryRun = z.boolean().optional().meta({
  description:
    "true answers with the plan and writes nothing. Only true and false are taken, so that no slip becomes a change.",
});

export const idempotencyHeaders = z.object({
  "idempotency-key": z.string().min(1).max(255).optional().meta({
    description:
      "The same key with the same request gives the same answer for 24 hours. Repeatability-Request-ID is taken, too.",
  }),
});

export const acceptedResponse = {
  ...body("Accepted; watch the operation at Operation-Location.", AcceptedDocument),
  headers: z.object({ location: z.string(), "operation-location": z.string(), "retry-after": z.string() }),
};
