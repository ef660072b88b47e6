/** What several routes of the OpenAPI document share. */
import { z } from "zod";
import { AcceptedDocument } from "../../domain/documents/accepted.ts";
import { ProblemDocument } from "../../domain/documents/problem.ts";
import { errorCatalogue, type RefusalCode, type StepErrorCode } from "../../domain/errors.ts";
import { problemDocument } from "../http/respond.ts";
import { accepted, names, traceId } from "./examples.ts";

/** By name; the document's test checks each value against the schema. */
type Examples = Readonly<Record<string, unknown>>;

const withExamples = (schema: z.ZodType, examples: Examples) => ({
  schema,
  examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
});
const json = (schema: z.ZodType, examples: Examples) => ({ "application/json": withExamples(schema, examples) });

export const body = (description: string, schema: z.ZodType, examples: Examples) => ({
  description,
  content: json(schema, examples),
});
export const requestBody = (required: "required" | "optional", schema: z.ZodType, examples: Examples) => ({
  required: required === "required",
  content: json(schema, examples),
});
export const text = (mediaType: string, example: string) => ({ [mediaType]: withExamples(z.string(), { example }) });
/** The code is one of those that the status can have. */
export const problem = (description: string, code: RefusalCode | StepErrorCode) => ({
  description,
  content: {
    "application/problem+json": withExamples(ProblemDocument, {
      [code]: problemDocument(code, errorCatalogue[code].cause, { traceId }),
    }),
  },
});

/** For routes on which the app itself refuses nobody. */
export const busyHost = {
  429: {
    description:
      "The host already runs and queues as many requests as host.json allows, so the app never saw this one.",
  },
};

/** The answers of every route that authenticates the caller. */
export const guarded = <Responses extends object>(responses: Responses) => ({
  400: problem(
    "The route has no query parameter with that name; the answer names those that it has.",
    "INVALID_PARAMETER",
  ),
  401: problem("The request does not prove who sent it; WWW-Authenticate says how to.", "UNAUTHENTICATED"),
  403: problem(
    "The caller or its team may not do this, or the change came from a page of another site.",
    "NOT_ALLOWED",
  ),
  429: problem(
    "The caller sends too many requests, or too many at once; Retry-After says how long to wait.",
    "RATE_LIMITED",
  ),
  503: problem(
    "The service, or something it depends on, is busy or unavailable; Retry-After says how long to wait.",
    "REGISTRY_UNAVAILABLE",
  ),
  ...responses,
});
/** For every route that can be planned, or says why not. */
export const flagProblem = {
  400: problem(
    "A query parameter is not one of the route, or a flag such as dryRun is unsupported or neither true nor false; nothing was done.",
    "INVALID_PARAMETER",
  ),
};
/** For every route that takes a body. */
export const bodyProblems = {
  400: problem(
    "The body is not JSON, a query parameter is not one of the route, or a flag is neither true nor false.",
    "MALFORMED_JSON",
  ),
  413: problem("The body is larger than 16 KB.", "PAYLOAD_TOO_LARGE"),
  422: problem("Fields are wrong; `errors` lists them.", "INVALID_REQUEST"),
};
/** For every paged list. */
export const pagingProblems = {
  400: problem(
    "A query parameter is not one of the route, or `continuation` does not come from a nextLink.",
    "INVALID_PARAMETER",
  ),
  422: problem("A parameter is wrong.", "INVALID_REQUEST"),
};
export function pagingOf(most: number) {
  return { top: z.int().min(1).max(most).optional(), continuation: z.string().optional() };
}
export const paging = pagingOf(200);
export const berth = z.object({
  cluster: z.string().meta({ description: "Alias of the cluster in the catalog.", examples: [names.cluster] }),
  namespace: z.string().meta({ description: "The Kubernetes namespace.", examples: [names.namespace] }),
});
export const operationPath = z.object({
  id: z
    .string()
    .meta({ description: "The ID from the answer that accepted the operation.", examples: [names.operation] }),
});

export const dryRun = z.boolean().optional().meta({
  description:
    "true returns the plan and writes nothing. Only true and false are valid, so that a typo never becomes a change.",
});

export const confirmRemoval = z.boolean().optional().meta({
  description:
    "Whether an onboarded namespace may lose what the request leaves out: databases, role bundles, the service account or the selector. Without it, and without a version in If-Match, such a request is refused (REMOVAL_NOT_CONFIRMED).",
});

export const idempotencyHeaders = z.object({
  "idempotency-key": z.string().min(1).max(255).optional().meta({
    description:
      "The same key with the same request returns the same answer for 24 hours. Repeatability-Request-ID also works.",
  }),
});

export const ifMatch = z.string().optional().meta({
  description:
    "The ETag of what the change is about, as the caller saw it: the header or the field `etag` of its document or plan. If it has changed since, the answer is 412. Compared strongly, so a weak tag never matches; `*` only requires that it exists.",
});
/** For a change that starts an operation or a verification. */
export const changeHeaders = idempotencyHeaders.extend({ "if-match": ifMatch });
/** For a decision, which is its own idempotency key. */
export const decisionHeaders = z.object({ "if-match": ifMatch });
export const isOther = problem(
  "It has changed since the version in If-Match. The detail says what it is now, and the header ETag has the current version.",
  "PRECONDITION_FAILED",
);

export const acceptedResponse = {
  ...body("Accepted; watch the operation at Operation-Location.", AcceptedDocument, { accepted }),
  headers: z.object({ location: z.string(), "operation-location": z.string(), "retry-after": z.string() }),
};
