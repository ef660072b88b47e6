import { beforeEach, expect, it, vi } from "vitest";
import { withEstimate } from "../../../src/application/plan/estimatePlan.ts";
import { readMeasurements } from "../../../src/application/plan/measurements.ts";
import { createOperationId } from "../../../src/domain/naming/operationId.ts";
import { toPlan, toStepPlan } from "../../../src/domain/operation/plan.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const plan = toPlan([toStepPlan({ name: "ensureIdentity", target: "x" }, { action: "create" })]);
const planned = { kind: "onboard", request } as const;

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
});

async function record(id: string, status: OperationRecord["status"], more: Partial<OperationRecord> = {}) {
  const { cluster, namespace } = request;
  const by = { requestedBy: "test", createdTime: "2026-11-24T00:00:00.000Z" };
  await cloud.ports.registry.insertOperation({
    id,
    kind: "onboard",
    cluster,
    namespace,
    status,
    request,
    ...by,
    ...more,
  });
}

async function recordStep(operation: string, seconds: number, attempts = 1) {
  const step = { name: "ensureIdentity", target: `identity of ${operation}` } as const;
  const start = Date.parse("2026-11-24T00:00:00.000Z");
  for (let each = 0; each < attempts; each += 1) {
    await cloud.ports.registry.startStep(operation, step, new Date(start).toISOString());
  }
  const endTime = new Date(start + seconds * 1_000).toISOString();
  await cloud.ports.registry.updateStep(operation, step, { status: "Succeeded", action: "create", endTime });
}

it("uses the steps of recent operations that succeeded on the first attempt", async () => {
  await record("a", "Succeeded");
  await record("b", "Succeeded");
  await recordStep("a", 3);
  await recordStep("b", 7);
  await recordStep("b ", 500, 2);

  const { estimate } = await withEstimate(cloud.ports, plan, planned);
  const unmeasured = await withEstimate(createFakeCloud().ports, plan, planned);

  // The final verification counts, but its duration is only assumed.
  expect(estimate).toMatchObject({ measuredSteps: 1, assumedSteps: 1, least: 3.5 });
  expect(unmeasured.estimate).toMatchObject({ measuredSteps: 0, assumedSteps: 2 });
});

it("counts running operations, but not those that wait for a person", async () => {
  const approval = {
    ...{ reasons: [], approvers: [], requestHash: "h", reminders: 0 },
    ...{ requestedTime: "2026-11-24T00:00:00.000Z", expiresTime: "2026-11-25T00:00:00.000Z" },
  };
  const runs = createOperationId(new Date());
  await record(runs, "Running");
  await record(createOperationId(new Date()), "Running", { approval });
  await record(createOperationId(new Date()), "NotStarted");
  await record(createOperationId(new Date()), "Failed");

  expect((await withEstimate(cloud.ports, plan, planned)).estimate?.operationsAhead).toBe(2);
  // The operation whose cancel is planned is not ahead of itself.
  const own = { ...planned, operation: runs };
  expect((await withEstimate(cloud.ports, plan, own)).estimate?.operationsAhead).toBe(1);
});

it("says how long a person has to approve, and estimates nothing for a plan without steps", async () => {
  const needed = await withEstimate(cloud.ports, { ...plan, needsApproval: ["Role owner needs approval."] }, planned);

  expect(needed.estimate?.approvalMinutes).toBe(cloud.ports.catalog.approval.timeoutMinutes);
  expect(await withEstimate(cloud.ports, toPlan([]), planned)).toEqual(toPlan([]));
});

const time = (seconds: number) => new Date(Date.parse("2026-11-24T00:00:00.000Z") + seconds * 1_000).toISOString();

it("measures how many recent operations ran at the same time, and their time between steps", async () => {
  // Three that overlap and one alone, each with 3 seconds of work in 5.
  for (const [id, start] of [
    ["a", 0],
    ["b", 1],
    ["c", 2],
    ["d", 60],
  ] as const) {
    await record(id, "Succeeded", { startTime: time(start), endTime: time(start + 5) });
    const step = { name: "ensureIdentity", target: `identity of ${id}` } as const;
    await cloud.ports.registry.startStep(id, step, time(start + 1));
    await cloud.ports.registry.updateStep(id, step, {
      status: "Succeeded",
      action: "create",
      endTime: time(start + 4),
    });
  }
  const approval = {
    reasons: [],
    approvers: [],
    requestHash: "h",
    reminders: 0,
    requestedTime: time(0),
    expiresTime: time(900),
  };
  await record("waited", "Succeeded", { startTime: time(0), endTime: time(600), approval });

  expect(await readMeasurements(cloud.ports.registry)).toMatchObject({
    seenAtOnce: 3,
    betweenStages: { least: 2, most: 2, usual: 2 },
    durations: new Map([["ensureIdentity create", { least: 3, most: 3, usual: 3 }]]),
  });
  expect((await readMeasurements(createFakeCloud().ports.registry)).seenAtOnce).toBeUndefined();
});

it("looks for the operations ahead among those of the last day, not through all that there ever were", async () => {
  const list = vi.spyOn(cloud.ports.registry, "listOperations");

  await readMeasurements(cloud.ports.registry, { now: new Date("2026-11-27T12:00:00.000Z") });

  const ahead = list.mock.calls.map(([query]) => query).filter(({ status }) => status !== "Succeeded");
  expect(ahead).toEqual(
    ["Running", "NotStarted"].map((status) => ({ status, createdSince: "2026-11-26T12:00:00.000Z", limit: 200 })),
  );
});
