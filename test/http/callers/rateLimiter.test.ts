import { expect, it } from "vitest";
import { createRateLimiter } from "../../../src/http/callers/rateLimiter.ts";

it("allows a burst, then one request per interval, and says how long to wait", () => {
  let now = 0;
  const limiter = createRateLimiter({ requestsPerSecond: 0.5, burst: 2 }, { now: () => now });

  expect([limiter.consume("a"), limiter.consume("a"), limiter.consume("a")]).toEqual([undefined, undefined, 2]);
  expect(limiter.consume("b")).toBeUndefined();
  now = 1_000;
  expect(limiter.consume("a")).toBe(1);
  now = 2_000;
  expect([limiter.consume("a"), limiter.consume("a")]).toEqual([undefined, 2]);
  now = 1_000_000;
  expect([limiter.consume("a"), limiter.consume("a"), limiter.consume("a")]).toEqual([undefined, undefined, 2]);
});

it("takes several tokens for a costly request, but never more than a full bucket", () => {
  const limiter = createRateLimiter({ requestsPerSecond: 2, burst: 10 }, { now: () => 0 });

  expect(limiter.consume("a", 8)).toBeUndefined();
  expect(limiter.consume("a", 4)).toBe(1);
  expect(limiter.consume("a", 2)).toBeUndefined();
  expect(limiter.consume("b", 1_000)).toBeUndefined();
  expect(limiter.consume("b", 1_000)).toBe(5);
});

it("forgets idle callers, but none that is being limited", () => {
  let now = 0;
  const limiter = createRateLimiter({ requestsPerSecond: 1, burst: 1 }, { now: () => now });
  for (let index = 0; index < 10_000; index += 1) limiter.consume(`quiet-${index}`);
  now = 900;
  limiter.consume("greedy");

  expect(limiter.consume("greedy")).toBe(1);
  now = 1_000;
  limiter.consume("one more");
  expect(limiter.consume("greedy")).toBe(1);
});
