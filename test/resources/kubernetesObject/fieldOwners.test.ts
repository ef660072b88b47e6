import { expect, it } from "vitest";
import { replaceable } from "../../../src/resources/kubernetesObject/fieldOwners.ts";

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
