import { expect, it } from "vitest";
import { createConcurrencyLimit } from "../../../src/http/callers/concurrencyLimit.ts";

it("gives each caller no more than its share, and all callers together no more than the total", () => {
  const limit = createConcurrencyLimit({ perCaller: 2, inAll: 3 });

  const leave = limit.acquire("a");
  expect(limit.acquire("a")).toBeTypeOf("function");
  expect(limit.acquire("a")).toBe("caller's");
  expect(limit.acquire("b")).toBeTypeOf("function");
  expect(limit.acquire("b")).toBe("everybody's");

  if (typeof leave === "string") throw new Error("the first caller got no slot");
  leave();
  expect(limit.acquire("b")).toBeTypeOf("function");
});

it("releases a slot once, however often it is returned", () => {
  const limit = createConcurrencyLimit({ perCaller: 1, inAll: 1 });
  const leave = limit.acquire("a");
  if (typeof leave === "string") throw new Error("the first caller got no slot");

  leave();
  leave();

  expect(limit.acquire("b")).toBeTypeOf("function");
  expect(limit.acquire("c")).toBe("everybody's");
});
