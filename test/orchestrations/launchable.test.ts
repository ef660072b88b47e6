import { expect, it } from "vitest";
import { launchable } from "../../src/orchestrations/launchable.ts";
import { registrations } from "../support/core.ts";

it("has every registered orchestration, but for the lanes, which only batches start", () => {
  const registered = [...registrations.functions.values()]
    .filter(({ metadata }) => Object.values(metadata.bindings).some(({ type }) => type === "orchestrationTrigger"))
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== "batchLane");

  expect(Object.keys(launchable).toSorted()).toEqual(registered.toSorted());
  expect(registered.length).toBeGreaterThan(8);
});
