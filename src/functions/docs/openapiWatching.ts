/** The routes with which people and programs follow what Mooring does, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { AuditCheck, AuditPage } from "../../domain/documents/audit.ts";
import { CallerDocument } from "../../domain/documents/caller.ts";
import { CatalogDocument } from "../../domain/documents/catalog.ts";
import {
  auditCheck,
  auditPage,
  azureExport,
  caller,
  catalog,
  events,
  kubernetesExport,
  manifest,
  tsqlExport,
} from "./examples.ts";
import {
  berth,
  body,
  busyHost,
  guarded,
  operationPath,
  paging,
  pagingProblems,
  problem,
  text,
} from "./openapiParts.ts";

const lastEventId = z.object({
  "last-event-id": z
    .string()
    .optional()
    .meta({ description: "The last event received; the stream continues from there." }),
});

const stream = {
  description: `Server-sent events. \`operation\`: an operation's status, with its phase. \`step\`: one of its steps.
\`item\`: one item of the followed batch. \`end\`: the operation has ended and the stream is complete. A comment every
15 seconds keeps the connection alive. After two minutes the stream ends, and the client reconnects with Last-Event-ID. A client
that does not read is disconnected; when it reconnects, it gets the current state.`,
  content: text("text/event-stream", events),
};

const tooMany = problem(
  "The caller sends too many requests, or has too many streams open; Retry-After says how long to wait.",
  "TOO_MANY_STREAMS",
);

export const watchingPaths: ZodOpenApiPathsObject = {
  "/api/operations/{id}/events": {
    get: {
      operationId: "followOperation",
      tags: ["Events"],
      summary: "Follow one operation as it happens",
      description: "The first events describe the current state; EventSource and Last-Event-ID resume.",
      requestParams: { path: operationPath, header: lastEventId },
      responses: guarded({
        200: stream,
        429: tooMany,
        204: { description: "Last-Event-ID names the end; there are no more events." },
        404: problem("No operation has this ID.", "NOT_FOUND"),
      }),
    },
  },
  "/api/events": {
    get: {
      operationId: "followAll",
      tags: ["Events"],
      summary: "Follow every operation as it happens",
      description: "The operations of the caller's teams; of all teams, for operators and approvers.",
      requestParams: { header: lastEventId },
      responses: guarded({ 200: stream, 429: tooMany }),
    },
  },
  "/api/events/schema.json": {
    get: {
      operationId: "eventSchema",
      tags: ["Events"],
      security: [],
      summary: "Get the JSON Schema of the CloudEvents on the topic onboarding-events",
      description: "Mooring publishes these events on Service Bus when an operation or a finding changes.",
      responses: {
        ...busyHost,
        200: body("A JSON Schema.", z.looseObject({ $schema: z.string() }), {
          schema: { $schema: "https://json-schema.org/draft/2020-12/schema" },
        }),
      },
    },
  },
  "/api/namespaces/{cluster}/{namespace}/export": {
    get: {
      operationId: "exportNamespace",
      tags: ["Namespaces"],
      summary: "Export everything that an onboarded namespace has",
      description: "The files work without Mooring, by hand or with other tools.",
      requestParams: {
        path: berth,
        query: z.object({
          format: z.enum(["kubernetes", "tsql", "azurecli"]).optional(),
          database: z.string().optional().meta({ description: "With format tsql: only this `server/database`." }),
        }),
      },
      responses: guarded({
        200: {
          description: "Kubernetes objects, T-SQL for each database, or Azure CLI commands.",
          content: {
            ...text("application/yaml", kubernetesExport),
            ...text("application/sql", tsqlExport),
            ...text("text/x-shellscript", azureExport),
          },
        },
        404: problem("The namespace is not onboarded.", "NOT_ONBOARDED"),
        422: problem("A parameter is wrong.", "INVALID_REQUEST"),
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}/manifest": {
    get: {
      operationId: "getManifest",
      tags: ["Namespaces"],
      summary: "Get the fragment that a team pastes into its Deployment",
      description: "The service account or the label, and the ConfigMap with the names of the databases.",
      requestParams: { path: berth },
      responses: guarded({
        200: { description: "A fragment of a manifest.", content: text("application/yaml", manifest) },
        404: problem("The namespace is not onboarded.", "NOT_ONBOARDED"),
      }),
    },
  },
  "/api/catalog": {
    get: {
      operationId: "getCatalog",
      tags: ["Catalog"],
      summary: "Get what requests can ask for: clusters, databases, role bundles",
      description: "Only what the caller may ask for.",
      responses: guarded({ 200: body("The aliases that requests use.", CatalogDocument, { catalog }) }),
    },
  },
  "/api/caller": {
    get: {
      operationId: "getCaller",
      tags: ["Catalog"],
      summary: "Get who the caller is, and what its teams may ask for",
      description: "For forms that offer only valid choices. Each request is still checked on its own.",
      responses: guarded({ 200: body("The caller.", CallerDocument, { caller }) }),
    },
  },
  "/api/audit": {
    get: {
      operationId: "listAudit",
      tags: ["Audit"],
      summary: "List who did what, and to what, newest first",
      description: "Every effect and every decision is an entry in a hash chain.",
      requestParams: {
        query: z.object({
          cluster: z.string().optional(),
          namespace: z.string().optional(),
          operation: z.string().optional(),
          ...paging,
        }),
      },
      responses: guarded({
        200: body("A page of the audit trail.", AuditPage, { auditPage }),
        ...pagingProblems,
      }),
    },
  },
  "/api/audit/verify": {
    get: {
      operationId: "verifyAudit",
      tags: ["Audit"],
      summary: "Read the whole audit trail and check its hash chain",
      description: "For operators. The time it takes grows with the trail.",
      responses: guarded({ 200: body("The result of the check.", AuditCheck, { auditCheck }) }),
    },
  },
};
