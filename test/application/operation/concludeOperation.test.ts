/** How an offboarding and a take-over that did not succeed leave their namespace's record, by the rows of their steps. */
import { expect, it } from "vitest";
import { concludeOperation, type Ending } from "../../../src/application/operation/concludeOperation.ts";
import { operationOf } from "../../../src/domain/operation/lifecycle.ts";
import type { HeldRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { toOperationError } from "../../../src/domain/operation/plan.ts";
import type { StepRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const requestFor = (database: string) =>
  OnboardingRequest.parse({ ...namespaceRef, databases: [{ server: "sql-dev", database, roles: ["reader"] }] });
const before = { operation: "old", requestedBy: "key:requester", acceptedTime: "2026-11-28T00:00:00Z" };
const held = {
  ...{ ...namespaceRef, ...before, operation: "1", team: "red", request: requestFor("messages"), requestHash: "hash" },
};
const offboarding: HeldRecord = {
  ...{ ...held, state: "Offboarding" },
  offboarding: { ignoreDependants: false, before: { ...before, state: "Onboarded" } },
};
const takeOver: HeldRecord = {
  ...{ ...held, state: "Changing", takenBy: "blue", request: requestFor("orders"), earlier: requestFor("messages") },
  previous: { ...held, ...before, state: "Onboarded" },
};
const step = (name: string, target: string, rest: Partial<StepRecord> = {}): StepRecord => ({
  ...{ name, target, status: "Succeeded", attempts: 1, startTime: "2026-11-29T00:00:00Z", isOpen: false },
  ...rest,
});
const looked = step("checkDependants", "aks-dev/team-a", { action: "none" });
const removal = (rest: Partial<StepRecord> = {}) => step("revokeDatabase", "sql-dev/messages", rest);
const retirement = (rest: Partial<StepRecord> = {}) => step("retireDatabase", "sql-dev/messages", rest);

type Row = readonly [
  what: string,
  record: HeldRecord,
  steps: readonly StepRecord[],
  isUntouched: boolean,
  state: "Onboarded" | "Incomplete",
];

const rows: readonly Row[] = [
  ["an offboarding that only looked", offboarding, [looked], true, "Onboarded"],
  ["an offboarding that began to remove", offboarding, [looked], false, "Incomplete"],
  ["one whose last run only looked, while an earlier one's removal came", offboarding, [removal()], true, "Incomplete"],
  ["one whose earlier run's removal died", offboarding, [removal({ status: "Running" })], true, "Incomplete"],
  ["one whose earlier run's removal came too late", offboarding, [removal({ status: "Canceled" })], true, "Onboarded"],
  ["a take-over that took nothing away", takeOver, [], false, "Onboarded"],
  ["a take-over that found nothing to take away", takeOver, [retirement({ action: "none" })], false, "Onboarded"],
  ["a take-over that took something away", takeOver, [retirement({ action: "delete" })], false, "Incomplete"],
  ["a take-over that may have", takeOver, [retirement({ status: "Failed" })], false, "Incomplete"],
];

it.each(rows)("%s: its namespace", async (_what, record, steps, isUntouched, state) => {
  const cloud = createFakeCloud();
  const { kind, request, id: operation, requestedBy } = operationOf(record);
  await cloud.ports.registry.insertNamespace(record);
  await cloud.ports.registry.insertOperation({ ...operationOf(record), status: "Running" });
  for (const each of steps) cloud.steps.set(`1 ${each.name} ${each.target}`, each);
  const error = toOperationError("SQL_UNAVAILABLE", "No answer.");
  const ending: Ending = {
    ...{ operation, ...namespaceRef, requestedBy, kind, request },
    ...{ status: "Failed", leftBehind: false, isUntouched, error },
  };

  await concludeOperation(cloud.ports, ending);
  // A second run of the last activity changes nothing.
  await concludeOperation(cloud.ports, ending);

  expect(cloud.operations.get("1")).toMatchObject({ status: "Failed", error: { code: "SQL_UNAVAILABLE" } });
  expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({ state, ...(state === "Onboarded" ? before : {}) });
});

it("fails, and names what is there, when the row of its namespace was lost while it ran", async () => {
  const cloud = createFakeCloud();
  const onboarding: HeldRecord = { ...held, state: "Onboarding" };
  const { kind, request, id: operation, requestedBy } = operationOf(onboarding);
  await cloud.ports.registry.insertOperation({ ...operationOf(onboarding), status: "Running" });
  const made = [step("ensureIdentity", "id-1", { action: "create" }), step("preflight", "aks-dev/team-a")];
  const found = step("grantDatabase", "sql-dev/messages", { action: "none" });
  for (const each of [...made, found]) cloud.steps.set(`1 ${each.name} ${each.target}`, each);

  await concludeOperation(cloud.ports, {
    ...{ operation, ...namespaceRef, requestedBy, kind, request },
    ...{ status: "Succeeded", leftBehind: false },
  });

  expect(cloud.operations.get("1")).toMatchObject({
    status: "Failed",
    error: {
      code: "RECORD_LOST",
      message: expect.stringContaining("set up identity id-1, grant database access sql-dev/messages"),
    },
  });
  expect(cloud.audit.at(-1)).toMatchObject({ action: "ended", outcome: "Failed", code: "RECORD_LOST" });
});
