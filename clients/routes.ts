/** The query parameters of each route, and the documents that it answers with: written by tools/writeRoutes.ts. */

import type { AcceptedDocument, DecisionDocument } from "../src/domain/documents/accepted.ts";
import type { AccessPage } from "../src/domain/documents/access.ts";
import type { AuditCheck, AuditPage } from "../src/domain/documents/audit.ts";
import type { CallerDocument } from "../src/domain/documents/caller.ts";
import type { CatalogDocument } from "../src/domain/documents/catalog.ts";
import type { HealthDocument } from "../src/domain/documents/health.ts";
import type { NamespaceDocument, NamespacePage, VerificationDocument } from "../src/domain/documents/namespace.ts";
import type { AnyOperationDocument, AwaitingPage, OperationPage } from "../src/domain/documents/operation.ts";
import type { OtherAccessPage } from "../src/domain/documents/otherAccess.ts";
import type { BatchPlan } from "../src/domain/operation/batch.ts";
import type { Plan } from "../src/domain/operation/plan.ts";
import { load } from "./load.ts";

export const routes = {
  "POST /api/onboardings": {
    query: ["dryRun", "takeOver", "confirmRemoval", "adoptIdentity"],
    documents: {
      200: load<Plan>(async () => (await import("../src/domain/operation/plan.ts")).Plan),
      202: load<AcceptedDocument>(async () => (await import("../src/domain/documents/accepted.ts")).AcceptedDocument),
    },
  },
  "GET /api/onboardings/schema.json": { query: [], documents: {} },
  "GET /api/operations": {
    query: ["cluster", "namespace", "status", "kind", "phase", "top", "continuation"],
    documents: {
      200: load<OperationPage>(async () => (await import("../src/domain/documents/operation.ts")).OperationPage),
    },
  },
  "GET /api/approvals": {
    query: ["top", "continuation"],
    documents: {
      200: load<AwaitingPage>(async () => (await import("../src/domain/documents/operation.ts")).AwaitingPage),
    },
  },
  "GET /api/operations/{id}": {
    query: ["top", "from", "status"],
    documents: {
      200: load<AnyOperationDocument>(
        async () => (await import("../src/domain/documents/operation.ts")).AnyOperationDocument,
      ),
    },
  },
  "POST /api/operations/{id}/cancel": {
    query: ["dryRun"],
    documents: {
      200: load<Plan>(async () => (await import("../src/domain/operation/plan.ts")).Plan),
      202: load<DecisionDocument>(async () => (await import("../src/domain/documents/accepted.ts")).DecisionDocument),
    },
  },
  "POST /api/operations/{id}/approve": {
    query: ["dryRun"],
    documents: {
      200: load<Plan>(async () => (await import("../src/domain/operation/plan.ts")).Plan),
      202: load<DecisionDocument>(async () => (await import("../src/domain/documents/accepted.ts")).DecisionDocument),
    },
  },
  "POST /api/operations/{id}/reject": {
    query: ["dryRun"],
    documents: {
      200: load<Plan>(async () => (await import("../src/domain/operation/plan.ts")).Plan),
      202: load<DecisionDocument>(async () => (await import("../src/domain/documents/accepted.ts")).DecisionDocument),
    },
  },
  "POST /api/operations/{id}/compensate": {
    query: ["dryRun"],
    documents: {
      200: load<Plan>(async () => (await import("../src/domain/operation/plan.ts")).Plan),
      202: load<AcceptedDocument>(async () => (await import("../src/domain/documents/accepted.ts")).AcceptedDocument),
    },
  },
  "GET /api/namespaces": {
    query: ["cluster", "team", "state", "identityMode", "findings", "top", "continuation"],
    documents: {
      200: load<NamespacePage>(async () => (await import("../src/domain/documents/namespace.ts")).NamespacePage),
    },
  },
  "GET /api/access": {
    query: ["target", "cluster", "namespace", "team", "top", "continuation"],
    documents: { 200: load<AccessPage>(async () => (await import("../src/domain/documents/access.ts")).AccessPage) },
  },
  "GET /api/access/others": {
    query: ["target", "top", "continuation"],
    documents: {
      200: load<OtherAccessPage>(async () => (await import("../src/domain/documents/otherAccess.ts")).OtherAccessPage),
    },
  },
  "GET /api/namespaces/{cluster}/{namespace}": {
    query: [],
    documents: {
      200: load<NamespaceDocument>(
        async () => (await import("../src/domain/documents/namespace.ts")).NamespaceDocument,
      ),
    },
  },
  "DELETE /api/namespaces/{cluster}/{namespace}": {
    query: ["dryRun", "ignoreDependants"],
    documents: {
      200: load<Plan>(async () => (await import("../src/domain/operation/plan.ts")).Plan),
      202: load<AcceptedDocument>(async () => (await import("../src/domain/documents/accepted.ts")).AcceptedDocument),
    },
  },
  "POST /api/namespaces/batch": {
    query: ["dryRun"],
    documents: {
      200: load<BatchPlan>(async () => (await import("../src/domain/operation/batch.ts")).BatchPlan),
      202: load<AcceptedDocument>(async () => (await import("../src/domain/documents/accepted.ts")).AcceptedDocument),
    },
  },
  "POST /api/onboardings/batch": {
    query: ["dryRun", "confirmRemoval", "checkOnly", "adoptIdentity"],
    documents: {
      200: load<BatchPlan>(async () => (await import("../src/domain/operation/batch.ts")).BatchPlan),
      202: load<AcceptedDocument>(async () => (await import("../src/domain/documents/accepted.ts")).AcceptedDocument),
    },
  },
  "POST /api/namespaces/{cluster}/{namespace}/verify": {
    query: ["fresh"],
    documents: {
      200: load<VerificationDocument>(
        async () => (await import("../src/domain/documents/namespace.ts")).VerificationDocument,
      ),
    },
  },
  "POST /api/namespaces/{cluster}/{namespace}/repair": {
    query: ["dryRun", "adoptIdentity"],
    documents: {
      200: load<Plan>(async () => (await import("../src/domain/operation/plan.ts")).Plan),
      202: load<AcceptedDocument>(async () => (await import("../src/domain/documents/accepted.ts")).AcceptedDocument),
    },
  },
  "POST /api/namespaces/{cluster}/{namespace}/migrate": {
    query: ["dryRun", "to", "until"],
    documents: {
      200: load<Plan>(async () => (await import("../src/domain/operation/plan.ts")).Plan),
      202: load<AcceptedDocument>(async () => (await import("../src/domain/documents/accepted.ts")).AcceptedDocument),
    },
  },
  "GET /api/operations/{id}/events": { query: [], documents: {} },
  "GET /api/events": { query: [], documents: {} },
  "GET /api/events/schema.json": { query: [], documents: {} },
  "GET /api/namespaces/{cluster}/{namespace}/export": { query: ["format", "database"], documents: {} },
  "GET /api/namespaces/{cluster}/{namespace}/manifest": { query: [], documents: {} },
  "GET /api/catalog": {
    query: [],
    documents: {
      200: load<CatalogDocument>(async () => (await import("../src/domain/documents/catalog.ts")).CatalogDocument),
    },
  },
  "GET /api/caller": {
    query: [],
    documents: {
      200: load<CallerDocument>(async () => (await import("../src/domain/documents/caller.ts")).CallerDocument),
    },
  },
  "GET /api/audit": {
    query: ["cluster", "namespace", "operation", "top", "continuation"],
    documents: { 200: load<AuditPage>(async () => (await import("../src/domain/documents/audit.ts")).AuditPage) },
  },
  "GET /api/audit/verify": {
    query: [],
    documents: { 200: load<AuditCheck>(async () => (await import("../src/domain/documents/audit.ts")).AuditCheck) },
  },
  "GET /api/health/live": {
    query: [],
    documents: {
      200: load<HealthDocument>(async () => (await import("../src/domain/documents/health.ts")).HealthDocument),
    },
  },
  "GET /api/health/ready": {
    query: [],
    documents: {
      200: load<HealthDocument>(async () => (await import("../src/domain/documents/health.ts")).HealthDocument),
    },
  },
  "GET /api/openapi.json": { query: [], documents: {} },
} as const;
