import { expect, it } from "vitest";
import { hasPassed } from "../../src/domain/hasPassed.ts";

const now = Date.parse("2026-11-29T12:00:00Z");
const minute = 60_000;

it.each([
  ["less time has passed", -9, false],
  ["exactly that much has passed", -10, true],
  ["another machine's clock is a little ahead", 5, false],
  ["the clock that wrote it was wrong, or this one was set back", 6, true],
  ["it was set back by three days", 72 * 60, true],
])("when %s", (_when, minutes, expected) => {
  expect(hasPassed(now + minutes * minute, 10 * minute, now)).toBe(expected);
});
