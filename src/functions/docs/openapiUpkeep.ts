/** The routes that keep an onboarded namespace right, as OpenAPI. */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { VerificationDocument } from "../../domain/documents/namespace.ts";
import { MigrationPhase, MigrationRequest } from "../../domain/operation/migration.ts";
import { Plan } from "../../domain/operation/plan.ts";
import { IdentityMode } from "../../domain/request/request.ts";
import { noDryRun } from "../namespaces/verifications.ts";
import { migrationRequest, repairPlan, verification } from "./examples.ts";
import {
  acceptedResponse,
  berth,
  body,
  bodyProblems,
  changeHeaders,
  dryRun,
  flagProblem,
  guarded,
  isOther,
  problem,
  requestBody,
} from "./openapiParts.ts";

const isHeld = problem("Another operation has the namespace, or left it half done.", "OPERATION_IN_PROGRESS");

export const upkeepPaths: ZodOpenApiPathsObject = {
  "/api/namespaces/{cluster}/{namespace}/verify": {
    post: {
      operationId: "verifyNamespace",
      tags: ["Namespaces"],
      summary: "Read everything back now and, where the catalog allows, log in as the workload does",
      description: `No dry run: ${noDryRun}`,
      requestParams: { path: berth, header: changeHeaders },
      responses: guarded({
        ...flagProblem,
        200: body("What was found.", VerificationDocument, { verification }),
        404: problem("It is not onboarded.", "NOT_ONBOARDED"),
        409: problem(
          "An operation has the namespace, or the first request with the key is being answered.",
          "OPERATION_IN_PROGRESS",
        ),
        412: isOther,
        422: problem("The idempotency key came with another request before, or is none.", "IDEMPOTENCY_KEY_REUSED"),
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}/repair": {
    post: {
      operationId: "repairNamespace",
      tags: ["Namespaces"],
      summary: "Put drift right; with dryRun=true plan it",
      description:
        "An operation makes again what a verification finds missing or changed, where that is Mooring's to do.",
      requestParams: {
        path: berth,
        query: z.object({ dryRun }),
        header: changeHeaders,
      },
      responses: guarded({
        ...flagProblem,
        200: body("The plan; nothing was written.", Plan, { repairPlan }),
        202: acceptedResponse,
        404: problem("It is not onboarded.", "NOT_ONBOARDED"),
        409: isHeld,
        412: isOther,
        422: problem("The idempotency key came with another request before, or is none.", "IDEMPOTENCY_KEY_REUSED"),
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}/migrate": {
    post: {
      operationId: "migrateNamespace",
      tags: ["Namespaces"],
      summary: "Move from pod identity to workload identity or back, phase by phase; with dryRun=true plan it",
      description:
        "It may stop after any phase. Called again it goes on there; called for the other identity mode it goes back, and also after its end. The last phase waits until no pod uses the old way: its step checkPods names them.",
      requestParams: {
        path: berth,
        query: z.object({ dryRun, to: IdentityMode.optional(), until: MigrationPhase.optional() }),
        header: changeHeaders,
      },
      requestBody: requestBody("optional", MigrationRequest, { migrationRequest }),
      responses: guarded({
        200: body("The plan; nothing was written.", Plan, { repairPlan }),
        202: acceptedResponse,
        404: problem("It is not onboarded.", "NOT_ONBOARDED"),
        409: problem(
          "There is nothing to migrate, or another operation has the namespace or left it half done.",
          "NOTHING_TO_MIGRATE",
        ),
        412: isOther,
        ...bodyProblems,
        422: problem(
          "A field is wrong, or the cluster does not offer the identity mode; errors names the field.",
          "MODE_NOT_ALLOWED",
        ),
      }),
    },
  },
};
