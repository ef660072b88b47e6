import { expect, it } from "vitest";
import { guid } from "../../../src/domain/naming/guid.ts";
import { IdentityPair } from "../../../src/domain/naming/identityPair.ts";
import { withIncluded } from "../../../src/domain/targets/access.ts";
import {
  type AzureRolePlace,
  assignmentName,
  azureRoleKindNames,
  everyRole,
  rolesFor,
  scopeOf,
} from "../../../src/domain/targets/azureRoles.ts";

it("makes the GUIDs of Bicep's guid()", () => {
  // Python: uuid.uuid5(uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), "a-b-c")
  expect(guid("a", "b", "c")).toBe("a98fa280-e03f-5afa-8d8e-92d0a9c201e8");
});

const pair = IdentityPair.parse({
  clientId: "11111111-2222-4333-8444-555555555555",
  principalId: "6e3a1b2c-4d5e-4f60-8a9b-0c1d2e3f4a5b",
});

it("names an assignment by its scope in any case, its principal and its role", () => {
  const role = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
  const name = assignmentName("/Subscriptions/S/x", pair.principalId, role);

  expect(name).toBe("3860fd0d-78b4-5efd-8c7b-991e48b852b0");
  expect(assignmentName("/subscriptions/s/X", pair.principalId, role)).toBe(name);
  expect(assignmentName("/subscriptions/s/y", pair.principalId, role)).not.toBe(name);
});

it("takes no client ID for a principal ID", () => {
  // @ts-expect-error A role assignment knows an identity by its principal ID.
  assignmentName("/subscriptions/s/x", pair.clientId, "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1");
  // @ts-expect-error Nor a text that may be either.
  assignmentName("/subscriptions/s/x", String(pair.principalId), "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1");
  expect(Object.keys(pair)).toEqual(["clientId", "principalId"]);
});

const account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st";
const bus = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb";
it.each<[AzureRolePlace, string]>([
  [{ kind: "storageBlob", resourceId: account }, account],
  [
    { kind: "storageBlob", resourceId: account, container: "uploads" },
    `${account}/blobServices/default/containers/uploads`,
  ],
  [{ kind: "storageQueue", resourceId: account, queue: "jobs" }, `${account}/queueServices/default/queues/jobs`],
  [{ kind: "storageTable", resourceId: account, table: "rows" }, `${account}/tableServices/default/tables/rows`],
  [{ kind: "serviceBus", resourceId: bus, queue: "in" }, `${bus}/queues/in`],
  [{ kind: "serviceBus", resourceId: bus, topic: "t", subscription: "s" }, `${bus}/topics/t/subscriptions/s`],
])("knows the scope of each part: %j", (place, scope) => {
  expect(scopeOf(place)).toBe(scope);
});

it("gives as few roles as give everything that is asked for", () => {
  const words = (...asked: Parameters<typeof rolesFor>[1]) => rolesFor("storageQueue", asked).map(({ word }) => word);

  expect(words("send", "receive")).toEqual(["send", "receive"]);
  expect(words("read", "write", "send")).toEqual(["write"]);
  expect(words()).toEqual([]);
});

it("has a GUID for each role, and none twice", () => {
  const ids = azureRoleKindNames.flatMap((kind) => everyRole(kind).map(({ id }) => id));

  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});

it.each(azureRoleKindNames)("has roles for %s that include what its words include", (kind) => {
  for (const { word, includes = [] } of everyRole(kind)) {
    const others = everyRole(kind)
      .map((role) => role.word)
      .filter((other) => other !== word);
    expect(
      others.filter((other) => withIncluded([word]).has(other)),
      word,
    ).toEqual(others.filter((other) => includes.includes(other)));
  }
});
