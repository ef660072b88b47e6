/** The routes by which people and programs follow what Mooring does, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { AuditCheck, AuditPage } from "../../domain/documents/audit.ts";
import { CallerDocument } from "../../domain/documents/caller.ts";
import { CatalogDocument } from "../../domain/documents/catalog.ts";
import { berth, body, guarded, paging, pagingProblems, problem } from "./openapiParts.ts";

const lastEventId = z.object({
  "last-event-id": z
    .string()
    .optional()
    .meta({ description: "Id of the last event that was received; goes on from there." }),
});

const stream = {
  description: `Server-sent events. \`operation\`: an operation's status, with its phase. \`step\`: one of its steps.
\`item\`: one request of the batch that is followed. \`end\`: the operation has ended, and nothing more comes. A comment every
15 seconds keeps the connection; after two minutes the stream ends, and the client comes back with Last-Event-ID. One that does
not read what is sent is cut off, and comes back in the same way: it is told how things are by then.`,
  content: { "text/event-stream": { schema: z.string() } },
};

const tooMany = problem("The caller asks too often, or too many streams are open; Retry-After says how long to wait.");

export const watchingPaths: ZodOpenApiPathsObject = {
  "/api/operations/{id}/events": {
    get: {
      operationId: "followOperation",
      summary: "Follow one operation as it happens",
      requestParams: { path: z.object({ id: z.string() }), header: lastEventId },
      responses: guarded({
        200: stream,
        429: tooMany,
        204: { description: "Last-Event-ID was the end; nothing will come." },
        404: problem("There is none of that id."),
      }),
    },
  },
  "/api/events": {
    get: {
      operationId: "followAll",
      summary: "Follow every operation as it happens",
      requestParams: { header: lastEventId },
      responses: guarded({ 200: stream, 429: tooMany }),
    },
  },
  "/api/events/schema.json": {
    get: {
      operationId: "eventSchema",
      security: [],
      summary: "JSON Schema of the CloudEvents on the topic onboarding-events",
      responses: { 200: body("A JSON Schema.", z.looseObject({ $schema: z.string() })) },
    },
  },
  "/api/namespaces/{cluster}/{namespace}/export": {
    get: {
      operationId: "exportNamespace",
      summary: "Everything that an onboarded namespace has, to go on without Mooring",
      requestParams: {
        path: berth,
        query: z.object({
          format: z.enum(["kubernetes", "tsql", "azurecli"]).optional(),
          database: z.string().optional().meta({ description: "With format tsql: only of `server/database`." }),
        }),
      },
      responses: guarded({
        200: {
          description: "Kubernetes objects, T-SQL for each database, or Azure CLI commands.",
          content: {
            "application/yaml": { schema: z.string() },
            "application/sql": { schema: z.string() },
            "text/x-shellscript": { schema: z.string() },
          },
        },
        404: problem("It is not onboarded."),
        422: problem("A parameter is wrong."),
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}/manifest": {
    get: {
      operationId: "getManifest",
      summary: "What a team pastes into its Deployment",
      requestParams: { path: berth },
      responses: guarded({
        200: { description: "A fragment of a manifest.", content: { "application/yaml": { schema: z.string() } } },
        404: problem("It is not onboarded."),
      }),
    },
  },
  "/api/catalog": {
    get: {
      operationId: "getCatalog",
      summary: "What may be asked for: clusters, databases, role bundles",
      responses: guarded({ 200: body("The names that requests use.", CatalogDocument) }),
    },
  },
  "/api/caller": {
    get: {
      operationId: "getCaller",
      summary: "Who the caller is, and what its teams may ask for",
      responses: guarded({ 200: body("The caller.", CallerDocument) }),
    },
  },
  "/api/audit": {
    get: {
      operationId: "listAudit",
      summary: "Who had what done to what, newest first",
      requestParams: {
        query: z.object({
          cluster: z.string().optional(),
          namespace: z.string().optional(),
          operation: z.string().optional(),
          ...paging,
        }),
      },
      responses: guarded({
        200: body("A page of the audit trail.", AuditPage),
        ...pagingProblems,
      }),
    },
  },
  "/api/audit/verify": {
    get: {
      operationId: "verifyAudit",
      summary: "Read the whole audit trail and check its hash chain",
      responses: guarded({ 200: body("What the check found.", AuditCheck) }),
    },
  },
};
