import { expect, it } from "vitest";
import { endedSteps } from "../../../src/application/operation/endedSteps.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const ended = {
  kind: "onboard",
  requestedBy: "requester",
  request,
  endTime: "2026-11-25T00:00:09Z",
  changedTime: "2026-11-25T00:00:10Z",
} as const;
const verify = { name: "verify", target: "aks-dev/team-a", changedTime: "2026-11-25T00:00:08Z" } as const;
const undo = { name: "removeIdentity", target: "mooring-aks-dev-team-a" } as const;

it("trusts the operation's outcome over a step's last status", () => {
  const steps = [
    { ...verify, status: "Failed" },
    { ...undo, status: "Failed" },
  ] as const;

  const [changed, kept] = endedSteps({ ...ended, status: "Succeeded" }, steps);

  expect(changed).toEqual({ ...verify, status: "Succeeded", endTime: ended.endTime, changedTime: ended.changedTime });
  expect(kept).toBe(steps[1]);
});

it("ends running steps the way the operation ended, and leaves ended ones alone", () => {
  const steps = [
    { ...verify, status: "Running" },
    { ...undo, status: "Succeeded" },
  ] as const;

  const found = endedSteps({ ...ended, status: "Canceled" }, steps);

  expect(found.map(({ status }) => status)).toEqual(["Canceled", "Succeeded"]);
});

it("takes an undo without an end for done, unless the operation names it as left", () => {
  const user = { name: "revokeDatabase", target: "sql-dev/messages", status: "Running" } as const;
  const identity = { name: "removeIdentity", target: identityName(request), status: "Running" } as const;
  const failed = { ...ended, status: "Failed", leftUndone: ["revokeDatabase sql-dev/messages"] } as const;
  const compensation = { ...failed, kind: "compensate", compensates: { undos: failed.leftUndone } } as const;
  const statuses = (operation: Parameters<typeof endedSteps>[0]) =>
    endedSteps(operation, [user, identity]).map(({ status }) => status);

  expect(statuses({ ...ended, status: "Canceled" })).toEqual(["Succeeded", "Succeeded"]);
  expect(statuses(failed)).toEqual(["Failed", "Succeeded"]);
  expect(statuses(compensation)).toEqual(["Failed", "Succeeded"]);
  expect(statuses({ ...ended, status: "Succeeded" })).toEqual(["Failed", "Failed"]);
});

it("leaves the steps of a running operation alone", () => {
  const steps = [{ ...verify, status: "Running" }] as const;
  expect(endedSteps({ ...ended, status: "Running" }, steps)).toEqual(steps);
});

it.each(["Running", "Canceled"] as const)(
  "marks a step that stopped for the cancellation as canceled, in an operation that is %s",
  (status) => {
    const met = { ...verify, status: "Failed", error: { code: "OPERATION_CANCELED" } } as const;
    const failed = { ...verify, target: "aks-dev/other", status: "Failed", error: { code: "SQL_FIREWALL" } } as const;

    const found = endedSteps({ ...ended, status }, [met, failed]);

    expect(found.map((step) => step.status)).toEqual(["Canceled", "Failed"]);
  },
);
