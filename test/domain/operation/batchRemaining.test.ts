import { expect, it } from "vitest";
import { estimateRemaining } from "../../../src/domain/operation/batchRemaining.ts";
import type { BatchItem } from "../../../src/domain/operation/records.ts";

const start = Date.parse("2026-11-24T00:00:00.000Z");
const at = (seconds: number) => new Date(start + seconds * 1_000).toISOString();
const item = (index: number, more: Partial<BatchItem>): BatchItem => ({
  index,
  cluster: "aks-dev",
  namespace: `team-${index}`,
  status: "NotStarted",
  ...more,
});
/** Two lanes, four seconds each: one ends every two seconds. */
const done = (count: number): BatchItem[] =>
  Array.from({ length: count }, (_, index) =>
    item(index, {
      status: "Succeeded",
      claim: `own-${index}`,
      operation: `own-${index}`,
      startTime: at(index * 2 - 2),
      endTime: at(index * 2 + 2),
    }),
  );
const waiting = (count: number) => Array.from({ length: count }, (_, index) => item(500 + index, {}));
const running = { status: "Running" } as const;

it("uses the batch's own pace, and adds the time in which the last items finish", () => {
  const items = [...done(11), ...waiting(30)];

  expect(estimateRemaining(running, items, start + 22_000)).toEqual({ seconds: 30 * 2 + 4, namespaces: 30 });
});

it("gets longer while nothing ends", () => {
  const items = [...done(11), ...waiting(30)];

  expect(estimateRemaining(running, items, start + 222_000)?.seconds).toBe(30 * 22 + 4);
});

it("returns no estimate when there is nothing to base it on", () => {
  const now = start + 22_000;

  expect(estimateRemaining(running, [...done(9), ...waiting(30)], now)).toBeUndefined();
  expect(estimateRemaining(running, done(11), now)).toBeUndefined();
  expect(estimateRemaining({ status: "Succeeded" }, [...done(11), ...waiting(1)], now)).toBeUndefined();
  const cancel = { by: "somebody", time: at(20) };
  expect(estimateRemaining({ ...running, cancel }, [...done(11), ...waiting(30)], now)).toBeUndefined();
});

it("leaves items that took no lane time out of the pace", () => {
  const refused = done(40).map((each) => ({ ...each, status: "Failed" as const, operation: undefined }));
  const others = done(40).map((each) => ({ ...each, operation: "somebody's" }));

  expect(
    estimateRemaining(running, [...refused, ...others, ...waiting(30)] as BatchItem[], start + 22_000),
  ).toBeUndefined();
});
