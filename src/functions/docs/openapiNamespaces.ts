/** Onboarding, what is onboarded, and offboarding, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { NamespaceDocument, NamespacePage } from "../../domain/documents/namespace.ts";
import { NamespaceFilter } from "../../domain/operation/namespaceFilter.ts";
import { Plan } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import {
  acceptedResponse,
  berth,
  body,
  bodyProblems,
  dryRun,
  flagProblem,
  guarded,
  idempotencyHeaders,
  paging,
  pagingProblems,
  problem,
} from "./openapiParts.ts";

export const onboardingPaths: ZodOpenApiPathsObject = {
  "/api/onboardings": {
    post: {
      operationId: "createOnboarding",
      summary: "Onboard a namespace or change an onboarded one; with dryRun=true plan it",
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
      requestBody: { required: true, content: { "application/json": { schema: OnboardingRequest } } },
      responses: guarded({
        200: body("The plan; nothing was written.", Plan),
        202: acceptedResponse,
        ...bodyProblems,
        409: problem(
          "Another operation or team has the namespace, a change cannot reach the request, or the quota is used up.",
        ),
      }),
    },
  },
};

export const namespacePaths: ZodOpenApiPathsObject = {
  "/api/namespaces": {
    get: {
      operationId: "listNamespaces",
      summary: "What is onboarded",
      description:
        "A page may hold fewer than `top`, also none, and have a nextLink all the same: the filter looks further there.",
      requestParams: { query: z.object({ ...NamespaceFilter.shape, ...paging }) },
      responses: guarded({
        200: body("A page of namespaces.", NamespacePage),
        ...pagingProblems,
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}": {
    get: {
      operationId: "getNamespace",
      summary: "What is onboarded in one namespace",
      requestParams: { path: berth, header: z.object({ "if-none-match": z.string().optional() }) },
      responses: guarded({
        200: {
          ...body("The namespace.", NamespaceDocument),
          headers: z.object({
            etag: z.string().meta({
              description:
                "What the namespace is, a dot, and what the last look found with what waits. If-Match takes only the first part; when it was looked at is in neither.",
            }),
          }),
        },
        304: { description: "If-None-Match names what is current." },
        404: problem("It is not onboarded."),
      }),
    },
    delete: {
      operationId: "deleteNamespace",
      summary: "Take the namespace's access away, or plan it with dryRun=true",
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
        200: body("The plan; nothing was written.", Plan),
        202: acceptedResponse,
        404: problem("It is not onboarded."),
        409: problem("Another operation has the namespace, or the first request with the key is being answered."),
        412: problem("The namespace is not as If-Match names it."),
        422: problem("The idempotency key came with another request before, or is none."),
      }),
    },
  },
};
