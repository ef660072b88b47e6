import { type DurableClient, type DurableOrchestrationStatus, OrchestrationRuntimeStatus } from "durable-functions";
import { describe, expect, it } from "vitest";
import { concludeOperation } from "../../../src/application/operation/concludeOperation.ts";
import { recoverOperation } from "../../../src/application/recovery/recoverOperation.ts";
import { open } from "../../../src/domain/operation/lifecycle.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";
import { newPair } from "../../support/ids.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }],
});
const time = "2026-03-02T11:00:00.000Z";
const approval = {
  reasons: [],
  approvers: [],
  requestHash: "hash",
  requestedTime: time,
  expiresTime: "9999-01-01T00:00:00.000Z",
  reminders: 1_000_000,
};

/** The events that wake a waiting orchestration, once the timer has run. */
async function wakesOf(changes: Partial<OperationRecord>): Promise<readonly string[]> {
  const { ports, namespaces } = createFakeCloud();
  const accepted = { ...request, request, requestedBy: "rita" };
  await ports.registry.insertNamespace(
    open({ ...accepted, operation: "1", acceptedTime: time, requestHash: "hash", traceparent: "", batch: undefined }),
  );
  await ports.registry.insertOperation({
    ...accepted,
    id: "1",
    kind: "onboard",
    status: "Running",
    createdTime: time,
    ...changes,
  });
  const raised: string[] = [];
  const waiting: Partial<DurableOrchestrationStatus> = {
    runtimeStatus: OrchestrationRuntimeStatus.Running,
    customStatus: { phase: "awaitingApproval" },
  };
  const client: Partial<DurableClient> = {
    getStatus: async () => waiting as DurableOrchestrationStatus,
    raiseEvent: async (_id, name) => void raised.push(name),
  };
  const [held] = await ports.registry.heldNamespaces();
  if (!held) throw new Error(`nothing is held: ${JSON.stringify([...namespaces])}`);
  await recoverOperation({ ports, client: client as DurableClient, warn: () => {} }, held);
  return raised;
}

it("leaves alone an operation that has ended, and recorded that, since the records were listed", async () => {
  const { ports } = createFakeCloud();
  const accepted = { ...request, request, requestedBy: "rita" };
  const record = open({
    ...accepted,
    ...{ operation: "1", acceptedTime: time, requestHash: "hash", traceparent: "", batch: undefined },
  });
  await ports.registry.insertNamespace(record);
  const [held] = await ports.registry.heldNamespaces();
  if (!held) throw new Error("nothing is held");
  const outcome = { status: "Succeeded", leftBehind: false, clientId: newPair().clientId } as const;
  await ports.registry.insertOperation({ ...accepted, id: "1", kind: "onboard", status: "Running", createdTime: time });
  await concludeOperation(ports, { ...accepted, operation: "1", kind: "onboard", ...outcome });
  const client: Partial<DurableClient> = {
    getStatus: async () =>
      ({ runtimeStatus: OrchestrationRuntimeStatus.Completed, output: outcome }) as DurableOrchestrationStatus,
  };
  const warnings: string[] = [];

  await recoverOperation({ ports, client: client as DurableClient, warn: (text) => void warnings.push(text) }, held);

  expect(warnings).toEqual([]);
});

describe("an orchestration that waits for approval", () => {
  it("is woken by the timer when a crash came between the decision and its event", async () => {
    const decision = { kind: "approved", by: "ann", time } as const;

    expect(await wakesOf({ approval: { ...approval, decision } })).toEqual(["decision"]);
    expect(await wakesOf({ approval, cancel: { by: "rita", time } })).toEqual(["decision"]);
  });

  it("is left alone until there is a decision", async () => {
    expect(await wakesOf({ approval })).toEqual([]);
  });
});
