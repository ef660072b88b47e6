/** An operation's tag, for those who decide about it: what changes the tag, and what does not. */
import { expect, it } from "vitest";
import { currentOperation, etagOf } from "../../../src/domain/http/operationTag.ts";
import type { BatchRecord, OperationRecord } from "../../../src/domain/operation/records.ts";
import type { Approval } from "../../../src/domain/policy/approval.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }],
});
const time = "2026-01-01T12:00:00.000Z";
const record: OperationRecord = {
  id: "1eb066acc545eb-eeb4e713ef5927c9",
  kind: "onboard",
  status: "NotStarted",
  cluster: "aks-dev",
  namespace: "team-a",
  requestedBy: "key:red",
  createdTime: time,
  request,
};
const approval: Approval = {
  reasons: ["Database sql-dev/orders needs approval."],
  approvers: [{ role: "Onboarding.Approve" }],
  requestHash: "hash",
  requestedTime: time,
  expiresTime: "2026-01-02T12:00:00.000Z",
  reminders: 0,
  needed: 2,
};
const waiting: OperationRecord = { ...record, status: "Running", approval };
const given = [{ by: "key:one", time }];
const decided = (kind: "approved" | "rejected" | "timedOut", by?: string): OperationRecord => ({
  ...waiting,
  approval: { ...approval, given, decision: { kind, time, ...(by === undefined ? {} : { by }) } },
});
const batch: BatchRecord = {
  ...{ id: "1eb066a8f97497-93a2bdaac4905d20", kind: "batch", status: "Running", requestedBy: "key:red" },
  by: { id: "key:red", name: "red", teams: ["red"], roles: [] },
  createdTime: time,
  requests: 3,
};

it.each<[string, OperationRecord, OperationRecord]>([
  ["it begins", record, { ...record, status: "Running", startTime: time }],
  ["a step is recorded, or it is resumed", record, { ...record, changedTime: "later", restarts: 1 }],
  [
    "everything is verified and only the end is not recorded",
    record,
    { ...record, committedTime: time, namespaceUid: "uid" },
  ],
  ["a reminder is sent", waiting, { ...waiting, approval: { ...approval, reminders: 3 } }],
])("is the same when %s", (_what, before, after) => {
  expect(etagOf(after)).toBe(etagOf(before));
});

it.each<[string, OperationRecord, OperationRecord]>([
  ["it is another operation for the same request", record, { ...record, id: "1eb066acc545eb-0000000000000000" }],
  ["approval is requested", { ...record, status: "Running" }, waiting],
  ["another request would be approved", waiting, { ...waiting, approval: { ...approval, requestHash: "other" } }],
  ["one of two approvers has approved", waiting, { ...waiting, approval: { ...approval, given } }],
  [
    "the second approver has approved",
    { ...waiting, approval: { ...approval, given } },
    decided("approved", "key:two"),
  ],
  ["it is rejected", waiting, decided("rejected", "key:two")],
  ["it is canceled", waiting, { ...waiting, cancel: { by: "key:red", time } }],
  ["it ends", record, { ...record, status: "Failed" }],
  ["it ends with another status", { ...record, status: "Failed" }, { ...record, status: "Succeeded" }],
  [
    "some of its undos have failed",
    { ...record, status: "Failed" },
    { ...record, status: "Failed", leftUndone: ["x"] },
  ],
])("differs when %s", (_what, before, after) => {
  expect(etagOf(after)).not.toBe(etagOf(before));
});

it("of a batch stays the same until it is canceled or ends, however many of its namespaces have ended", () => {
  const { startTime: _, ...later } = { ...batch, startTime: time, changedTime: "later" };

  expect(etagOf(later)).toBe(etagOf(batch));
  expect(etagOf({ ...batch, cancel: { by: "key:red", time } })).not.toBe(etagOf(batch));
  expect(etagOf({ ...batch, status: "Failed" })).not.toBe(etagOf(batch));
});

it.each<[OperationRecord | BatchRecord, string]>([
  [record, "(onboard aks-dev/team-a) is under way and waits for no approval."],
  [waiting, "(onboard aks-dev/team-a) waits for approval and has 0 of 2."],
  [{ ...waiting, approval: { ...approval, given } }, "(onboard aks-dev/team-a) waits for approval and has 1 of 2."],
  [decided("approved", "key:two"), `(onboard aks-dev/team-a) was approved by key:two at ${time}.`],
  [decided("timedOut"), `(onboard aks-dev/team-a) was not decided in time, at ${time}.`],
  [{ ...waiting, cancel: { by: "key:red", time } }, `was canceled by key:red at ${time}.`],
  [{ ...record, status: "Succeeded" }, "has ended: Succeeded."],
  [batch, "is a batch of 3 and runs."],
])("describes the state: %#", (now, expected) => {
  expect(currentOperation(now).state).toBe(`Operation ${now.id} ${expected}`);
});
