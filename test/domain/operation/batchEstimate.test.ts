import { expect, it } from "vitest";
import { timedStep } from "../../../src/application/plan/estimatePlan.ts";
import { type BatchCircumstances, estimateBatch, type TimedItem } from "../../../src/domain/operation/batchEstimate.ts";

/** Ten seconds of work, and one identity write. */
const item: TimedItem = {
  steps: [timedStep("ensureIdentity", "create"), timedStep("verify", "none")],
  subscription: "s1",
  jobSeconds: 0,
};
const exactly = (seconds: number) => ({ least: seconds, most: seconds, usual: seconds });
const quiet: BatchCircumstances = {
  durations: new Map([
    ["ensureIdentity create", exactly(6)],
    ["verify none", exactly(4)],
  ]),
  betweenStages: exactly(0),
  operationsAhead: 0,
  lanes: 10,
  seenAtOnce: 10,
  identityWrites: () => ({ intervalSeconds: 0, waitSeconds: 0 }),
  leftOut: { blocked: 0, refused: 0, notPlanned: 0, awaitingApproval: 0 },
  approvalMinutes: undefined,
};
const many = (count: number, each = item) => Array.from({ length: count }, () => each);
const rangeOf = ({ least, most }: { least: number; most: number }) => ({ least, most });

it("takes as many rounds as its lanes need for all items", () => {
  expect(rangeOf(estimateBatch(many(100), quiet))).toEqual({ least: 100, most: 100 });
  expect(rangeOf(estimateBatch(many(101), quiet))).toEqual({ least: 110, most: 110 });
  expect(rangeOf(estimateBatch(many(3), quiet))).toEqual({ least: 10, most: 10 });
  expect(rangeOf(estimateBatch(many(100), { ...quiet, lanes: 1 }))).toEqual({ least: 1_000, most: 1_000 });
});

it("lets one slow namespace hold up its own lane only", () => {
  const slow = { ...item, jobSeconds: 60 };
  const unmeasured = { ...quiet, durations: new Map([["ensureIdentity create", exactly(6)]]) };

  // Verification is assumed to take at least half a second, and at most 10, or 70 with a Job.
  const { most } = estimateBatch([slow, ...many(18)], { ...unmeasured, lanes: 2 });

  // The other lane takes eleven meanwhile, and the two share the rest.
  expect(most).toBe(76 + 7 * 16);
});

it("counts the time between stages and between a lane's items", () => {
  expect(rangeOf(estimateBatch(many(20), { ...quiet, betweenStages: exactly(1) }))).toEqual({
    least: 2 * (10 + 2 + 1),
    most: 2 * (10 + 2 + 1),
  });
});

it("is limited by Azure's rate of identity writes in a subscription, however many lanes there are", () => {
  const limited = {
    ...quiet,
    lanes: 100,
    seenAtOnce: 100,
    identityWrites: () => ({ intervalSeconds: 0.5, waitSeconds: 0 }),
  };

  const one = estimateBatch(many(1_001), limited);
  const two = estimateBatch([...many(501), ...many(500, { ...item, subscription: "s2" })], limited);

  expect(one.least).toBe(500);
  expect(one.boundBy[0]).toMatch(/^Identity writes: Azure takes 2 a second.* 1001/);
  // Each subscription has its own limit.
  expect(two.least).toBe(250);
});

it("waits at most for the identity writes of everything that runs now", () => {
  const limited = { ...quiet, identityWrites: () => ({ intervalSeconds: 0.5, waitSeconds: 3 }) };

  expect(rangeOf(estimateBatch(many(10), limited))).toEqual({ least: 10, most: 13 });
  expect(rangeOf(estimateBatch(many(10), { ...limited, operationsAhead: 40 }))).toEqual({ least: 10, most: 50 });
});

it("assumes in the worst case no more parallel operations than were seen lately, and says so", () => {
  const { least, most, boundBy } = estimateBatch(many(100), { ...quiet, seenAtOnce: 1 });

  expect({ least, most }).toEqual({ least: 100, most: 1_000 });
  expect(boundBy.at(-1)).toMatch(/^Recently, no more than 1 operation/);
  expect(rangeOf(estimateBatch(many(100), { ...quiet, seenAtOnce: undefined })).most).toBe(100);
});

it("narrows the range of a sum of measured durations, but not of assumed ones", () => {
  const uneven = { least: 2, most: 14, usual: 6 };
  const measured = { ...quiet, durations: new Map([...quiet.durations, ["ensureIdentity create", uneven]]) };
  const assumed = {
    ...quiet,
    durations: new Map([...quiet.durations, ["ensureIdentity create", { least: 2, most: 14 }]]),
  };

  // Sixteen in each lane: a quarter of the distance from the mean.
  expect(rangeOf(estimateBatch(many(160), measured))).toEqual({ least: 16 * (5 + 4), most: 16 * (8 + 4) });
  expect(rangeOf(estimateBatch(many(160), assumed))).toEqual({ least: 16 * (2 + 4), most: 16 * (14 + 4) });
});

it("counts no time for unchanged namespaces, and lists what it leaves out by reason", () => {
  const leftOut = { blocked: 1, refused: 2, notPlanned: 3, awaitingApproval: 4 };
  const nothing = { ...item, steps: [] };

  const estimate = estimateBatch([...many(10), ...many(50, nothing)], { ...quiet, leftOut, approvalMinutes: 90 });

  expect(estimate).toMatchObject({ least: 10, most: 10, namespaces: 60, lanes: 10, leftOut, approvalMinutes: 90 });
  expect(estimate.boundBy[0]).toBe("A person, who has 90 minutes to approve.");
  expect(estimate).toMatchObject({ measuredSteps: 20, assumedSteps: 0 });
  expect(rangeOf(estimateBatch([nothing], quiet))).toEqual({ least: 0, most: 0 });
  expect(rangeOf(estimateBatch([], quiet))).toEqual({ least: 0, most: 0 });
});
