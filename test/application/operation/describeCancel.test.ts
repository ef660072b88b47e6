/** What a canceled operation says of itself, by its kind and the rows of its steps. */
import { expect, it } from "vitest";
import { describeCancel } from "../../../src/application/operation/describeCancel.ts";
import { toOperationError } from "../../../src/domain/operation/plan.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const record = (kind: OperationRecord["kind"]): OperationRecord => ({
  ...{ id: "1", kind, cluster: "aks-dev", namespace: "team-a", status: "Running", request },
  ...{ requestedBy: "key:requester", createdTime: "2026-11-29T00:00:00Z" },
  cancel: { by: "key:approver", time: "2026-11-29T00:00:01Z", comment: "not now" },
});
const step = (name: string, target: string, rest: Partial<StepRecord> = {}): StepRecord => ({
  ...{ name, target, status: "Succeeded", attempts: 1, startTime: "2026-11-29T00:00:00Z" },
  ...rest,
});
const messages = "sql-dev/messages";
const looked = step("checkDependants", "aks-dev/team-a", { action: "none" });
const revoked = step("revokeDatabase", messages, { action: "delete" });
const granted = step("grantDatabase", messages, { action: "create" });

type Ending = Parameters<typeof describeCancel>[1];
type Row = readonly [
  what: string,
  kind: OperationRecord["kind"],
  steps: readonly StepRecord[],
  says: string,
  ending: Ending,
];

const rows: readonly Row[] = [
  ["an onboarding that had made nothing", "onboard", [], "There was nothing to undo.", {}],
  ["an onboarding that was undone", "onboard", [granted, revoked], `Undone: revoke database access ${messages}.`, {}],
  [
    "a change that had taken something away",
    "change",
    [step("retireDatabase", messages, { action: "delete" })],
    `Taken away and not given back: revoke database access ${messages}.`,
    {},
  ],
  ["a repair that had changed nothing", "repair", [], "Nothing had been changed.", {}],
  [
    "a repair that had changed something",
    "repair",
    [granted],
    `Repaired by then, and kept: grant database access ${messages}.`,
    {},
  ],
  [
    "an offboarding that had only looked",
    "offboard",
    [looked],
    "Nothing had been removed. The namespace is as it was.",
    { isUntouched: true },
  ],
  [
    "an offboarding whose last run had only looked, and an earlier one removed something",
    "offboard",
    [looked, revoked],
    `Removed by then, and not restored: revoke database access ${messages}. The namespace is Incomplete;`,
    { isUntouched: true },
  ],
  [
    "an offboarding whose last run had only looked, and a removal of an earlier one has not ended",
    "offboard",
    [looked, step("revokeDatabase", messages, { status: "Running" })],
    "Nothing had been removed. The namespace is Incomplete;",
    { isUntouched: true },
  ],
  [
    "an offboarding whose removal came too late to do anything",
    "offboard",
    [looked, step("revokeDatabase", messages, { status: "Canceled" })],
    "Nothing had been removed. The namespace is as it was.",
    { isUntouched: true },
  ],
  ["an offboarding that had begun", "offboard", [looked], "The namespace is Incomplete;", { isUntouched: false }],
  [
    "an operation that had failed by then",
    "onboard",
    [],
    "There was nothing to undo. It had failed by then: It may not.",
    { error: toOperationError("KUBERNETES_FORBIDDEN", "It may not.") },
  ],
];

it.each(rows)("%s", (_what, kind, steps, says, ending) => {
  const { code, message } = describeCancel(record(kind), ending, steps);

  expect(code).toBe("OPERATION_CANCELED");
  expect(message).toContain(`Canceled by key:approver: not now. `);
  expect(message).toContain(says);
});
