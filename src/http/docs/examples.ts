/**
 * Examples of requests and answers for the OpenAPI document: one story, as the sandbox plays it. A test checks each against
 * its schema.
 */

import type { AcceptedDocument, DecisionDocument } from "../../domain/documents/accepted.ts";
import type { AccessPage } from "../../domain/documents/access.ts";
import type { AuditCheck, AuditPage } from "../../domain/documents/audit.ts";
import type { BatchDocument } from "../../domain/documents/batch.ts";
import type { CallerDocument } from "../../domain/documents/caller.ts";
import type { CatalogDocument } from "../../domain/documents/catalog.ts";
import { errorDocument } from "../../domain/documents/errorDocument.ts";
import type { NamespaceDocument, NamespacePage, VerificationDocument } from "../../domain/documents/namespace.ts";
import type {
  AskedOperation,
  AwaitingPage,
  OperationDocument,
  OperationPage,
  OperationSummary,
} from "../../domain/documents/operation.ts";
import type { OtherAccessPage } from "../../domain/documents/otherAccess.ts";
import { toDocument } from "../../domain/finding.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import type { BatchPlan } from "../../domain/operation/batch.ts";
import type { NamespaceBatchBody } from "../../domain/operation/namespaceBatch.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Difference, type Plan, type StepPlan, toOperationError } from "../../domain/operation/plan.ts";
import type { StepName } from "../../domain/operation/stepName.ts";
import { apiVersion, kind } from "../../domain/request/objectForm.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "orders" };
const identity = "mooring-aks-dev-orders-b1367b82";
const clientId = ClientId.parse("d2a403d7-927d-4489-8407-7df568caf1f3");
const operation = "1eb066a8f97b4a-46fb6c178b58db83";
const batch = "1eb066a8f97497-93a2bdaac4905d20";
export const traceId = "de8876a52248e7938760e6756cc6461f";
const requestedBy = "ada@example.com";
const approver = "grace@example.com";
const database = { server: "sql-dev", database: "messages", roles: ["reader" as const] };
const etag = '"6f1c2d0b9a3e4f5867c1d2e3f4a5b6c7"';
const time = (seconds: number) => new Date(Date.UTC(2026, 10, 26, 9, 0, seconds)).toISOString();

/** For path parameters. */
export const names = { ...namespaceRef, operation };

export const request = { ...namespaceRef, databases: [database] };
const fullRequest: OnboardingRequest = {
  ...request,
  identityMode: "workloadIdentity",
  serviceAccount: "app",
  adoptionPolicy: "IfIdentical",
  deletePolicy: "Delete",
};
/** As a Kubernetes object. */
export const objectRequest = {
  apiVersion,
  kind,
  metadata: { name: namespaceRef.namespace, namespace: namespaceRef.namespace },
  spec: { cluster: namespaceRef.cluster, databases: [database] },
};
export const batchRequest = { requests: [request, { ...request, namespace: "invoices" }] };
export const migrationRequest = { until: "sideBySide" };
const requestHash = "9b1f0c6b0f8e4f4f0a4cf8f0e2d5b7a1c3e5d7f9a1b3c5d7e9f1a3b5c7d9e1f3";
export const approveBody = { requestHash, comment: "As agreed in CHG-1042." };
export const rejectBody = { comment: "messages holds personal data; ask for reporting instead." };
export const cancelBody = { comment: "The wrong database." };

const step = (name: StepName, target: string, [start, end]: readonly [number, number]) => ({
  name,
  target,
  action: name === "preflight" || name === "verify" ? ("none" as const) : ("create" as const),
  status: "Succeeded" as const,
  attempts: 1,
  startTime: time(start),
  endTime: time(end),
});

export const manifest = `metadata:
  namespace: orders
spec:
  template:
    metadata:
      labels:
        azure.workload.identity/use: "true"
    spec:
      serviceAccountName: app
      containers:
        - name: app
          envFrom:
            - configMapRef:
                name: mooring-databases
`;

const summary: OperationSummary = {
  id: operation,
  kind: "onboard",
  status: "Succeeded",
  ...namespaceRef,
  requestedBy,
  team: "orders",
  createdTime: time(0),
  startTime: time(0),
  endTime: time(12),
  traceId,
  result: { clientId, manifest },
  phase: "done",
  etag,
};

export const operationDocument: OperationDocument = {
  ...summary,
  phase: "done",
  request: fullRequest,
  steps: [
    step("preflight", "aks-dev/orders", [0, 1]),
    step("ensureIdentity", identity, [1, 3]),
    step("applyNamespace", "aks-dev/orders", [1, 2]),
    step("grantDatabase", "sql-dev/messages", [3, 5]),
    step("applyServiceAccount", "aks-dev/orders", [3, 4]),
    step("federateIdentity", identity, [3, 6]),
    step("verify", "aks-dev/orders", [6, 12]),
  ],
};

