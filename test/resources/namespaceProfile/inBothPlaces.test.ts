/** What a step announces that writes in two places, when an earlier try has done the first and died. */
import { expect, it } from "vitest";
import type { StepAction } from "../../../src/domain/operation/operation.ts";
import { announcing } from "../../../src/resources/namespaceProfile/inBothPlaces.ts";

it.each([
  ["create", "create"],
  ["none", "adopt"],
] as const)("is with what it has found done (%s): %s", async (done, expected) => {
  const said: StepAction[] = [];
  const announced = announcing({ willDo: async (action) => void said.push(action) });

  // The audit trail has one entry for the whole step: the row must say the same to a try after this one.
  await announced.and(done).willDo("adopt", []);

  expect(said).toEqual([expected]);
});
