import { expect, it } from "vitest";
import { timedStep } from "../../../src/application/plan/estimatePlan.ts";
import { type Circumstances, estimate, type Range, type TimedStep } from "../../../src/domain/operation/estimate.ts";

const quiet: Circumstances = {
  durations: new Map(),
  operationsAhead: 0,
  identityWrites: { intervalSeconds: 0.5, waitSeconds: 0 },
  jobSeconds: 0,
  approvalMinutes: undefined,
};
const steps: readonly TimedStep[] = [
  timedStep("preflight", "none"),
  timedStep("ensureIdentity", "create"),
  timedStep("applyNamespace", "create"),
  timedStep("grantDatabase", "create"),
  timedStep("grantDatabase", "create"),
  timedStep("federateIdentity", "create"),
  timedStep("verify", "none"),
];
/** Every step takes as long as given here. */
const measured = (seconds: Readonly<Record<string, Range>>): Circumstances["durations"] =>
  new Map(Object.entries(seconds));
const all = measured({
  "preflight none": { least: 1, most: 2 },
  "ensureIdentity create": { least: 2, most: 4 },
  "applyNamespace create": { least: 1, most: 1 },
  "grantDatabase create": { least: 3, most: 6 },
  "federateIdentity create": { least: 1, most: 5 },
  "verify none": { least: 1, most: 2 },
});

it("adds the longest step of each stage, since the steps of a stage run in parallel", () => {
  expect(estimate(steps, { ...quiet, durations: all })).toMatchObject({
    least: 1 + 2 + 3 + 1,
    // Plus up to a second of the runtime for each of four stages.
    most: 2 + 4 + 6 + 2 + 4,
    measuredSteps: 7,
    assumedSteps: 0,
  });
});

it("does not grow with the number of databases, which are granted in parallel", () => {
  const more: TimedStep[] = Array.from({ length: 40 }, () => timedStep("grantDatabase", "create"));

  expect(estimate([...steps, ...more], quiet).most).toBe(estimate(steps, quiet).most);
});

it("adds up steps that run one after the other, as undos do", () => {
  const undos: TimedStep[] = [
    timedStep("revokeDatabase", "delete"),
    timedStep("revokeDatabase", "delete"),
    timedStep("removeServiceAccount", "delete"),
  ];
  const durations = measured({
    "revokeDatabase delete": { least: 2, most: 3 },
    "removeServiceAccount delete": { least: 1, most: 1 },
  });

  const { least, most, boundBy } = estimate(undos, { ...quiet, durations, isSerial: true });

  expect({ least, most }).toEqual({ least: 2 + 2 + 1, most: 3 + 3 + 1 + 3 });
  expect(boundBy).toEqual(["Steps in sequence: revoke database access, remove service account."]);
});

it("says when it only assumes durations that were never measured", () => {
  const { least, most, measuredSteps, assumedSteps } = estimate(steps, quiet);

  expect({ measuredSteps, assumedSteps }).toEqual({ measuredSteps: 0, assumedSteps: 7 });
  expect(least).toBeGreaterThan(0);
  expect(most).toBeGreaterThan(least);
});

it("waits for the identity writes of running operations, and names them when they take longest", () => {
  const busy = estimate(steps, { ...quiet, operationsAhead: 100 });

  expect(busy.most).toBe(estimate(steps, quiet).most + 100);
  expect(busy.boundBy[0]).toMatch(/^Identity writes: Azure takes 2 a second.*100 operation/);
  expect(estimate(steps, quiet).boundBy[0]).toMatch(/^The slowest steps:/);
});

it("does not wait for identity writes when it makes none", () => {
  const looks = steps.map((step) => ({ ...step, action: "none" as const }));

  expect(estimate(looks, { ...quiet, operationsAhead: 100 })).toEqual({
    ...estimate(looks, quiet),
    operationsAhead: 100,
  });
});

it("is never faster than its own writes may follow each other", () => {
  const slow = { ...quiet, durations: all, identityWrites: { intervalSeconds: 60, waitSeconds: 0 } };

  expect(estimate(steps, slow).least).toBe(60);
});

it("adds the time of the verification Job", () => {
  expect(estimate(steps, { ...quiet, jobSeconds: 120 }).most).toBe(estimate(steps, quiet).most + 120);
});

it("reports the approver's time separately from the seconds", () => {
  const { boundBy, approvalMinutes, most } = estimate(steps, { ...quiet, approvalMinutes: 90 });

  expect({ first: boundBy[0], approvalMinutes }).toEqual({
    first: "A person, who has 90 minutes to approve.",
    approvalMinutes: 90,
  });
  expect(most).toBe(estimate(steps, quiet).most);
});
