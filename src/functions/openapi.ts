/** The OpenAPI 3.1 document of the service, made from the schemas that also check the requests. */
import { app } from "@azure/functions";
import { z } from "zod";
import { createDocument } from "zod-openapi";
import { Approval } from "../domain/approval.ts";
import { OperationError, OperationKind, OperationStatus, Phase, StepAction } from "../domain/operation.ts";
import { Plan } from "../domain/plan.ts";
import { DatabaseRequest, IdentityMode, OnboardingRequest } from "../domain/request.ts";
import { ApproveBody, CancelBody, RejectBody } from "./decisions.ts";
import { berth, body, page, paging, problem, Time } from "./openapiParts.ts";
import { watchingPaths } from "./openapiWatching.ts";
import { json, route } from "./respond.ts";

const StepDocument = z.object({
  name: z.string(),
  target: z.string(),
  action: StepAction.optional(),
  status: OperationStatus,
  attempts: z.int(),
  startTime: Time.optional(),
  endTime: Time.optional(),
  error: OperationError.optional(),
  nextRetryTime: Time.optional(),
});

const Signature = z.object({ by: z.string(), time: Time, comment: z.string().optional() });

const OperationSummary = z.object({
  id: z.string(),
  kind: OperationKind,
  status: OperationStatus,
  cluster: z.string(),
  namespace: z.string(),
  requestedBy: z.string(),
  createdTime: Time,
  startTime: Time.optional(),
  endTime: Time.optional(),
  traceId: z.string().optional().meta({ description: "W3C trace id of the request; the log and the events carry it." }),
  result: z.object({ clientId: z.guid(), manifest: z.string() }).optional(),
  error: OperationError.optional(),
  approval: Approval.optional(),
  cancel: Signature.optional(),
});

const OperationDocument = OperationSummary.extend({ phase: Phase, steps: z.array(StepDocument) }).meta({
  id: "Operation",
});

const NamespaceDocument = z
  .object({
    cluster: z.string(),
    namespace: z.string(),
    state: z.enum(["Onboarding", "Onboarded", "Offboarding", "Incomplete"]),
    operation: z.string(),
    requestedBy: z.string(),
    onboardedTime: Time.optional(),
    verifiedTime: Time.optional(),
    clientId: z.guid().optional(),
    identityMode: IdentityMode,
    databases: z.array(DatabaseRequest),
  })
  .meta({ id: "Namespace" });

const AcceptedDocument = z.object({ id: z.string(), kind: OperationKind, isNew: z.boolean() }).meta({ id: "Accepted" });

const DecisionDocument = Signature.extend({
  id: z.string(),
  kind: OperationKind,
  decision: z.enum(["approve", "reject", "cancel"]),
}).meta({ id: "Decision" });

const acceptedResponse = {
  ...body("Accepted; watch the operation at Operation-Location.", AcceptedDocument),
  headers: z.object({ location: z.string(), "operation-location": z.string(), "retry-after": z.string() }),
};
const decisionResponse = {
  ...acceptedResponse,
  ...body("Recorded; watch the operation at Operation-Location. The same again is the same answer.", DecisionDocument),
};

function createOpenApi() {
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Mooring",
      version: "0.1.0",
      description: "Connects the applications of a Kubernetes namespace to Azure SQL through managed identities.",
    },
    paths: {
      "/api/onboardings": {
        post: {
          operationId: "createOnboarding",
          summary: "Onboard a namespace, or plan it with dryRun=true",
          requestParams: { query: z.object({ dryRun: z.boolean().optional() }) },
          requestBody: { required: true, content: { "application/json": { schema: OnboardingRequest } } },
          responses: {
            200: body("The plan; nothing was written.", Plan),
            202: acceptedResponse,
            400: problem("The body is not JSON."),
            409: problem("Another operation has the namespace, or it is onboarded with another request."),
            413: problem("The body is larger than 16 KB."),
            415: problem("The body is not declared as JSON."),
            422: problem("A field is wrong; errors names each."),
            503: problem("The registry does not answer."),
          },
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
          responses: {
            200: body("A page of operations.", page(OperationSummary)),
            422: problem("A parameter is wrong."),
          },
        },
      },
      "/api/operations/{id}": {
        get: {
          operationId: "getOperation",
          summary: "The status of one operation, step by step",
          requestParams: { path: z.object({ id: z.string() }) },
          responses: { 200: body("The operation.", OperationDocument), 404: problem("There is none of that id.") },
        },
      },
      "/api/operations/{id}/cancel": {
        post: {
          operationId: "cancelOperation",
          summary: "Cancel an operation; what it has done is undone, and the status says what",
          requestParams: { path: z.object({ id: z.string() }) },
          requestBody: { required: false, content: { "application/json": { schema: CancelBody } } },
          responses: {
            202: decisionResponse,
            404: problem("There is none of that id."),
            409: problem("It has ended, or everything was done and verified already."),
          },
        },
      },
      "/api/operations/{id}/approve": {
        post: {
          operationId: "approveOperation",
          summary:
            "Approve the request that waits; needs the app role Onboarding.Approve and another person than the requester",
          requestParams: { path: z.object({ id: z.string() }) },
          requestBody: { required: true, content: { "application/json": { schema: ApproveBody } } },
          responses: {
            202: decisionResponse,
            403: problem("The caller lacks the role, or is the requester."),
            404: problem("There is none of that id."),
            409: problem("It does not wait for approval, its time is over, or the hash is another request's."),
            422: problem("A field is wrong; errors names each."),
          },
        },
      },
      "/api/operations/{id}/reject": {
        post: {
          operationId: "rejectOperation",
          summary: "Reject the request that waits; it ends with the code REJECTED",
          requestParams: { path: z.object({ id: z.string() }) },
          requestBody: { required: false, content: { "application/json": { schema: RejectBody } } },
          responses: {
            202: decisionResponse,
            403: problem("The caller lacks the role, or is the requester."),
            404: problem("There is none of that id."),
            409: problem("It does not wait for approval, its time is over, or the hash is another request's."),
          },
        },
      },
      "/api/namespaces": {
        get: {
          operationId: "listNamespaces",
          summary: "What is onboarded",
          requestParams: { query: z.object({ cluster: z.string().optional(), ...paging }) },
          responses: { 200: body("A page of namespaces.", page(NamespaceDocument)) },
        },
      },
      "/api/namespaces/{cluster}/{namespace}": {
        get: {
          operationId: "getNamespace",
          requestParams: { path: berth },
          responses: { 200: body("The namespace.", NamespaceDocument), 404: problem("It is not onboarded.") },
        },
        delete: {
          operationId: "deleteNamespace",
          summary: "Take the namespace's access away",
          requestParams: { path: berth },
          responses: {
            202: acceptedResponse,
            404: problem("It is not onboarded."),
            409: problem("Another operation has the namespace."),
          },
        },
      },
      ...watchingPaths,
      "/api/health/live": { get: { operationId: "live", responses: { 200: { description: "The process answers." } } } },
      "/api/health/ready": {
        get: {
          operationId: "ready",
          responses: { 200: { description: "Requests can be taken." }, 503: { description: "The registry is away." } },
        },
      },
    },
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
