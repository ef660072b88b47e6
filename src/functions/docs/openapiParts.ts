/** What several routes of the OpenAPI document share. */
import { z } from "zod";
import { AcceptedDocument } from "../../domain/documents/accepted.ts";
import { ProblemDocument } from "../../domain/documents/problem.ts";
import { errorCatalogue, type RefusalCode, type StepErrorCode } from "../../domain/errors.ts";
import { problemDocument } from "../http/respond.ts";
import { accepted, names, traceId } from "./examples.ts";

/** By name; each a value of the schema, to which the document's test holds it. */
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
/** The code is one of those that the status may have. */
export const problem = (description: string, code: RefusalCode | StepErrorCode) => ({
  description,
  content: {
    "application/problem+json": withExamples(ProblemDocument, {
      [code]: problemDocument(code, errorCatalogue[code].cause, { traceId }),
    }),
  },
});

/** Where the app itself refuses nobody. */
export const busyHost = {
  429: { description: "The host runs and keeps as many requests as host.json allows, and did not ask the app." },
};

/** The answers of every route that asks who calls. */
export const guarded = <Responses extends object>(responses: Responses) => ({
  401: problem("The request does not prove who sends it; WWW-Authenticate says how.", "UNAUTHENTICATED"),
  403: problem(
    "The caller, or its team, may not do that; or a change came from a page of another site.",
    "NOT_ALLOWED",
  ),
  429: problem(
    "The caller asks too often, or for too much at a time; Retry-After says how long to wait.",
    "RATE_LIMITED",
  ),
  503: problem(
    "The service is busy, or what it needs does not answer; Retry-After says how long to wait.",
    "REGISTRY_UNAVAILABLE",
  ),
  ...responses,
});
/** Of every route that can be planned, or says why not. */
export const flagProblem = {
  400: problem(
    "A flag such as dryRun is neither true nor false, is written otherwise, or is not offered: nothing was done.",
    "INVALID_PARAMETER",
  ),
};
/** Of every route that takes a body. */
export const bodyProblems = {
  400: problem("The body is not JSON, or a flag such as dryRun is neither true nor false.", "MALFORMED_JSON"),
  413: problem("The body is larger than 16 KB.", "PAYLOAD_TOO_LARGE"),
  422: problem("A field is wrong; errors names each.", "INVALID_REQUEST"),
};
/** Of every list that comes in pages. */
export const pagingProblems = {
  400: problem("continuation is none that a nextLink gave.", "INVALID_PARAMETER"),
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
  id: z.string().meta({ description: "As the answer that accepted it gave it.", examples: [names.operation] }),
});

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
  ...body("Accepted; watch the operation at Operation-Location.", AcceptedDocument, { accepted }),
  headers: z.object({ location: z.string(), "operation-location": z.string(), "retry-after": z.string() }),
};
