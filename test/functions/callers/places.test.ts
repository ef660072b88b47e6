import { expect, it } from "vitest";
import { createPlaces } from "../../../src/functions/callers/places.ts";

it("gives each caller its share and no more, and all of them together no more than there are", () => {
  const places = createPlaces({ perCaller: 2, inAll: 3 });

  const leave = places.take("a");
  expect(places.take("a")).toBeTypeOf("function");
  expect(places.take("a")).toBe("caller's");
  expect(places.take("b")).toBeTypeOf("function");
  expect(places.take("b")).toBe("everybody's");

  if (typeof leave === "string") throw new Error("the first has no place");
  leave();
  expect(places.take("b")).toBeTypeOf("function");
});

it("takes a place back once, however often it is given back", () => {
  const places = createPlaces({ perCaller: 1, inAll: 1 });
  const leave = places.take("a");
  if (typeof leave === "string") throw new Error("the first has no place");

  leave();
  leave();

  expect(places.take("b")).toBeTypeOf("function");
  expect(places.take("c")).toBe("everybody's");
});
