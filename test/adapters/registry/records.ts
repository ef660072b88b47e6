/** Records as the registry is given them. */
import type { RecordIn } from "../../../src/domain/operation/namespaceRecord.ts";
import type { BatchRecord, OperationRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";

export const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});

type Base = Pick<RecordIn<"Onboarding">, "cluster" | "namespace" | "operation" | "team">;

export function namespaceRecord(changes: Partial<Base> = {}): Omit<RecordIn<"Onboarding">, "previous" | "takenBy"> {
  return {
    cluster: "aks-dev",
    namespace: `n-${crypto.randomUUID().slice(0, 8)}`,
    state: "Onboarding",
    operation: "op-1",
    request,
    requestHash: "hash",
    requestedBy: "somebody",
    acceptedTime: "2026-11-24T00:00:00.000Z",
    ...changes,
  };
}

export function operationRecord(id: string): OperationRecord {
  return {
    id,
    kind: "onboard",
    cluster: "aks-dev",
    namespace: "team-a",
    status: "NotStarted",
    requestedBy: "somebody",
    createdTime: "2026-11-24T00:00:00.000Z",
    request,
  };
}

export function batchRecord(id: string, requests: number): BatchRecord {
  const by = { id: "somebody", name: "Some Body", teams: ["red"], roles: ["Onboarding.Request" as const] };
  const times = { createdTime: "2026-11-24T00:00:00.000Z" };
  return { id, kind: "batch", status: "NotStarted", requestedBy: by.id, by, requests, team: "red", ...times };
}

export function askOf({ cluster, namespace, ...asked }: typeof request) {
  return { cluster, namespace, request: { cluster, namespace, ...asked } };
}
