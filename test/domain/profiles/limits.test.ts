import { expect, it } from "vitest";
import { Limits, limitItems } from "../../../src/domain/profiles/limits.ts";

it("writes what an API server would fill in", () => {
  const limits = Limits.parse({ container: { max: { cpu: 2, memory: "1Gi" }, min: { cpu: "50m" } } });

  expect(limitItems(limits)).toEqual([
    {
      type: "Container",
      max: { cpu: "2", memory: "1Gi" },
      min: { cpu: "50m" },
      default: { cpu: "2", memory: "1Gi" },
      defaultRequest: { cpu: "2", memory: "1Gi" },
    },
  ]);
});

it("takes the smallest standard from min where nothing else says one", () => {
  const limits = Limits.parse({ container: { min: { cpu: "50m" } }, pod: { max: { memory: "4096Mi" } } });

  expect(limitItems(limits)).toEqual([
    { type: "Container", min: { cpu: "50m" }, defaultRequest: { cpu: "50m" } },
    { type: "Pod", max: { memory: "4Gi" } },
  ]);
});

it.each([
  [{ container: { max: { cpu: 1 }, default: { cpu: 2 } } }, "container.max.cpu is less than default, 2"],
  [
    { container: { min: { cpu: 1 }, defaultRequest: { cpu: "500m" } } },
    "container.defaultRequest.cpu is less than min, 1",
  ],
  [{ pod: { min: { memory: "2Gi" }, max: { memory: "1024Mi" } } }, "pod.max.memory is less than min, 2Gi"],
  [{}, " must limit container or pod"],
])("refuses %j", (given, expected) => {
  const { error } = Limits.safeParse(given);
  expect(error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`)).toEqual([expected]);
});
