import { expect, it } from "vitest";
import { unhindered } from "../../support/models/calls.ts";
import { createTables, type Rows } from "../../support/models/tables.ts";

const row = {
  cluster: "aks-dev",
  namespace: "team-a",
  operation: "op-1",
  request: {
    cluster: "aks-dev",
    namespace: "team-a",
    identityMode: "workloadIdentity",
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    serviceAccount: "app",
    adoptionPolicy: "IfIdentical",
    deletePolicy: "Delete",
  },
  requestHash: "hash",
  requestedBy: "somebody",
  acceptedTime: "2026-11-24T00:00:00.000Z",
};
const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };

/** A registry whose table has these rows, no matter which release wrote them. */
function registryOf(...written: readonly { readonly namespace: string; readonly [field: string]: unknown }[]) {
  const table: Rows = new Map(
    written.map((record, index) => [
      `aks-dev\n${record.namespace}`,
      { partition: "aks-dev", etag: `${index}`, record },
    ]),
  );
  return createTables(new Map([["MooringNamespaces", table]]), unhindered).registry;
}

it.each([
  ["a change without an earlier request", { state: "Changing" }, /earlier: .*previous: /],
  [
    "a migration without its details",
    { state: "Migrating", clientId: "5f1a7a1e-0000-4000-8000-000000000001" },
    /migration: /,
  ],
  ["a migration without an identity", { state: "Migrating" }, /clientId: /],
  ["a compensation without its undos", { state: "Compensating" }, /compensates: /],
  ["an offboarding without its details", { state: "Offboarding" }, /offboarding: /],
  ["an unknown state", { state: "Onboard" }, /state: /],
  ["no request", { state: "Onboarded", request: undefined }, /request: /],
])("names the row of %s, and what it lacks", async (_title, changes, lacks) => {
  const reading = registryOf({ ...row, ...changes }).getNamespace(namespaceRef);

  await expect(reading).rejects.toThrow(
    'Row "aks-dev/team-a" of MooringNamespaces cannot be read: it is not a record of a namespace',
  );
  await expect(reading).rejects.toThrow(lacks);
});

it("skips a row that it cannot read, so that a timer goes on with the others, and counts it once", async () => {
  const other = { ...row, namespace: "team-b" };
  const registry = registryOf({ ...row, state: "Changing" }, { ...other, state: "Onboarding" });

  for (let tick = 0; tick < 3; tick += 1) {
    expect(await registry.heldNamespaces()).toEqual([{ ...other, state: "Onboarding", etag: "1" }]);
  }

  expect(await registry.countUnreadable()).toBe(1);
});

it("drops the fields that the record's state cannot have", async () => {
  const before = { state: "Onboarded", operation: "op-0", requestedBy: "somebody", acceptedTime: row.acceptedTime };
  const registry = registryOf({ ...row, state: "Repairing", offboarding: { ignoreDependants: false, before } });

  expect(await registry.getNamespace(namespaceRef)).toEqual({ ...row, state: "Repairing", etag: "0" });
});
