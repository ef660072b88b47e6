import { expect, it } from "vitest";
import { createBodyLimit } from "../../../src/http/callers/bodyLimit.ts";

const open = (shares: { perCaller: number; inAll: number }) => createBodyLimit(shares, (whose) => new Error(whose));

it("gives each caller no more than its share", () => {
  const limit = open({ perCaller: 2, inAll: 10 });

  const first = limit.begin("a");
  limit.begin("a");
  expect(() => limit.begin("a")).toThrow("caller's");

  first.done();
  first.done();
  limit.begin("a");
  expect(() => limit.begin("a")).toThrow("caller's");
});

it("takes the place of the longest body from the caller with the most, for one with fewer", () => {
  const limit = open({ perCaller: 2, inAll: 3 });
  const small = limit.begin("b");
  const [oldest, newer] = [limit.begin("a"), limit.begin("a")];

  const third = limit.begin("c");

  expect(oldest.signal.reason).toEqual(new Error("everybody's"));
  expect([small, newer, third].map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
});

it("refuses a newcomer only when nobody has more than it would have", () => {
  const limit = open({ perCaller: 2, inAll: 2 });
  const bodies = [limit.begin("a"), limit.begin("b")];

  expect(() => limit.begin("c")).toThrow("everybody's");
  expect(() => limit.begin("a")).toThrow("everybody's");
  expect(bodies.map(({ signal }) => signal.aborted)).toEqual([false, false]);
});