export const operationPage: OperationPage = {
  value: [summary],
  nextLink: "/api/operations?top=1&continuation=eyJyb3ciOjF9",
};

const { result: _, endTime: __, ...running } = summary;
const asked: AskedOperation = { ...running, status: "Running", phase: "awaitingApproval", request: fullRequest };
export const awaitingPage: AwaitingPage = {
  value: [
    {
      ...asked,
      approval: {
        reasons: ['Database sql-dev/messages needs approval by team "dba".'],
        approvers: [{ role: "Onboarding.Approve", team: "dba" }],
        requestHash,
        requestedTime: time(1),
        expiresTime: time(86_401),
        reminders: 0,
      },
    },
  ],
};

export const accepted: AcceptedDocument = { id: operation, kind: "onboard", isNew: true };
export const repairFound: NamespaceBatchBody = { action: "repair", filter: { cluster: "aks-dev", findings: "Error" } };
export const offboardNamed: NamespaceBatchBody = {
  action: "offboard",
  namespaces: [namespaceRef],
  ignoreDependants: false,
};
export const acceptedBatch: AcceptedDocument = { id: batch, kind: "batch", isNew: true };
export const decided: DecisionDocument = {
  id: operation,
  kind: "onboard",
  decision: "approve",
  by: approver,
  time: time(60),
  comment: approveBody.comment,
};

const created = (field: string, desired: string) => ({ field, current: null, desired });
const gone = (field: string, current: string) => ({ field, current, desired: null });

const look = (name: StepName, target: string, action: StepAction, differences: Difference[] = []): StepPlan => ({
  ...{ name, target, action, differences },
  blockers: [],
});
const unblocked = { blocked: false, needsApproval: [] };

export const plan: Plan = {
  steps: [
    look("preflight", "aks-dev/orders", "none"),
    look("ensureIdentity", identity, "create", [created("name", identity), created("location", "westeurope")]),
    look("grantDatabase", "sql-dev/messages", "create", [
      created("user", identity),
      created("mooring_reader", "granted"),
    ]),
  ],
  ...unblocked,
  estimate: {
    least: 2.8,
    most: 39,
    boundBy: ["The slowest steps: set up identity, verify access."],
    operationsAhead: 0,
    measuredSteps: 0,
    assumedSteps: 7,
  },
};

export const removalPlan: Plan = {
  steps: [
    look("revokeDatabase", "sql-dev/messages", "delete", [gone("user", identity), gone("mooring_reader", "granted")]),
    look("removeIdentity", identity, "delete", [gone("name", identity), gone("clientId", clientId)]),
  ],
  ...unblocked,
};

const missing = { field: "mooring_reader", expected: "granted", found: null };
const grantIsGone = { code: "GRANT_MISSING" as const, target: "sql-dev/messages", ...missing };

export const repairPlan: Plan = {
  steps: [look("grantDatabase", grantIsGone.target, "update", [created(grantIsGone.field, grantIsGone.expected)])],
  ...unblocked,
};

export const batchPlan: BatchPlan = {
  etag,
  totals: { requests: 2, ready: 1, blocked: 0, refused: 1, notPlanned: 0 },
  items: [
    { index: 0, ...namespaceRef, status: "ready", plan },
    {
      index: 1,
      cluster: "aks-dev",
      namespace: "invoices",
      status: "refused",
      error: errorDocument(
        "answered",
        toOperationError("NAMESPACE_TAKEN", "aks-dev/invoices belongs to another team."),
      ),
    },
  ],
};

export const batchDocument: BatchDocument = {
  id: batch,
  kind: "batch",
  action: "onboard",
  status: "Running",
  phase: "provisioning",
  requests: 2,
  requestedBy,
  createdTime: time(0),
  startTime: time(0),
  traceId,
  etag,
  totals: { requests: 2, notStarted: 0, running: 1, succeeded: 1, unchanged: 0, failed: 0, canceled: 0 },
  items: [
    {
      index: 0,
      ...namespaceRef,
      status: "Succeeded",
      operation,
      isOwn: true,
      kind: "onboard",
      outcome: "onboarded",
      startTime: time(0),
      endTime: time(12),
    },
    {
      index: 1,
      cluster: "aks-dev",
      namespace: "invoices",
      status: "Running",
      operation: "1eb066a8f973fe-472f9193a0214620",
      isOwn: true,
      kind: "onboard",
      startTime: time(1),
    },
  ],
};

