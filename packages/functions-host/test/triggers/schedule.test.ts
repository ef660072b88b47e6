import { expect, test } from "vitest";
import { parseSchedule } from "../../src/triggers/schedule.ts";
import { checkPastDue } from "../../src/triggers/scheduleStatus.ts";

const next = (text: string, after: string, options = {}) =>
  parseSchedule(text, options).next(new Date(after)).toISOString();

test.each([
  ["0 */5 * * * *", "2026-11-24T10:02:03Z", "2026-11-24T10:05:00.000Z"],
  ["30 0 9 * * Mon-Fri", "2026-11-27T09:00:30Z", "2026-11-30T09:00:30.000Z"],
  ["0 0 0 1 Jan *", "2026-11-24T10:00:00Z", "2027-01-01T00:00:00.000Z"],
  ["*/10 * * * * *", "2026-11-24T10:00:00.500Z", "2026-11-24T10:00:10.000Z"],
  ["15 8 * * *", "2026-11-24T10:00:00Z", "2026-11-25T08:15:00.000Z"],
  ["00:00:05", "2026-11-24T10:00:00Z", "2026-11-24T10:00:05.000Z"],
  ["1.06:00:00", "2026-11-24T10:00:00Z", "2026-11-25T16:00:00.000Z"],
])("%s after %s is %s", (text, after, expected) => {
  expect(next(text, after)).toBe(expected);
});

test("day of month and day of week must both match, as in NCRONTAB", () => {
  expect(next("0 0 0 13 * Fri", "2026-11-24T00:00:00Z")).toBe("2027-08-13T00:00:00.000Z");
});

test("reads the fields in the configured time zone", () => {
  expect(next("0 0 9 * * *", "2026-07-01T00:00:00Z", { timeZone: "Europe/Berlin" })).toBe("2026-07-01T07:00:00.000Z");
});

test.each(["", "tomorrow", "* * *", "0 0 L * * *", "0 0 0 * * 5#2", "99 * * * * *", "00:00:00", "0 0 0 31 2 *"])(
  'refuses "%s"',
  (text) => {
    expect(() => parseSchedule(text)).toThrow(/"/);
  },
);

test("detects schedules with less than a minute between runs", () => {
  expect(parseSchedule("*/30 * * * * *").isFrequent).toBe(true);
  expect(parseSchedule("0 * * * * *").isFrequent).toBe(false);
  expect(parseSchedule("0,1 0 0 * * *").isFrequent).toBe(true);
  expect(parseSchedule("00:00:59").isFrequent).toBe(true);
});

test("a run is past due only if it was missed under the current schedule", () => {
  const schedule = parseSchedule("0 0 * * * *");
  const last = new Date("2026-11-24T10:00:00Z");
  const stored = { last, lastUpdated: last, next: new Date("2026-11-24T11:00:00Z") };
  const check = (now: string, given = stored) => checkPastDue(given, { schedule, now: new Date(now) });

  expect(check("2026-11-24T10:30:00Z")).toEqual({ status: stored, isPastDue: false });
  expect(check("2026-11-24T11:30:00Z")).toEqual({ status: stored, isPastDue: true });
  const changed = { ...stored, next: new Date("2026-11-24T10:15:00Z") };
  expect(check("2026-11-24T11:30:00Z", changed)).toEqual({
    status: {
      last: undefined,
      next: new Date("2026-11-24T12:00:00Z"),
      lastUpdated: new Date("2026-11-24T11:30:00Z"),
    },
    isPastDue: false,
  });
});
