/** Onboarding, what is onboarded, and offboarding, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { NamespaceDocument, NamespacePage } from "../../domain/documents/namespace.ts";
import { NamespaceFilter } from "../../domain/operation/namespaceFilter.ts";
import { Plan } from "../../domain/operation/plan.ts";
import { AnyRequest } from "../../domain/request/sentRequest.ts";
import { mostNamespaces } from "../http/paging.ts";
import { namespace, namespacePage, objectRequest, plan, removalPlan, request } from "./examples.ts";
import {
  acceptedResponse,
  berth,
  body,
  bodyProblems,
  busyHost,
  dryRun,
  flagProblem,
  guarded,
  idempotencyHeaders,
  pagingOf,
  pagingProblems,
  problem,
  requestBody,
} from "./openapiParts.ts";

export const onboardingPaths: ZodOpenApiPathsObject = {
  "/api/onboardings": {
    post: {
      operationId: "createOnboarding",
      tags: ["Onboardings"],
      summary: "Onboard a namespace or change an onboarded one; with dryRun=true plan it",
      description:
        "It is accepted, and runs as an operation. The same request again is the same operation; another one for a namespace that is onboarded changes it. What cannot succeed is refused before anything is written, or is a blocker of the plan.",
      requestParams: {
        query: z.object({
          dryRun,
          takeOver: z.boolean().optional().meta({
            description:
              "Operators only: takes the namespace from the team that has it, or binds it to the one that is there now.",
          }),
        }),
        header: idempotencyHeaders,
      },
      requestBody: requestBody("required", AnyRequest, { request, objectRequest }),
      responses: guarded({
        200: body("The plan; nothing was written.", Plan, { plan }),
        202: acceptedResponse,
        ...bodyProblems,
        409: problem(
          "Another operation or team has the namespace, a change cannot reach the request, or the quota is used up.",
          "OPERATION_IN_PROGRESS",
        ),
      }),
    },
  },
  "/api/onboardings/schema.json": {
    get: {
      operationId: "onboardingSchema",
      tags: ["Onboardings"],
      security: [],
      summary: "The JSON Schema of requests in the form of a Kubernetes object",
      description: "For editors: `# yaml-language-server: $schema=` with this address.",
      responses: {
        ...busyHost,
        200: body("JSON Schema, draft 7.", z.looseObject({ $schema: z.string() }), {
          schema: { $schema: "http://json-schema.org/draft-07/schema#", title: "NamespaceOnboarding" },
        }),
      },
    },
  },
};

export const namespacePaths: ZodOpenApiPathsObject = {
  "/api/namespaces": {
    get: {
      operationId: "listNamespaces",
      tags: ["Namespaces"],
      summary: "What is onboarded",
      description:
        "Of the caller's teams, or of all teams for an operator, in the order of cluster and namespace. A page may hold fewer than `top`, also none, and have a nextLink all the same: the filter looks further there.",
      requestParams: { query: z.object({ ...NamespaceFilter.shape, ...pagingOf(mostNamespaces) }) },
      responses: guarded({
        200: body("A page of namespaces.", NamespacePage, { namespacePage }),
        ...pagingProblems,
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}": {
    get: {
      operationId: "getNamespace",
      tags: ["Namespaces"],
      summary: "What is onboarded in one namespace",
      description:
        "From Mooring's records: what the last look found, and not a look of its own, which is POST …/verify.",
      requestParams: { path: berth, header: z.object({ "if-none-match": z.string().optional() }) },
      responses: guarded({
        200: {
          ...body("The namespace.", NamespaceDocument, { namespace }),
          headers: z.object({
            etag: z.string().meta({
              description:
                "What the namespace is, a dot, and what the last look found with what waits. If-Match takes only the first part; when it was looked at is in neither.",
            }),
          }),
        },
        304: { description: "If-None-Match names what is current." },
        404: problem("It is not onboarded.", "NOT_ONBOARDED"),
      }),
    },
    delete: {
      operationId: "deleteNamespace",
      tags: ["Namespaces"],
      summary: "Take the namespace's access away, or plan it with dryRun=true",
      description:
        "An operation takes away what Mooring made, and puts back what it had replaced. What others have changed since stays.",
      requestParams: {
        path: berth,
        query: z.object({
          dryRun,
          ignoreDependants: z.boolean().optional().meta({
            description:
              "Go on although others depend on what goes: federated credentials, roles, bindings, service accounts, work in the namespace. A plan names them as notices then.",
          }),
        }),
        header: idempotencyHeaders.extend({ "if-match": z.string().optional() }),
      },
      responses: guarded({
        ...flagProblem,
        200: body("The plan; nothing was written.", Plan, { removalPlan }),
        202: acceptedResponse,
        404: problem("It is not onboarded.", "NOT_ONBOARDED"),
        409: problem(
          "Another operation has the namespace, or the first request with the key is being answered.",
          "OPERATION_IN_PROGRESS",
        ),
        412: problem("The namespace is not as If-Match names it.", "PRECONDITION_FAILED"),
        422: problem("The idempotency key came with another request before, or is none.", "IDEMPOTENCY_KEY_REUSED"),
      }),
    },
  },
};
