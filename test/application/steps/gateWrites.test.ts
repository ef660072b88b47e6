import { expect, it } from "vitest";
import { gateWrites } from "../../../src/application/steps/gateWrites.ts";
import { portEffects } from "../../../src/ports/effects.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";

/** Every call of every port, with what it does. */
const calls = Object.entries(portEffects).flatMap(([port, effects]) =>
  Object.entries(effects).map(([method, effect]) => [`${port}.${method}`, { port, method, effect }] as const),
);

it.each(calls)("gates %s if it writes", async (_name, { port, method, effect }) => {
  const { ports } = createFakeCloud();
  const reached: string[] = [];
  const original = { [method]: async () => void reached.push(method) };
  const closed = () => Promise.reject(new Error("canceled"));
  const gated = gateWrites({ ...ports, [port]: original }, closed);

  const call: unknown = Reflect.get(Reflect.get(gated, port), method);
  if (typeof call !== "function") throw new Error("no such call");
  await Promise.resolve(call()).catch(() => undefined);

  expect(reached).toEqual(effect === "reads" || effect === "notes" ? [method] : []);
});
