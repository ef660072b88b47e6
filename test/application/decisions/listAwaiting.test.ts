/** The operations that wait for a person, found from the records alone. */
import { beforeEach, expect, it } from "vitest";
import { foreseeApproval } from "../../../src/application/decisions/decide.ts";
import { listAwaiting } from "../../../src/application/decisions/listAwaiting.ts";
import { type Caller, queueRequester } from "../../../src/domain/access/caller.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { awaitsCaller } from "../../../src/domain/operation/awaiting.ts";
import { open } from "../../../src/domain/operation/lifecycle.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";

const now = new Date("2026-03-02T12:00:00Z");
const approval = {
  reasons: ["Database sql-dev/orders needs approval."],
  approvers: [{ role: "Onboarding.Approve" as const }],
  requestHash: "hash",
  requestedTime: "2026-03-02T11:00:00.000Z",
  expiresTime: "2026-03-02T13:00:00.000Z",
  reminders: 0,
};
const by = (id: string) => ({ by: id, time: "2026-03-02T11:30:00.000Z" });

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
});

/** An operation that holds its namespace. */
async function hold(id: string, changes: Partial<OperationRecord> = {}): Promise<void> {
  const request = OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: `team-${id}`,
    databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }],
  });
  const { cluster, namespace } = request;
  const accepted = { requestedBy: "rita", team: "red", ...changes, cluster, namespace, request };
  const opening = { ...accepted, operation: id, acceptedTime: approval.requestedTime, requestHash: "hash" };
  await cloud.ports.registry.insertNamespace(open({ ...opening, traceparent: "", batch: undefined }));
  await cloud.ports.registry.insertOperation({
    ...accepted,
    id,
    kind: "onboard",
    status: "Running",
    createdTime: approval.requestedTime,
    ...changes,
  });
}

async function list(query: Partial<Parameters<typeof listAwaiting>[1]> = {}) {
  const { value, continuation } = await listAwaiting(cloud.ports.registry, { limit: 50, ...query });
  return { ids: value.map(({ id }) => id), continuation };
}

it("lists operations that need approval and are neither decided nor canceled, newest first", async () => {
  const decision = { kind: "rejected" as const, ...by("ann") };
  await hold("4", { approval });
  await hold("1", { approval: { ...approval, needed: 2, given: [by("ann")] } });
  await hold("2");
  await hold("3", { approval: { ...approval, decision } });
  await hold("5", { approval, cancel: by("rita") });
  await hold("6", { approval, status: "Failed" });

  expect(await list()).toEqual({ ids: ["1", "4"], continuation: undefined });
});

it("reads page after page, and reads no operation of a namespace that the caller does not want", async () => {
  for (let id = 100; id < 250; id += 1) await hold(String(id), { approval, team: id % 2 === 0 ? "red" : "blue" });
  const { registry } = cloud.ports;
  const read: string[] = [];
  const getOperation = async (id: string) => {
    read.push(id);
    return await registry.getOperation(id);
  };
  const found: string[] = [];
  let continuation: string | undefined;
  do {
    const page = await listAwaiting(
      { ...registry, getOperation },
      {
        limit: 30,
        isWanted: ({ team }) => team === "red",
        ...(continuation === undefined ? {} : { continuation }),
      },
    );
    expect(page.value.length).toBeLessThanOrEqual(30);
    found.push(...page.value.map(({ id }) => id));
    continuation = page.continuation;
  } while (continuation !== undefined);

  expect(found).toEqual(Array.from({ length: 75 }, (_, index) => String(100 + 2 * index)));
  expect(read.filter((id) => Number(id) % 2 === 1)).toEqual([]);
});

it("leaves out an operation whose record cannot be read", async () => {
  await hold("1", { approval });
  await hold("2", { approval });
  const { registry } = cloud.ports;
  const getOperation = async (id: string) => {
    if (id === "1") throw new TransientError("RECORD_UNREADABLE", "row 1 is strange");
    return await registry.getOperation(id);
  };

  const { value } = await listAwaiting({ ...registry, getOperation }, { limit: 50 });

  expect(value.map(({ id }) => id)).toEqual(["2"]);
});

it("awaits a caller exactly when their approval would be accepted and new", async () => {
  const caller = (id: string, ...teams: string[]): Caller => ({ id, name: id, teams, roles: ["Onboarding.Approve"] });
  const callers: Caller[] = [
    caller("ann"),
    caller("ann-blue", "blue"),
    caller("rita", "blue"),
    { ...caller("of-red", "red"), roles: ["Onboarding.Request"] },
    { ...caller("operator"), roles: ["Onboarding.Operate"] },
  ];
  const byBlue = [...approval.approvers, { role: "Onboarding.Approve" as const, team: "blue" }];
  const twice = { ...approval, needed: 2 };
  const records: Partial<OperationRecord>[] = [
    {},
    { approval },
    { approval: { ...approval, approvers: byBlue } },
    { approval: twice, requestedBy: queueRequester },
    { approval: { ...twice, given: [by("ann")] }, requestedBy: queueRequester },
    { approval: { ...approval, decision: { kind: "approved", ...by("ann") } } },
    { approval: { ...approval, decision: { kind: "rejected", ...by("rita") } } },
    { approval: { ...approval, expiresTime: now.toISOString() } },
    { approval, cancel: by("rita") },
    { approval, status: "Canceled" },
  ];
  for (const [index, changes] of records.entries()) await hold(String(index), changes);

  const { registry } = cloud.ports;
  const waiting: string[] = [];
  for (const each of callers) {
    for (const index of records.keys()) {
      const id = String(index);
      const record = await registry.getOperation(id);
      if (!record) throw new Error("it is gone");
      const isTaken = await foreseeApproval(registry, id, { by: each, kind: "approved", now }).then(
        ({ isMade }) => !isMade,
        () => false,
      );

      expect(awaitsCaller(each, record, now), `${each.id} ${id}`).toBe(isTaken);
      if (isTaken) waiting.push(`${each.id} ${id}`);
    }
  }
  expect(waiting).toEqual([
    "ann 1",
    "ann 3",
    "ann-blue 1",
    "ann-blue 2",
    "ann-blue 3",
    "ann-blue 4",
    "rita 3",
    "rita 4",
  ]);
});