export const namespace: NamespaceDocument = {
  ...namespaceRef,
  state: "Onboarded",
  operation,
  requestedBy,
  team: "orders",
  onboardedTime: time(12),
  verifiedTime: time(12),
  clientId,
  findings: [],
  identityMode: "workloadIdentity",
  databases: [database],
  access: [{ kind: "database", target: "sql-dev/messages", access: ["reader"], state: "inForce", isLeaving: false }],
  request: fullRequest,
  etag,
};
export const namespacePage: NamespacePage = { value: [namespace] };

export const accessPage: AccessPage = {
  value: [
    {
      ...namespaceRef,
      team: "team-a",
      namespaceState: "Onboarded",
      state: "inForce",
      kind: "database",
      target: "sql-dev/messages",
      access: ["reader"],
      since: time(3_000),
      operation,
      requestedBy,
      approvedBy: ["Paula"],
      others: [{ code: "GRANT_ADDED", field: "db_owner", found: "granted by somebody else" }],
      verifiedTime: time(3_600),
    },
  ],
};

export const otherAccess: OtherAccessPage = {
  target: "sql-dev/messages",
  kind: "database",
  readTime: time(3_600),
  value: [
    {
      name: "reports",
      type: "EXTERNAL_GROUP",
      isMooring: false,
      rights: [{ right: "db_datareader", by: "others" }],
    },
  ],
  unnamed: 0,
};

export const verification: VerificationDocument = {
  ...namespaceRef,
  verifiedTime: time(3_600),
  severity: "Error",
  findings: [toDocument(grantIsGone)],
};

export const caller: CallerDocument = {
  id: "6b1f8a0e-2f0c-4f1f-9c3e-3a6f0f6f2b11",
  name: "Rita",
  roles: ["Onboarding.Request"],
  teams: [
    {
      name: "team-a",
      clusters: ["aks-dev"],
      namespaces: ["team-a", "team-a-*"],
      databases: { "sql-dev": { messages: ["reader", "writer"] } },
      targets: { uploads: ["read"] },
      quota: 20,
    },
  ],
};

export const catalog: CatalogDocument = {
  clusters: [{ name: "aks-dev", environment: "dev", identityModes: ["workloadIdentity", "podIdentity"] }],
  sqlServers: [
    {
      name: "sql-dev",
      environment: "dev",
      databases: [{ name: "messages", roles: ["reader", "writer", "executor"] }],
    },
  ],
  targets: [{ name: "uploads", kind: "storageBlob", environment: "dev", access: ["read", "write"] }],
  profiles: [{ name: "standard", description: "Two cores, four gigabytes" }],
};

const head = "1d143298be4dd9e7299511a6a4d02152454fdf9128edab4eaf26aaeb4a398fc0";
export const auditPage: AuditPage = {
  value: [
    {
      time: time(12),
      ...namespaceRef,
      who: requestedBy,
      operation,
      traceId,
      id: "aab9151598a5b8c446330eaaef2d37e100180f4d",
      kind: "decision",
      what: "onboard",
      target: "aks-dev/orders",
      action: "ended",
      outcome: "Succeeded",
      differences: [],
      sequence: 7,
      previousHash: "41abdbf9f49e74003b53ac988a8fec28c7ab89bf5b5d0ede0a2168daf64e1d79",
      hash: head,
    },
  ],
};
export const auditCheck: AuditCheck = { valid: true, entries: 7, head };

export const kubernetesExport = `apiVersion: v1
kind: ServiceAccount
metadata:
  name: app
  namespace: orders
  annotations:
    azure.workload.identity/client-id: ${clientId}
`;
export const tsqlExport = `CREATE USER [${identity}] WITH SID = 0xD703A4D27D92894484077DF568CAF1F3, TYPE = E;
IF DATABASE_PRINCIPAL_ID(N'mooring_reader') IS NOT NULL ALTER ROLE [mooring_reader] ADD MEMBER [${identity}];
ELSE BEGIN
  ALTER ROLE [db_datareader] ADD MEMBER [${identity}];
END;
`;
export const azureExport = `#!/bin/sh
set -eu
az identity create --subscription 00000000-0000-4000-8000-000000000003 --resource-group MC_rg-dev_aks-dev_westeurope --name ${identity} --location westeurope
`;

export const events = `retry: 1000

event: end
id: 2026-11-26T09:00:12.0481275Z~2026-11-26T09:00:12.0431806Z~done~end
data: ${JSON.stringify({ operation, status: "Succeeded" })}

`;
