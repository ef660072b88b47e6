import { expect, it } from "vitest";
import { IdentityPair } from "../../../src/domain/naming/identityPair.ts";
import {
  CosmosEntry,
  type CosmosPlace,
  cosmosAssignmentName,
  cosmosConnection,
  cosmosResources,
  cosmosRolesFor,
  cosmosScope,
  isGivenBy,
  isOwnAssignment,
} from "../../../src/domain/targets/cosmos.ts";

const resourceId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/cosmos1";
const place: CosmosPlace = { kind: "cosmosNoSql", resourceId };
const entry = { ...place, access: ["read"] };
const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const pair = IdentityPair.parse({
  clientId: "11111111-2222-4333-8444-555555555555",
  principalId: "6e3a1b2c-4d5e-4f60-8a9b-0c1d2e3f4a5b",
});
const grant = { roleId: "00000000-0000-0000-0000-000000000001", principalId: pair.principalId, scope: "/dbs/shop" };
const name = cosmosAssignmentName(grant, { namespaceRef, operation: "op-1" });

it("names an assignment by a GUID of version 8, the same in every attempt, and another in another operation", () => {
  expect(name).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(cosmosAssignmentName(grant, { namespaceRef, operation: "op-1" })).toBe(name);
  const later = cosmosAssignmentName(grant, { namespaceRef, operation: "op-2" });
  expect(later.slice(0, 18)).toBe(name.slice(0, 18));
  expect(later.slice(19)).not.toBe(name.slice(19));
});

it("knows by the name whose an assignment is, and which operation made it", () => {
  expect(isOwnAssignment({ ...grant, name }, namespaceRef)).toBe(true);
  expect(isOwnAssignment({ ...grant, name: name.toUpperCase() }, namespaceRef)).toBe(true);
  expect(isOwnAssignment({ ...grant, principalId: pair.principalId.toUpperCase(), name }, namespaceRef)).toBe(true);
  expect(isGivenBy(name, "op-1")).toBe(true);
  expect(isGivenBy(name.toUpperCase(), "op-1")).toBe(true);
  expect(isGivenBy(name, "op-2")).toBe(false);
});

it.each([
  ["another namespace", {}, { ...namespaceRef, namespace: "team-b" }],
  ["another scope", { scope: "/dbs/other" }, namespaceRef],
  ["another role", { roleId: "00000000-0000-0000-0000-000000000002" }, namespaceRef],
  ["another principal", { principalId: pair.clientId }, namespaceRef],
  ["a name that somebody chose", { name: "6e3a1b2c-4d5e-4f60-8a9b-0c1d2e3f4a5b" }, namespaceRef],
])("takes none for its own that has %s", (_what, changes, whose) => {
  expect(isOwnAssignment({ ...grant, name, ...changes }, whose)).toBe(false);
});

it("takes no client ID for a principal ID", () => {
  // @ts-expect-error An account knows an identity by its principal ID.
  cosmosAssignmentName({ ...grant, principalId: pair.clientId }, { namespaceRef, operation: "op-1" });
  expect(Object.keys(pair)).toEqual(["clientId", "principalId"]);
});

it.each<[Partial<CosmosPlace>, string, readonly string[]]>([
  [{}, "", []],
  [{ database: "shop" }, "/dbs/shop", ["/sqlDatabases/shop"]],
  [
    { database: "shop", container: "carts" },
    "/dbs/shop/colls/carts",
    ["/sqlDatabases/shop", "/sqlDatabases/shop/containers/carts"],
  ],
])("knows the scope of each part, and what has to be there: %j", (parts, scope, resources) => {
  expect(cosmosScope({ ...place, ...parts })).toBe(scope);
  expect(cosmosResources({ ...place, ...parts })).toEqual([
    resourceId,
    ...resources.map((each) => `${resourceId}${each}`),
  ]);
});

it("gives the larger role alone", () => {
  expect(cosmosRolesFor(["read", "write"]).map(({ word }) => word)).toEqual(["write"]);
  expect(cosmosRolesFor(["read"]).map(({ word }) => word)).toEqual(["read"]);
  expect(cosmosRolesFor([])).toEqual([]);
});

it("tells an application where the account is, in any cloud", () => {
  const parts = { database: "shop", container: "carts" };
  expect(cosmosConnection({ ...place, ...parts }).map(({ variable, value }) => `${variable}=${value}`)).toEqual([
    "COSMOS_ENDPOINT=https://cosmos1.documents.azure.com",
    "COSMOS_DATABASE=shop",
    "COSMOS_CONTAINER=carts",
  ]);
  const endpoint = "https://cosmos1.documents.azure.cn";
  expect(cosmosConnection({ ...place, endpoint }).map(({ value }) => value)).toEqual([endpoint]);
});

it.each([
  [{ container: "carts" }, "needs a database"],
  [{ database: "shop/colls/x" }, "must be the name of one database"],
  [{ database: "shop", container: "a?b" }, "must be the name of one container"],
  [{ resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/x" }, "databaseAccounts"],
  [{ access: ["own"] }, ""],
])("refuses an entry of the catalog that would give something else: %j", (changes, message) => {
  const parsed = CosmosEntry.safeParse({ ...entry, ...changes });
  expect(parsed.success).toBe(false);
  expect(JSON.stringify(parsed.error?.issues)).toContain(message);
});
