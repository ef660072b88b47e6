import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { launchable } from "../../src/orchestrations/launchable.ts";
import { registrations } from "../support/core.ts";

const folder = join(import.meta.dirname, "../../src/orchestrations");
const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));

it("has every registered orchestration, but for the lanes, which only batches start", () => {
  const registered = [...registrations.functions.values()]
    .filter(({ metadata }) => Object.values(metadata.bindings).some(({ type }) => type === "orchestrationTrigger"))
    .map(({ metadata }) => metadata.name)
    // Other tests register some, too; ours are named in the folder.
    .filter((name) => name !== "batchLane" && sources.some((source) => source.includes(`"${name}"`)));

  expect(Object.keys(launchable).toSorted()).toEqual(registered.toSorted());
  expect(registered.length).toBeGreaterThan(8);
});
