import type { DurableOrchestrationStatus } from "durable-functions";
import { expect, it } from "vitest";
import { publicStep } from "../../../src/application/documents/operationDocument.ts";
import { findPhase } from "../../../src/application/operation/findPhase.ts";
import { toOperationError } from "../../../src/domain/operation/plan.ts";

it("gives a permanently failed step a fix, and says that a retried one needs nothing", () => {
  const step = { name: "grantDatabase", target: "sql-dev/orders", attempts: 8, startTime: "2026-01-01T00:00:00Z" };
  const error = toOperationError("SQL_UNAVAILABLE", "The database is paused.");

  const [running, failed] = (["Running", "Failed"] as const).map((status) => publicStep({ ...step, status, error }));

  expect(running?.error?.fix).toMatch(/^Nothing: Mooring tries again/);
  expect(failed?.error?.fix).toMatch(/, then send the request again\.$/);
});

it("awaits nobody once a decision is made, even before the orchestration has woken", async () => {
  const status: Partial<DurableOrchestrationStatus> = { customStatus: { phase: "awaitingApproval" } };
  const client = { getStatus: async () => status as DurableOrchestrationStatus };
  const approval = {
    reasons: [],
    approvers: [],
    requestHash: "0",
    requestedTime: "2026-01-01T00:00:00Z",
    expiresTime: "2026-01-08T00:00:00Z",
    reminders: 0,
  };
  const decision = { kind: "approved", time: "2026-01-02T00:00:00Z" } as const;
  const record = { id: "1", status: "Running" } as const;

  expect(await findPhase(client, { ...record, approval })).toBe("awaitingApproval");
  expect(await findPhase(client, { ...record, approval: { ...approval, decision } })).toBe("preflight");
  expect(await findPhase(client, { ...record, approval, cancel: { by: "rita", time: decision.time } })).toBe(
    "preflight",
  );
});

it("is not done for whoever has read its record before its end", async () => {
  const status: Partial<DurableOrchestrationStatus> = { customStatus: { phase: "done" } };
  const client = { getStatus: async () => status as DurableOrchestrationStatus };

  expect(await findPhase(client, { id: "1", status: "Running" })).toBe("verifying");
  expect(await findPhase(client, { id: "1", status: "Failed" })).toBe("done");
});
