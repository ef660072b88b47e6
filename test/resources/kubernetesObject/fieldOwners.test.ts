import { expect, it } from "vitest";
import { replaceable, surplusFields } from "../../../src/resources/kubernetesObject/fieldOwners.ts";

const clientId = "azure.workload.identity/client-id";
const replaced = { metadata: { annotations: { [clientId]: "hand", other: "theirs" } }, secrets: ["old"] };
const owning = (...annotations: string[]) => ({
  "f:metadata": { "f:annotations": Object.fromEntries(annotations.map((name) => [`f:${name}`, {}])) },
});

function replaceableIn(...managedFields: { manager: string; operation: string; fieldsV1: Record<string, unknown> }[]) {
  const metadata = { name: "app", managedFields };
  return replaceable(replaced, { apiVersion: "v1", kind: "ServiceAccount", metadata });
}

it("restores what only Mooring has set", () => {
  const fieldsV1 = { ...owning(clientId, "other"), "f:secrets": {} };

  expect(replaceableIn({ manager: "mooring", operation: "Apply", fieldsV1 })).toEqual(replaced);
});

it.each([
  ["applied", "team", "Apply"],
  ["edited", "kubectl-edit", "Update"],
  ["edited in Mooring's name", "mooring", "Update"],
])("leaves a field that somebody has %s since", (_how, manager, operation) => {
  const own = { manager: "mooring", operation: "Apply", fieldsV1: owning("other") };

  expect(replaceableIn(own, { manager, operation, fieldsV1: owning(clientId) })).toEqual({
    metadata: { annotations: { other: "theirs" } },
  });
});

it("leaves a field that another manager sets to Mooring's value", () => {
  const own = { manager: "mooring", operation: "Apply", fieldsV1: owning(clientId) };

  expect(replaceableIn(own, { manager: "team", operation: "Apply", fieldsV1: owning(clientId) })).toEqual({});
});

it("restores nothing when no field owners are known", () => {
  expect(replaceableIn()).toEqual({});
});

const withData = (data: object, ...managedFields: { manager: string; operation: string; keys: string[] }[]) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: "settings",
    managedFields: managedFields.map(({ keys, ...by }) => ({
      ...by,
      fieldsV1: { "f:data": Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
    })),
  },
  data,
});
const mooring = (...keys: string[]) => ({ manager: "mooring", operation: "Apply", keys });

it("finds the fields that Mooring set and no longer wants, and leaves those of others", () => {
  const team = { manager: "team", operation: "Update", keys: ["theirs", "shared"] };
  const current = withData({ kept: "1", gone: "2", theirs: "3", shared: "4" }, mooring("kept", "gone", "shared"), team);

  expect(surplusFields(withData({ kept: "1" }), current)).toEqual([
    { field: "data.gone", current: "2", desired: null },
  ]);
});

it("restores a field that Mooring's own write removed, and none that somebody else removed", () => {
  const before = { data: { kept: "1", gone: "2" } };
  const written = withData({ kept: "1" });

  expect(replaceable(before, withData({ kept: "1" }, mooring("kept")), written)).toEqual(before);
  expect(replaceable(before, withData({}), written)).toEqual({ data: { gone: "2" } });
  expect(replaceable(before, withData({ kept: "1" }, mooring("kept")))).toEqual({ data: { kept: "1" } });
});
