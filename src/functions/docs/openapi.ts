/** The OpenAPI 3.1 document of the service, generated from the schemas that also check requests. */
import { z } from "zod";
import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import { HealthDocument } from "../../domain/documents/health.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { batchPaths } from "./openapiBatch.ts";
import { namespacePaths, onboardingPaths } from "./openapiNamespaces.ts";
import { operationPaths } from "./openapiOperations.ts";
import { body, busyHost, problem } from "./openapiParts.ts";
import { upkeepPaths } from "./openapiUpkeep.ts";
import { watchingPaths } from "./openapiWatching.ts";
import { shareExamples } from "./shareExamples.ts";

/** Any route may also end in an unforeseen error, and any change may be refused for its media type (browserRequest.ts). */
function withDefaults(paths: ZodOpenApiPathsObject): ZodOpenApiPathsObject {
  const unforeseen = problem("Any other problem; its code says which.", "UNEXPECTED");
  const undeclared = { 415: problem("The body is not declared as JSON.", "UNSUPPORTED_MEDIA_TYPE") };
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
  const document = createDocument({
    openapi: "3.1.0",
    info: {
      title: "Mooring",
      version: "0.1.0",
      description: `Connects the applications of a Kubernetes namespace to Azure SQL through managed identities.

An unsupported method is answered with 405 and \`Allow\`. Every GET route also answers HEAD.`,
      contact: { name: "Whoever operates this Mooring" },
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [
      { url: "/", description: "The host that served this document." },
      {
        url: "https://{app}.azurewebsites.net",
        description: "A Function App in Azure.",
        variables: { app: { default: "mooring", description: "Name of the Function App." } },
      },
    ],
    tags: [
      { name: "Onboardings", description: "Requests for one namespace or many." },
      {
        name: "Namespaces",
        description: "Onboarded namespaces: read, verify, repair, migrate and offboard them.",
      },
      { name: "Operations", description: "What Mooring is doing or has done, and people's decisions about it." },
      { name: "Events", description: "Following operations as they happen." },
      { name: "Catalog", description: "What requests can ask for." },
      { name: "Audit", description: "Who did what, and to what." },
      { name: "Service", description: "The service itself, for probes and tools. No authentication." },
    ],
    security: [{ entra: [] }, { key: [] }],
    components: {
      securitySchemes: {
        entra: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A Microsoft Entra access token." },
        key: {
          type: "apiKey",
          in: "header",
          name: "x-mooring-key",
          description: "A key from the catalog, for local use.",
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
          tags: ["Service"],
          security: [],
          summary: "Check that the process answers",
          description: "For a liveness probe. It depends on nothing else.",
          responses: { ...busyHost, 200: body("The process answers.", HealthDocument, { ok: { status: "ok" } }) },
        },
      },
      "/api/health/ready": {
        get: {
          operationId: "ready",
          tags: ["Service"],
          security: [],
          summary: "Check that the service can take requests",
          description: "For a readiness probe: it asks the registry's tables and the durable runtime.",
          responses: {
            ...busyHost,
            200: body("The service can take requests.", HealthDocument, { ok: { status: "ok" } }),
            503: body("The registry or the durable runtime is unavailable.", HealthDocument, {
              unavailable: { status: "unavailable", reason: "The registry tables do not answer." },
            }),
          },
        },
      },
      "/api/openapi.json": {
        get: {
          operationId: "openapi",
          tags: ["Service"],
          security: [],
          summary: "Get this document",
          description: "OpenAPI 3.1, made from the schemas that check requests.",
          responses: {
            ...busyHost,
            200: body("OpenAPI 3.1.", z.looseObject({ openapi: z.string() }), { document: { openapi: "3.1.0" } }),
          },
        },
      },
    }),
  });
  return shareExamples(document);
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
