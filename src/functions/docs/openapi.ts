/** The OpenAPI 3.1 document of the service, made from the schemas that also check the requests. */
import { app } from "@azure/functions";
import { z } from "zod";
import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import { FindingDocument } from "../../domain/finding.ts";
import { AnyKind } from "../../domain/operation/batch.ts";
import { Migration } from "../../domain/operation/migration.ts";
import { NamespaceState } from "../../domain/operation/namespaceState.ts";
import { OperationError, OperationKind, OperationStatus, Phase, StepAction } from "../../domain/operation/operation.ts";
import { Plan } from "../../domain/operation/plan.ts";
import { Approval } from "../../domain/policy/approval.ts";
import { DatabaseRequest, IdentityMode, OnboardingRequest } from "../../domain/request/request.ts";
import { json, route } from "../http/respond.ts";
import { ApproveBody, CancelBody, RejectBody } from "../operations/decisions.ts";
import { BatchDocument, BatchSummary, batchPaging, batchPaths } from "./openapiBatch.ts";
import {
  berth,
  body,
  bodyProblems,
  dryRun,
  flagProblem,
  guarded,
  idempotencyHeaders,
  page,
  paging,
  problem,
  Time,
} from "./openapiParts.ts";
import { MigrationProgress, upkeepPaths } from "./openapiUpkeep.ts";
import { watchingPaths } from "./openapiWatching.ts";

const StepDocument = z.object({
  name: z.string(),
  target: z.string(),
  action: StepAction.optional(),
  status: OperationStatus,
  attempts: z.int(),
  startTime: Time.optional(),
  endTime: Time.optional(),
  error: OperationError.optional(),
  notices: z
    .array(OperationError)
    .optional()
    .meta({ description: "What the step could not find out, and what did not stop it." }),
  nextRetryTime: Time.optional(),
});

const Signature = z.object({ by: z.string(), time: Time, comment: z.string().optional() });

const OperationSummary = z.object({
  id: z.string(),
  kind: OperationKind,
  status: OperationStatus,
  cluster: z.string(),
  namespace: z.string(),
  batch: z.string().optional().meta({ description: "The batch that it belongs to." }),
  requestedBy: z.string(),
  team: z.string().optional(),
  createdTime: Time,
  startTime: Time.optional(),
  endTime: Time.optional(),
  traceId: z.string().optional().meta({ description: "W3C trace id of the request; the log and the events carry it." }),
  result: z.object({ clientId: z.guid(), manifest: z.string(), migration: MigrationProgress.optional() }).optional(),
  error: OperationError.optional(),
  approval: Approval.optional(),
  cancel: Signature.optional(),
  leftUndone: z.array(z.string()).optional().meta({ description: "Undos that failed; compensate runs them again." }),
  compensates: z.string().optional().meta({ description: "The operation whose undos this one runs again." }),
});

const OperationDocument = OperationSummary.extend({
  phase: Phase,
  request: OnboardingRequest,
  replaces: OnboardingRequest.optional().meta({ description: "Of a change: the request that it replaces." }),
  steps: z.array(StepDocument),
}).meta({ id: "Operation" });

const NamespaceDocument = z
  .object({
    cluster: z.string(),
    namespace: z.string(),
    state: NamespaceState,
    operation: z.string(),
    requestedBy: z.string(),
    team: z.string().optional().meta({ description: "Whose it is; absent where it is the platform's own." }),
    onboardedTime: Time.optional(),
    verifiedTime: Time.optional(),
    clientId: z.guid().optional(),
    findings: z.array(FindingDocument).meta({ description: "What the last look found; at most 40, the worst first." }),
    migration: Migration.pick({ completed: true, selector: true }).optional().meta({
      description: "A migration that has stopped after a phase; POST …/migrate goes on.",
    }),
    identityMode: IdentityMode,
    databases: z.array(DatabaseRequest),
  })
  .meta({ id: "Namespace" });

const AcceptedDocument = z
  .object({
    id: z.string(),
    kind: AnyKind,
    isNew: z.boolean().meta({ description: "False when the same request had this operation already." }),
    message: z.string().optional().meta({ description: "Says so when there is nothing to do." }),
  })
  .meta({ id: "Accepted" });

