/** Until when a write without an answer may still take effect. */
import { expect, it } from "vitest";
import { findLanding, longestAttemptMs } from "../../../src/application/operation/landing.ts";

const undo = { name: "removeNamespace", target: "aks/team" } as const;
const startTime = "2026-11-29T00:00:00.000Z";
const step = {
  name: "applyNamespace",
  target: "aks/team",
  status: "Running",
  attempts: 1,
  isOpen: true,
  startTime,
} as const;
const landingMs = 60_000;

it("ends although an attempt never said how it ended, and its row not when it was changed", () => {
  const end = Date.parse(startTime) + longestAttemptMs + landingMs;

  expect(findLanding(undo, [step], { landingMs, now: end - 1 })?.until).toBe(new Date(end).toISOString());
  expect(findLanding(undo, [step], { landingMs, now: end })).toBeUndefined();
});
