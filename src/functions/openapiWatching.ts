/** The routes by which people and programs follow what Mooring does, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { AuditRecord } from "../domain/audit.ts";
import { body, page, paging, problem } from "./openapiParts.ts";

const AuditDocument = AuditRecord.meta({
  id: "AuditRecord",
  description: "One effect or decision. previousHash is the hash of the record with the sequence before.",
});

const AuditCheck = z
  .object({
    valid: z.boolean(),
    entries: z.int().meta({ description: "How many records were read." }),
    head: z.string().meta({ description: "Hash of the newest record; kept elsewhere, it also shows a forged chain." }),
    brokenAt: z.int().optional().meta({ description: "Sequence of the newest record that is not as it was written." }),
  })
  .meta({ id: "AuditCheck" });

const lastEventId = z.object({
  "last-event-id": z
    .string()
    .optional()
    .meta({ description: "Id of the last event that was received; goes on from there." }),
});

const stream = {
  description: `Server-sent events. \`operation\`: an operation's status, with its phase. \`step\`: one of its steps. \`end\`: the
operation has ended, and nothing more comes. A comment every 15 seconds keeps the connection; after two minutes the stream
ends, and the client comes back with Last-Event-ID.`,
  content: { "text/event-stream": { schema: z.string() } },
};

export const watchingPaths: ZodOpenApiPathsObject = {
  "/api/operations/{id}/events": {
    get: {
      operationId: "followOperation",
      summary: "Follow one operation as it happens",
      requestParams: { path: z.object({ id: z.string() }), header: lastEventId },
      responses: {
        200: stream,
        204: { description: "Last-Event-ID was the end; nothing will come." },
        404: problem("There is none of that id."),
      },
    },
  },
  "/api/events": {
    get: {
      operationId: "followAll",
      summary: "Follow every operation as it happens",
      requestParams: { header: lastEventId },
      responses: { 200: stream },
    },
  },
  "/api/events/schema.json": {
    get: {
      operationId: "eventSchema",
      summary: "JSON Schema of the CloudEvents on the topic onboarding-events",
      responses: { 200: body("A JSON Schema.", z.looseObject({ $schema: z.string() })) },
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
      responses: {
        200: body("A page of the audit trail.", page(AuditDocument)),
        422: problem("A parameter is wrong."),
      },
    },
  },
  "/api/audit/verify": {
    get: {
      operationId: "verifyAudit",
      summary: "Read the whole audit trail and check its hash chain",
      responses: { 200: body("What the check found.", AuditCheck) },
    },
  },
};
