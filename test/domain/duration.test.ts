import { expect, it } from "vitest";
import { addDuration, Duration } from "../../src/domain/duration.ts";

const at = (time: string, duration: string) => new Date(addDuration(Date.parse(time), duration)).toISOString();

it.each([
  ["2026-11-29T18:00:00.000Z", "P30D", "2026-12-29T18:00:00.000Z"],
  ["2026-11-29T18:00:00.000Z", "PT12H", "2026-11-30T06:00:00.000Z"],
  ["2026-11-29T18:00:00.000Z", "P1W", "2026-12-06T18:00:00.000Z"],
  ["2026-11-29T18:00:00.000Z", "P1Y2M3DT4H5M6S", "2028-02-01T22:05:06.000Z"],
  ["2027-01-31T00:00:00.000Z", "P1M", "2027-02-28T00:00:00.000Z"],
  ["2028-02-29T00:00:00.000Z", "P1Y", "2029-02-28T00:00:00.000Z"],
  ["2026-12-31T23:59:59.999Z", "P2M", "2027-02-28T23:59:59.999Z"],
])("adds to %s %s", (time, duration, sum) => {
  expect(at(time, duration)).toBe(sum);
});

it.each(["P1D", "P4W", "P100Y", "PT1S", "P1DT1H"])("takes %s", (text) => {
  expect(Duration.safeParse(text).success).toBe(true);
});

it.each([
  "",
  "P",
  "PT",
  "30D",
  "P-1D",
  "-P1D",
  "P1.5D",
  "P0D",
  "PT0S",
  "P101Y",
  "P999999Y",
  "1h",
  "P1DT",
  "p1d",
  "P1S",
])("refuses %j", (text) => {
  expect(Duration.safeParse(text).success).toBe(false);
});
