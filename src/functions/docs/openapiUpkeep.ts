/** The routes that keep an onboarded namespace right, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { VerificationDocument } from "../../domain/documents/namespace.ts";
import { MigrationPhase, MigrationRequest } from "../../domain/operation/migration.ts";
import { Plan } from "../../domain/operation/plan.ts";
import { IdentityMode } from "../../domain/request/request.ts";
import { noDryRun } from "../namespaces/verifications.ts";
import {
  acceptedResponse,
  berth,
  body,
  bodyProblems,
  dryRun,
  flagProblem,
  guarded,
  idempotencyHeaders,
  problem,
} from "./openapiParts.ts";

const isHeld = problem("Another operation has the namespace, or left it half done.");
const isOther = problem("The namespace is not as If-Match names it.");
const conditionalHeaders = idempotencyHeaders.extend({ "if-match": z.string().optional() });

export const upkeepPaths: ZodOpenApiPathsObject = {
  "/api/namespaces/{cluster}/{namespace}/verify": {
    post: {
      operationId: "verifyNamespace",
      summary: "Read everything back now and, where the catalog allows, log in as the workload does",
      description: `No dry run: ${noDryRun}`,
      requestParams: { path: berth },
      responses: guarded({
        ...flagProblem,
        200: body("What was found.", VerificationDocument),
        404: problem("It is not onboarded."),
        409: problem("An operation has the namespace."),
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}/repair": {
    post: {
      operationId: "repairNamespace",
      summary: "Put drift right; with dryRun=true plan it",
      requestParams: {
        path: berth,
        query: z.object({ dryRun }),
        header: conditionalHeaders,
      },
      responses: guarded({
        ...flagProblem,
        200: body("The plan; nothing was written.", Plan),
        202: acceptedResponse,
        404: problem("It is not onboarded."),
        409: isHeld,
        412: isOther,
        422: problem("The idempotency key came with another request before, or is none."),
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}/migrate": {
    post: {
      operationId: "migrateNamespace",
      summary: "Move from pod identity to workload identity or back, phase by phase; with dryRun=true plan it",
      description:
        "It may stop after any phase. Called again it goes on there; called for the other identity mode it goes back, and also after its end. The last phase waits until no pod uses the old way: its step checkPods names them.",
      requestParams: {
        path: berth,
        query: z.object({ dryRun, to: IdentityMode.optional(), until: MigrationPhase.optional() }),
        header: conditionalHeaders,
      },
      requestBody: { required: false, content: { "application/json": { schema: MigrationRequest } } },
      responses: guarded({
        200: body("The plan; nothing was written.", Plan),
        202: acceptedResponse,
        404: problem("It is not onboarded."),
        409: problem("There is nothing to migrate, or another operation has the namespace or left it half done."),
        412: isOther,
        ...bodyProblems,
        422: problem("A field is wrong, or the cluster does not offer the identity mode; errors names the field."),
      }),
    },
  },
};
