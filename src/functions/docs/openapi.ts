/** The OpenAPI 3.1 document of the service, made from the schemas that also check the requests. */
import { z } from "zod";
import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import { HealthDocument } from "../../domain/documents/health.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { batchPaths } from "./openapiBatch.ts";
import { namespacePaths, onboardingPaths } from "./openapiNamespaces.ts";
import { operationPaths } from "./openapiOperations.ts";
import { body, problem } from "./openapiParts.ts";
import { upkeepPaths } from "./openapiUpkeep.ts";
import { watchingPaths } from "./openapiWatching.ts";

/** Every route may also end in what nobody foresaw, and every change is refused when it comes from another site's page. */
function withDefaults(paths: ZodOpenApiPathsObject): ZodOpenApiPathsObject {
  const unforeseen = problem("Any other problem; its code says which.");
  const undeclared = { 415: problem("There is a body, and it is not declared as JSON.") };
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(item).map(([method, operation]) => [
          method,
          {
            ...operation,
            responses: { ...(method === "get" ? {} : undeclared), ...operation.responses, default: unforeseen },
          },
        ]),
      ),
    ]),
  );
}

export function createOpenApi() {
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Mooring",
      version: "0.1.0",
      description: "Connects the applications of a Kubernetes namespace to Azure SQL through managed identities.",
    },
    security: [{ entra: [] }, { key: [] }],
    components: {
      securitySchemes: {
        entra: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A Microsoft Entra access token." },
        key: {
          type: "apiKey",
          in: "header",
          name: "x-mooring-key",
          description: "A key of the catalog, for local use.",
        },
      },
    },
    paths: withDefaults({
      ...onboardingPaths,
      ...operationPaths,
      ...namespacePaths,
      ...batchPaths,
      ...upkeepPaths,
      ...watchingPaths,
      "/api/health/live": {
        get: {
          operationId: "live",
          security: [],
          summary: "Whether the process answers",
          responses: { 200: body("It does.", HealthDocument) },
        },
      },
      "/api/health/ready": {
        get: {
          operationId: "ready",
          security: [],
          summary: "Whether requests can be taken",
          responses: { 200: body("They can.", HealthDocument), 503: body("The registry is away.", HealthDocument) },
        },
      },
      "/api/openapi.json": {
        get: {
          operationId: "openapi",
          security: [],
          summary: "This document",
          responses: { 200: body("OpenAPI 3.1.", z.looseObject({ openapi: z.string() })) },
        },
      },
    }),
  });
}

export function registerOpenApi(routes: Routes): void {
  let document: ReturnType<typeof createOpenApi> | undefined;
  routes.add("openapi", {
    route: "api/openapi.json",
    method: "GET",
    handler: routes.forAnybody(async () => {
      document ??= createOpenApi();
      return json(200, document);
    }),
  });
}
