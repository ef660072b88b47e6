import { expect, it } from "vitest";
import { fingerprintOf, judge } from "../../../src/domain/http/idempotency.ts";

const claimed = Date.parse("2026-11-24T00:00:00.000Z");
const record = { caller: "anna", key: "k", fingerprint: "f", claimedTime: new Date(claimed).toISOString() };
const answered = { ...record, answer: { status: 202, headers: {}, body: "{}" } };
const [second, hour] = [1_000, 3_600_000];

it.each([
  ["inProgress", record, "f", 59 * second],
  ["expired", record, "f", 61 * second],
  // Claimed by a clock that is ahead: a little, or so much that nobody could wait for it.
  ["inProgress", record, "f", -60 * second],
  ["expired", record, "f", -2 * hour],
  ["answered", answered, "f", -2 * hour],
  ["answered", answered, "f", 23 * hour],
  ["expired", answered, "f", 25 * hour],
  ["reused", answered, "g", 23 * hour],
  ["reused", record, "g", 61 * second],
  ["expired", answered, "g", 25 * hour],
] as const)("judges %s", (judgement, found, fingerprint, age) => {
  expect(judge(found, fingerprint, claimed + age)).toBe(judgement);
});

it("distinguishes requests by method, path and body, but not by the order of fields", () => {
  const base = { method: "POST", path: "/api/onboardings", body: { a: 1, b: [1, 2] } };

  expect(fingerprintOf({ ...base, body: { b: [1, 2], a: 1 } })).toBe(fingerprintOf(base));
  for (const change of [{ method: "PUT" }, { path: "/api/x" }, { body: { a: 1, b: [2, 1] } }, { body: null }]) {
    expect(fingerprintOf({ ...base, ...change })).not.toBe(fingerprintOf(base));
  }
});
