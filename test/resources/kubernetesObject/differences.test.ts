import { expect, it } from "vitest";
import { changesBetween, compare, valuesBefore } from "../../../src/resources/kubernetesObject/differences.ts";

const object = (fields: object) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, ...fields });

it.each<[string, object, object, readonly string[]]>([
  ["what only the current one has", { data: { a: "1" } }, { data: { a: "1", b: "2" } }, []],
  ["a list with the same items", { list: ["x", { y: 1 }] }, { list: ["x", { y: 1 }] }, []],
  ["absent and zero", { immutable: false }, {}, []],
  ["another value", { data: { a: "1" } }, { data: { a: "2" } }, ["data.a"]],
  ["a string and the number that it spells", { data: { a: "1" } }, { data: { a: 1 } }, ["data.a"]],
  ["a list in another order", { list: ["x", "y"] }, { list: ["y", "x"] }, ["list"]],
  ["a value where an object should be", { data: { a: "1" } }, { data: "a" }, ["data.a"]],
])("compares %s", (_what, desired, current, fields) => {
  expect(compare(object(desired), object(current)).map(({ field }) => field)).toEqual(fields);
});

it("reports every change that a write made, but not what every write changes", () => {
  const before = object({ metadata: { name: "a", resourceVersion: "1", labels: { mine: "x" } }, data: { a: "1" } });
  const after = object({ metadata: { name: "a", resourceVersion: "2" }, data: { a: "1", b: "2" } });

  expect(changesBetween(before, after)).toEqual([
    { field: "metadata.labels.mine", current: "x", desired: null },
    { field: "data.b", current: null, desired: "2" },
  ]);
});

it("keeps the values that are overwritten, and none of those that are added", () => {
  expect(valuesBefore({ data: { a: "2", b: "3" }, spec: { c: 1 } }, { data: { a: "1", d: "4" } })).toEqual({
    data: { a: "1" },
  });
});
