import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { launchable } from "../../src/orchestrations/launchable.ts";
import { registrations } from "../support/core.ts";

const orchestrations = join(import.meta.dirname, "../../src/orchestrations");

it("has every registered orchestration, but for the lanes, which only batches start", () => {
  const registered = [...registrations.functions.values()]
    .filter(({ metadata }) => Object.values(metadata.bindings).some(({ type }) => type === "orchestrationTrigger"))
    .map(({ metadata }) => metadata.name)
    // Other tests register some, too; ours have files of their names.
    .filter((name) => name !== "batchLane" && existsSync(join(orchestrations, `${name}.ts`)));

  expect(Object.keys(launchable).toSorted()).toEqual(registered.toSorted());
  expect(registered.length).toBeGreaterThan(8);
});
