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

export const watchingPaths: ZodOpenApiPathsObject = {
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
