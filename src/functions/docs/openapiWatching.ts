/** The routes by which people and programs follow what Mooring does, as OpenAPI. */
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
    .meta({ description: "Id of the last event that was received; goes on from there." }),
});

const stream = {
  description: `Server-sent events. \`operation\`: an operation's status, with its phase. \`step\`: one of its steps.
\`item\`: one request of the batch that is followed. \`end\`: the operation has ended, and nothing more comes. A comment every
15 seconds keeps the connection; after two minutes the stream ends, and the client comes back with Last-Event-ID. One that does
not read what is sent is cut off, and comes back in the same way: it is told how things are by then.`,
  content: text("text/event-stream", events),
};

const tooMany = problem(
  "The caller asks too often, or too many streams are open; Retry-After says how long to wait.",
  "TOO_MANY_STREAMS",
);

export const watchingPaths: ZodOpenApiPathsObject = {
  "/api/operations/{id}/events": {
    get: {
      operationId: "followOperation",
      tags: ["Events"],
      summary: "Follow one operation as it happens",
      description: "The first events tell how things are; EventSource and Last-Event-ID resume.",
      requestParams: { path: operationPath, header: lastEventId },
      responses: guarded({
        200: stream,
        429: tooMany,
        204: { description: "Last-Event-ID was the end; nothing will come." },
        404: problem("There is none of that id.", "NOT_FOUND"),
      }),
    },
  },
  "/api/events": {
    get: {
      operationId: "followAll",
      tags: ["Events"],
      summary: "Follow every operation as it happens",
      description: "Of the caller's teams, or of all teams for an operator and for an approver.",
      requestParams: { header: lastEventId },
      responses: guarded({ 200: stream, 429: tooMany }),
    },
  },
  "/api/events/schema.json": {
    get: {
      operationId: "eventSchema",
      tags: ["Events"],
      security: [],
      summary: "JSON Schema of the CloudEvents on the topic onboarding-events",
      description: "Of what Mooring publishes on Service Bus when an operation or a finding changes.",
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
      summary: "Everything that an onboarded namespace has, to go on without Mooring",
      description: "As files that need nothing of Mooring: for going on by hand, or with other tools.",
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
            ...text("application/yaml", kubernetesExport),
            ...text("application/sql", tsqlExport),
            ...text("text/x-shellscript", azureExport),
          },
        },
        404: problem("It is not onboarded.", "NOT_ONBOARDED"),
        422: problem("A parameter is wrong.", "INVALID_REQUEST"),
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}/manifest": {
    get: {
      operationId: "getManifest",
      tags: ["Namespaces"],
      summary: "What a team pastes into its Deployment",
      description: "The service account or the label, and the ConfigMap with the names of the databases.",
      requestParams: { path: berth },
      responses: guarded({
        200: { description: "A fragment of a manifest.", content: text("application/yaml", manifest) },
        404: problem("It is not onboarded.", "NOT_ONBOARDED"),
      }),
    },
  },
  "/api/catalog": {
    get: {
      operationId: "getCatalog",
      tags: ["Catalog"],
      summary: "What may be asked for: clusters, databases, role bundles",
      description: "As far as the caller may ask for it.",
      responses: guarded({ 200: body("The names that requests use.", CatalogDocument, { catalog }) }),
    },
  },
  "/api/caller": {
    get: {
      operationId: "getCaller",
      tags: ["Catalog"],
      summary: "Who the caller is, and what its teams may ask for",
      description: "For a form that offers what a request may have; the request is judged by itself all the same.",
      responses: guarded({ 200: body("The caller.", CallerDocument, { caller }) }),
    },
  },
  "/api/audit": {
    get: {
      operationId: "listAudit",
      tags: ["Audit"],
      summary: "Who had what done to what, newest first",
      description: "Each effect and each decision is an entry, in a chain of hashes.",
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
      description: "For operators. It takes as long as the trail is.",
      responses: guarded({ 200: body("What the check found.", AuditCheck, { auditCheck }) }),
    },
  },
};
