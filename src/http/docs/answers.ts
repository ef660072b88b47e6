/** What routes answer, as the OpenAPI document has it. */
import { z } from "zod";
import { AcceptedDocument } from "../../domain/documents/accepted.ts";
import { ProblemDocument, problemDocument } from "../../domain/documents/problem.ts";
import { errorCatalogue, type RefusalCode, type StepErrorCode } from "../../domain/errors.ts";
import { Plan } from "../../domain/operation/plan.ts";
import { accepted, traceId } from "./examples.ts";

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
/** A client that reads YAML gets what the text says, not the text. */
export const yaml = (example: string) => ({ "application/yaml": withExamples(z.unknown(), { example }) });
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
export const refusedByHost = {
  431: { description: "The headers are larger than the host takes, so the app never saw the request." },
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
export const isOther = problem(
  "It has changed since the version in If-Match. The detail says what it is now, and the header ETag has the current version.",
  "PRECONDITION_FAILED",
);

export const isHeld = problem("Another operation holds the namespace, or left it incomplete.", "OPERATION_IN_PROGRESS");

/** The answer to a dry run. */
export const planned = (examples: Examples) => body("The plan; nothing was written.", Plan, examples);

export const acceptedResponse = {
  ...body("Accepted; watch the operation at Operation-Location.", AcceptedDocument, { accepted }),
  headers: z.object({ location: z.string(), "operation-location": z.string(), "retry-after": z.string() }),
};
