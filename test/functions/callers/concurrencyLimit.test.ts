import { expect, it } from "vitest";
import { createConcurrencyLimit } from "../../../src/functions/callers/concurrencyLimit.ts";

it("gives each caller its share and no more, and all of them together no more than there are", () => {
  const limit = createConcurrencyLimit({ perCaller: 2, inAll: 3 });

  const leave = limit.take("a");
  expect(limit.take("a")).toBeTypeOf("function");
  expect(limit.take("a")).toBe("caller's");
  expect(limit.take("b")).toBeTypeOf("function");
  expect(limit.take("b")).toBe("everybody's");

  if (typeof leave === "string") throw new Error("the first has no place");
  leave();
  expect(limit.take("b")).toBeTypeOf("function");
});

it("takes a place back once, however often it is given back", () => {
  const limit = createConcurrencyLimit({ perCaller: 1, inAll: 1 });
  const leave = limit.take("a");
  if (typeof leave === "string") throw new Error("the first has no place");

  leave();
  leave();

  expect(limit.take("b")).toBeTypeOf("function");
  expect(limit.take("c")).toBe("everybody's");
});
