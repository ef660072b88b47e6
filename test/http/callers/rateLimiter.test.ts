import { expect, it } from "vitest";
import { createRateLimiter } from "../../../src/http/callers/rateLimiter.ts";

it("allows a burst, then one request per interval, and says how long to wait", () => {
  let now = 0;
  const limiter = createRateLimiter({ requestsPerSecond: 0.5, burst: 2 }, { now: () => now });

  expect([limiter.take("a"), limiter.take("a"), limiter.take("a")]).toEqual([undefined, undefined, 2]);
  expect(limiter.take("b")).toBeUndefined();
  now = 1_000;
  expect(limiter.take("a")).toBe(1);
  now = 2_000;
  expect([limiter.take("a"), limiter.take("a")]).toEqual([undefined, 2]);
  now = 1_000_000;
  expect([limiter.take("a"), limiter.take("a"), limiter.take("a")]).toEqual([undefined, undefined, 2]);
});

it("takes several tokens for a costly request, but never more than a full bucket", () => {
  const limiter = createRateLimiter({ requestsPerSecond: 2, burst: 10 }, { now: () => 0 });

  expect(limiter.take("a", 8)).toBeUndefined();
  expect(limiter.take("a", 4)).toBe(1);
  expect(limiter.take("a", 2)).toBeUndefined();
  expect(limiter.take("b", 1_000)).toBeUndefined();
  expect(limiter.take("b", 1_000)).toBe(5);
});

it("forgets idle callers, but none that is being limited", () => {
  let now = 0;
  const limiter = createRateLimiter({ requestsPerSecond: 1, burst: 1 }, { now: () => now });
  for (let index = 0; index < 10_000; index += 1) limiter.take(`quiet-${index}`);
  now = 900;
  limiter.take("greedy");

  expect(limiter.take("greedy")).toBe(1);
  now = 1_000;
  limiter.take("one more");
  expect(limiter.take("greedy")).toBe(1);
});
