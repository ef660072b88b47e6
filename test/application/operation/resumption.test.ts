import { expect, it } from "vitest";
import { abandon, haveChanged, outcomeOf, resumptionOf } from "../../../src/application/operation/resumption.ts";
import { plannedSteps } from "../../../src/application/process/programs.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";

const requestFor = (database: string) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-a",
    databases: [{ server: "sql-dev", database, roles: ["reader"] }],
  });
const change: OperationRecord = {
  id: "1",
  kind: "change",
  cluster: "aks-dev",
  namespace: "team-a",
  status: "Running",
  request: requestFor("orders"),
  earlier: requestFor("messages"),
  requestedBy: "key:requester",
  createdTime: "2026-11-27T00:00:00Z",
  committedTime: "2026-11-27T00:00:05Z",
};
const step = (name: string, target: string, rest: Partial<StepRecord> = {}): StepRecord => ({
  name,
  target,
  status: "Succeeded",
  attempts: 1,
  startTime: "2026-11-27T00:00:01Z",
  ...rest,
});
const granted = step("grantDatabase", "sql-dev/orders");
const reason = { code: "REGISTRY_UNAVAILABLE", message: "no answer", fix: "Wait.", retryable: true };
const unproven = step("verify", "aks-dev/team-a", { status: "Failed", error: reason });
const undo = step("revokeDatabase", "sql-dev/orders");

it("keeps a committed change in place whose last step has no recorded end", () => {
  const left = resumptionOf(change, [granted, step("verify", "aks-dev/team-a", { status: "Running" })]);

  expect(left).toMatchObject({ isCommitted: true });
  expect(left).not.toHaveProperty("failure");
  expect(abandon(change, [granted], "Given up.")).toMatchObject({ leftBehind: true });
});

it("continues to undo a change whose undos have begun, even if it was committed", () => {
  const steps = [granted, unproven, undo];

  expect(resumptionOf(change, steps)).toMatchObject({
    isCommitted: false,
    failure: { step: "verify", code: "REGISTRY_UNAVAILABLE" },
  });
  const ended = { ...change, status: "Failed", endTime: "2026-11-27T00:00:09Z", error: reason } as const;
  expect(outcomeOf(ended, steps)).toMatchObject({ status: "Failed", leftBehind: false });
});

it("undoes in the next run what an earlier run may have scheduled last, but does not name it as left", () => {
  const { committedTime: _never, earlier: _none, ...rest } = change;
  const onboarding: OperationRecord = { ...rest, kind: "onboard" };
  const looked = step("preflight", "aks-dev/team-a");
  const prepared = step("ensureIdentity", identityName(onboarding));

  expect(resumptionOf(onboarding, [looked])?.undos).toEqual(["removeNamespace", "removeIdentity"]);
  expect(resumptionOf(onboarding, [looked, prepared])?.undos).toContain("revokeDatabase sql-dev/orders");
  expect(abandon(onboarding, [looked], "Given up.").leftUndone).toBeUndefined();
});

it("does not count a phase of a migration as complete whose undo has begun, though its last step came late and succeeded", () => {
  const steps = ofMigration("takeInventory", "applyServiceAccount", "federateIdentity");

  const left = resumptionOf(migrating, [...steps, step("unfederateIdentity", identityName(migrating))]);

  expect(left?.undos).toEqual(expect.arrayContaining(["removeServiceAccount", "unfederateIdentity"]));
  expect(left?.migration).toMatchObject({ undos: [], completed: "inventory" });
});

it("returns what a removal takes away that the last phase of a migration may have queued, and no sooner", () => {
  const undosOf = (...names: readonly string[]) => resumptionOf(migrating, ofMigration(...names))?.undos;

  expect(undosOf(...untilCutOver)).not.toContain("returnPodIdentity");
  expect(undosOf(...untilCutOver, "checkPods")).toContain("returnPodIdentity");
});

it.each([
  ["nothing has begun", [], false],
  ["a look has succeeded", [step("checkDependants", "aks-dev/team-a")], false],
  ["a look has failed", [step("preflight", "aks-dev/team-a", { status: "Failed" })], false],
  ["a removal has succeeded", [undo], true],
  ["a removal runs, or its process has died", [{ ...undo, status: "Running" as const }], true],
  ["a removal has failed, perhaps after its effect", [{ ...undo, status: "Failed" as const }], true],
  ["a removal came too late to do anything", [{ ...undo, status: "Canceled" as const }], false],
  ["a step has a name that only a later release knows", [step("polish", "aks-dev/team-a")], true],
])("knows whether an operation may have changed something: %s", (_what, steps, isChanged) => {
  expect(haveChanged(steps)).toBe(isChanged);
});

const migrating: OperationRecord = {
  ...change,
  kind: "migrate",
  request: OnboardingRequest.parse({ ...requestFor("messages"), identityMode: "podIdentity" }),
  migration: { until: "retire", serviceAccount: "app", selector: "team-a" },
};
const ofMigration = (...names: readonly string[]) =>
  plannedSteps({ kind: "migrate", request: migrating.request, migration: migrating.migration })
    .filter(({ name }) => names.includes(name))
    .map(({ name, target }) => step(name, target));
const untilCutOver = ["takeInventory", "applyServiceAccount", "federateIdentity", "verifySideBySide", "cutOver"];

it.each([
  ["after its inventory", untilCutOver.slice(0, 1), "inventory"],
  ["after it has cut over", untilCutOver, "inventory"],
  // The removal that follows may be queued, and come before the next run looks.
  ["when it has seen that no pod is left", [...untilCutOver, "checkPods"], "retire"],
  ["when it has removed what it leaves", [...untilCutOver, "checkPods", "removePodIdentity"], "retire"],
])("begins a migration again that broke off %s", (_what, names, from) => {
  expect(resumptionOf(migrating, ofMigration(...names))?.migration?.from).toBe(from);
});
