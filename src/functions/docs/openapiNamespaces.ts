/** Onboarding, onboarded namespaces, and offboarding, as OpenAPI. */
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
  changeHeaders,
  confirmRemoval,
  dryRun,
  flagProblem,
  guarded,
  isOther,
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
      summary: "Onboard or change a namespace, or plan it with dryRun=true",
      description:
        "Mooring accepts the request and runs it as an operation. The same request again gets the same operation; a different request changes an onboarded namespace. A request that cannot succeed is refused before anything is written; a plan lists the reasons as blockers. If-Match and If-None-Match refer to the namespace in the request; If-Match is ignored if the namespace already is as requested. A request that leaves out what an onboarded namespace has needs confirmRemoval=true, or the namespace's version in If-Match; the plan lists it under `removes`.",
      requestParams: {
        query: z.object({
          dryRun,
          takeOver: z.boolean().optional().meta({
            description:
              "Operators only: takes the namespace over from the team that has it, or binds it to the Kubernetes namespace that exists now.",
          }),
          confirmRemoval,
        }),
        header: changeHeaders.extend({
          "if-none-match": z.string().optional().meta({
            description:
              "`*` onboards only a namespace that is not onboarded yet, not even as requested; otherwise the answer is 412.",
          }),
        }),
      },
      requestBody: requestBody("required", AnyRequest, { request, objectRequest }),
      responses: guarded({
        200: body("The plan; nothing was written.", Plan, { plan }),
        202: acceptedResponse,
        ...bodyProblems,
        409: problem(
          "Another operation or team holds the namespace, the change is not possible or would remove access without a sign that this is meant, or the quota is used up.",
          "REMOVAL_NOT_CONFIRMED",
        ),
        412: problem(
          "The namespace has changed since the version in If-Match, or exists despite If-None-Match.",
          "PRECONDITION_FAILED",
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
      summary: "List onboarded namespaces",
      description:
        "The namespaces of the caller's teams, or of all teams for an operator, ordered by cluster and namespace. A filtered page can hold fewer than `top` entries, or none, and still have a nextLink: the search continues there.",
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
      summary: "Get an onboarded namespace",
      description: "Reads Mooring's records, with the findings of the last verification. POST …/verify verifies now.",
      requestParams: { path: berth, header: z.object({ "if-none-match": z.string().optional() }) },
      responses: guarded({
        200: {
          ...body("The namespace.", NamespaceDocument, { namespace }),
          headers: z.object({
            etag: z.string().meta({
              description:
                "Two parts with a dot between them: the namespace's state, then its findings and waiting requests. If-Match compares only the first part. The time of the last verification is in neither.",
            }),
          }),
        },
        304: { description: "If-None-Match names the current version." },
        404: problem("The namespace is not onboarded.", "NOT_ONBOARDED"),
      }),
    },
    delete: {
      operationId: "deleteNamespace",
      tags: ["Namespaces"],
      summary: "Offboard the namespace, or plan it with dryRun=true",
      description:
        "An operation removes what Mooring created and restores what it had replaced. What others have changed since then stays.",
      requestParams: {
        path: berth,
        query: z.object({
          dryRun,
          ignoreDependants: z.boolean().optional().meta({
            description:
              "Continue although others depend on what would be removed: federated credentials, roles, bindings, service accounts, workloads in the namespace. A plan then lists them as notices.",
          }),
        }),
        header: changeHeaders,
      },
      responses: guarded({
        ...flagProblem,
        200: body("The plan; nothing was written.", Plan, { removalPlan }),
        202: acceptedResponse,
        404: problem("The namespace is not onboarded.", "NOT_ONBOARDED"),
        409: problem(
          "Another operation holds the namespace, or the first request with the same idempotency key is still being answered.",
          "OPERATION_IN_PROGRESS",
        ),
        412: isOther,
        422: problem(
          "The idempotency key was used for a different request, or is malformed.",
          "IDEMPOTENCY_KEY_REUSED",
        ),
      }),
    },
  },
};
