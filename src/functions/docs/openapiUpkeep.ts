/** The routes that maintain an onboarded namespace, as OpenAPI. */
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

const isHeld = problem("Another operation holds the namespace, or left it incomplete.", "OPERATION_IN_PROGRESS");

export const upkeepPaths: ZodOpenApiPathsObject = {
  "/api/namespaces/{cluster}/{namespace}/verify": {
    post: {
      operationId: "verifyNamespace",
      tags: ["Namespaces"],
      summary: "Verify the namespace now and, if the catalog allows it, log in as the workload does",
      description: `No dry run: ${noDryRun}.`,
      requestParams: { path: berth, header: changeHeaders },
      responses: guarded({
        ...flagProblem,
        200: body("The findings.", VerificationDocument, { verification }),
        404: problem("The namespace is not onboarded.", "NOT_ONBOARDED"),
        409: problem(
          "An operation holds the namespace, or the first request with the same idempotency key is still being answered.",
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
  "/api/namespaces/{cluster}/{namespace}/repair": {
    post: {
      operationId: "repairNamespace",
      tags: ["Namespaces"],
      summary: "Repair drift, or plan it with dryRun=true",
      description: "An operation restores what a verification finds missing or changed, if it belongs to Mooring.",
      requestParams: {
        path: berth,
        query: z.object({ dryRun }),
        header: changeHeaders,
      },
      responses: guarded({
        ...flagProblem,
        200: body("The plan; nothing was written.", Plan, { repairPlan }),
        202: acceptedResponse,
        404: problem("The namespace is not onboarded.", "NOT_ONBOARDED"),
        409: isHeld,
        412: isOther,
        422: problem(
          "The idempotency key was used for a different request, or is malformed.",
          "IDEMPOTENCY_KEY_REUSED",
        ),
      }),
    },
  },
  "/api/namespaces/{cluster}/{namespace}/migrate": {
    post: {
      operationId: "migrateNamespace",
      tags: ["Namespaces"],
      summary: "Migrate between pod identity and workload identity, phase by phase, or plan it with dryRun=true",
      description:
        "A migration can stop after any phase. Another call continues it; a call for the other identity mode reverses it, even after its end. The last phase waits until no pod uses the previous mode; its step checkPods names them.",
      requestParams: {
        path: berth,
        query: z.object({ dryRun, to: IdentityMode.optional(), until: MigrationPhase.optional() }),
        header: changeHeaders,
      },
      requestBody: requestBody("optional", MigrationRequest, { migrationRequest }),
      responses: guarded({
        200: body("The plan; nothing was written.", Plan, { repairPlan }),
        202: acceptedResponse,
        404: problem("The namespace is not onboarded.", "NOT_ONBOARDED"),
        409: problem(
          "There is nothing to migrate, or another operation holds the namespace or left it incomplete.",
          "NOTHING_TO_MIGRATE",
        ),
        412: isOther,
        ...bodyProblems,
        422: problem(
          "A field is wrong, or the cluster does not offer the identity mode; `errors` names the field.",
          "MODE_NOT_ALLOWED",
        ),
      }),
    },
  },
};
