import { expect, it } from "vitest";
import type { StepAction } from "../../../src/domain/operation/operation.ts";
import { announcing } from "../../../src/resources/namespaceProfile/inBothPlaces.ts";

function listen() {
  const heard: StepAction[] = [];
  const step = { willDo: async (action: StepAction) => void heard.push(action) };
  return { heard, announced: announcing(step) };
}

it("announces what the step does in all, not only its last write", async () => {
  const { heard, announced } = listen();

  await announced.willDo("create");
  await announced.and("create").willDo("adopt");
  expect(heard).toEqual(["create", "create"]);
});

it("counts what an earlier attempt has made, which this one need not write", async () => {
  const { heard, announced } = listen();

  await announced.and("create").willDo("adopt");
  expect(heard).toEqual(["create"]);
});