const DecisionDocument = Signature.extend({
  id: z.string(),
  kind: AnyKind,
  decision: z.enum(["approve", "reject", "cancel"]),
}).meta({ id: "Decision" });

const Health = z.object({ status: z.enum(["ok", "unavailable"]), reason: z.string().optional() });

const acceptedResponse = {
  ...body("Accepted; watch the operation at Operation-Location.", AcceptedDocument),
  headers: z.object({ location: z.string(), "operation-location": z.string(), "retry-after": z.string() }),
};
const decisionResponse = {
  ...acceptedResponse,
  ...body("Recorded; watch the operation at Operation-Location. The same again is the same answer.", DecisionDocument),
};

/** Every route may also end in what nobody foresaw. */
function withDefaults(paths: ZodOpenApiPathsObject): ZodOpenApiPathsObject {
  const unforeseen = problem("Any other problem; its code says which.");
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(item).map(([method, operation]) => [
          method,
          { ...operation, responses: { ...operation.responses, default: unforeseen } },
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
      "/api/onboardings": {
        post: {
          operationId: "createOnboarding",
          summary: "Onboard a namespace or change an onboarded one; with dryRun=true plan it",
          requestParams: {
            query: z.object({
              dryRun,
              takeOver: z.boolean().optional().meta({
                description:
                  "Operators only: takes the namespace from the team that has it, or binds it to the one that is there now.",
              }),
            }),
            header: idempotencyHeaders,
          },
          requestBody: { required: true, content: { "application/json": { schema: OnboardingRequest } } },
          responses: guarded({
            200: body("The plan; nothing was written.", Plan),
            202: acceptedResponse,
            ...bodyProblems,
            409: problem(
              "Another operation or team has the namespace, a change cannot reach the request, or the quota is used up.",
            ),
            415: problem("The body is not declared as JSON."),
            503: problem("The registry does not answer."),
          }),
        },
      },
      "/api/operations": {
        get: {
          operationId: "listOperations",
          summary: "Operations, newest first",
          requestParams: {
            query: z.object({
              cluster: z.string().optional(),
              namespace: z.string().optional(),
              status: OperationStatus.optional(),
              ...paging,
            }),
          },
          responses: guarded({
            200: body("A page of operations.", page(z.union([OperationSummary, BatchSummary]))),
            422: problem("A parameter is wrong."),
          }),
        },
      },
      "/api/operations/{id}": {
        get: {
          operationId: "getOperation",
          summary: "The status of one operation, step by step",
          requestParams: { path: z.object({ id: z.string() }), query: batchPaging },
          responses: guarded({
            200: body("The operation, of a namespace or of a batch.", z.union([OperationDocument, BatchDocument])),
            404: problem("There is none of that id."),
            422: problem("A parameter is wrong."),
          }),
        },
      },
      "/api/operations/{id}/cancel": {
        post: {
          operationId: "cancelOperation",
          summary:
            "Cancel an operation; what it has done is undone, and the status says what; with dryRun=true plan it",
          description:
            "With dryRun=true: the undos that would run now, each with what it would find. Kinds that undo nothing, and batches, have notices instead of steps.",
          requestParams: { path: z.object({ id: z.string() }), query: z.object({ dryRun }) },
          requestBody: { required: false, content: { "application/json": { schema: CancelBody } } },
          responses: guarded({
            ...bodyProblems,
            200: body("The plan; nothing was written.", Plan),
            202: decisionResponse,
            404: problem("There is none of that id."),
            409: problem("It has ended, or everything was done and verified already."),
          }),
        },
      },
      "/api/operations/{id}/approve": {
        post: {
          operationId: "approveOperation",
          summary:
            "Approve the request that waits; needs the app role Onboarding.Approve and another person than the requester",
          description: "With dryRun=true: the plan of the very operation that waits.",
          requestParams: { path: z.object({ id: z.string() }), query: z.object({ dryRun }) },
          requestBody: { required: true, content: { "application/json": { schema: ApproveBody } } },
          responses: guarded({
            ...bodyProblems,
            200: body("The plan; nothing was written.", Plan),
            202: decisionResponse,
            403: problem("The caller lacks the role, or is the requester."),
            404: problem("There is none of that id."),
            409: problem("It does not wait for approval, its time is over, or the hash is another request's."),
          }),
        },
      },
      "/api/operations/{id}/reject": {
        post: {
          operationId: "rejectOperation",
          summary: "Reject the request that waits; it ends with the code REJECTED",
          description: "With dryRun=true: a plan without steps, since nothing has been written.",
          requestParams: { path: z.object({ id: z.string() }), query: z.object({ dryRun }) },
          requestBody: { required: false, content: { "application/json": { schema: RejectBody } } },
          responses: guarded({
            ...bodyProblems,
            200: body("The plan; nothing was written.", Plan),
            202: decisionResponse,
            403: problem("The caller lacks the role, or is the requester."),
            404: problem("There is none of that id."),
            409: problem("It does not wait for approval, its time is over, or the hash is another request's."),
          }),
        },
      },
      "/api/operations/{id}/compensate": {
        post: {
          operationId: "compensateOperation",
          summary:
            "Run again the undos that failed, and only those, as an operation of its own; with dryRun=true plan it",
          description: "Of a migration it is the way back, where POST …/migrate is the way on.",
          requestParams: { path: z.object({ id: z.string() }), query: z.object({ dryRun }) },
          responses: guarded({
            ...flagProblem,
            200: body("The plan; nothing was written.", Plan),
            202: acceptedResponse,
            404: problem("There is none of that id."),
            409: problem("No undo of it failed, or another operation has had the namespace since."),
          }),
        },
      },
      "/api/namespaces": {
        get: {
          operationId: "listNamespaces",
          summary: "What is onboarded",
          requestParams: { query: z.object({ cluster: z.string().optional(), ...paging }) },
          responses: guarded({
            200: body("A page of namespaces.", page(NamespaceDocument)),
            422: problem("A parameter is wrong."),
          }),
        },
      },
      "/api/namespaces/{cluster}/{namespace}": {
        get: {
          operationId: "getNamespace",
          summary: "What is onboarded in one namespace",
          requestParams: { path: berth, header: z.object({ "if-none-match": z.string().optional() }) },
          responses: guarded({
            200: {
              ...body("The namespace.", NamespaceDocument),
              headers: z.object({
                etag: z.string().meta({
                  description:
                    "What the namespace is, a dot, and what the last look found. If-Match takes only the first part; when it was looked at is in neither.",
                }),
              }),
            },
            304: { description: "If-None-Match names what is current." },
            404: problem("It is not onboarded."),
          }),
        },
        delete: {
          operationId: "deleteNamespace",
          summary: "Take the namespace's access away, or plan it with dryRun=true",
          requestParams: {
            path: berth,
            query: z.object({
              dryRun,
              ignoreDependants: z.boolean().optional().meta({
                description:
                  "Go on although others depend on what goes: federated credentials, roles, bindings, service accounts, work in the namespace. A plan names them as notices then.",
              }),
            }),
            header: idempotencyHeaders.extend({ "if-match": z.string().optional() }),
          },
          responses: guarded({
            ...flagProblem,
            200: body("The plan; nothing was written.", Plan),
            202: acceptedResponse,
            404: problem("It is not onboarded."),
            409: problem("Another operation has the namespace, or the first request with the key is being answered."),
            412: problem("The namespace is not as If-Match names it."),
            422: problem("The idempotency key came with another request before, or is none."),
          }),
        },
      },
      ...batchPaths(acceptedResponse),
      ...upkeepPaths(acceptedResponse),
      ...watchingPaths,
      "/api/health/live": {
        get: {
          operationId: "live",
          security: [],
          summary: "Whether the process answers",
          responses: { 200: body("It does.", Health) },
        },
      },
      "/api/health/ready": {
        get: {
          operationId: "ready",
          security: [],
          summary: "Whether requests can be taken",
          responses: { 200: body("They can.", Health), 503: body("The registry is away.", Health) },
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
      "/api/docs": {
        get: {
          operationId: "docs",
          security: [],
          summary: "This document for people",
          responses: { 200: { description: "A page.", content: { "text/html": { schema: z.string() } } } },
        },
      },
    }),
  });
}

export function registerOpenApi(): void {
  let document: ReturnType<typeof createOpenApi> | undefined;
  app.http("openapi", {
    route: "api/openapi.json",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: route(async () => {
      document ??= createOpenApi();
      return json(200, document);
    }),
  });
}
