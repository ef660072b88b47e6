/** Who else reaches a target: everybody with a right there that no namespace asked Mooring for, and nobody besides. */
import { randomUUID } from "node:crypto";
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { seeOthers } from "../../../src/application/documents/otherAccessDocument.ts";
import { findReadable, readOthers } from "../../../src/application/inspection/otherAccess.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { printMark, printRoleMark } from "../../../src/domain/naming/ownership.ts";
import { beginRepair, isOnboarded } from "../../../src/domain/operation/lifecycle.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { DatabaseUser } from "../../../src/ports/databases.ts";
import type { RoleAssignment } from "../../../src/ports/roleAssignments.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { operate } from "../../support/operations.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(namespaceRef);
const account = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.DocumentDB/databaseAccounts/shop";
const storage = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/data";
const container = `${storage}/blobServices/default/containers/uploads`;
const roleAt = (scope: string, role: string) => ({
  id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`,
  roleDefinitionId: `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${role}`,
  scope,
});
const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const blobReader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";

let cloud: FakeCloud;
beforeEach(async () => {
  const targets = {
    ...catalog.targets,
    carts: {
      kind: "cosmosNoSql",
      resourceId: account,
      database: "shop",
      container: "carts",
      access: ["read", "write"],
    },
  };
  cloud = createFakeCloud(Catalog.parse({ ...structuredClone(catalog), targets }));
  cloud.roles.push("mooring_reader", "mooring_writer", "mooring_executor");
  providePorts(cloud.ports);
  const request = OnboardingRequest.parse({
    ...namespaceRef,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    targets: [
      { target: "uploads", access: ["write"] },
      { target: "carts", access: ["read"] },
    ],
  });
  const { operation } = await operate(cloud, "onboard", request);
  expect(operation.status).toBe("Succeeded");
  cloud.sqlAdmins.clear();
});

async function read(target: string, ports = cloud.ports) {
  const readable = findReadable(ports.catalog, target);
  if (!readable) throw new Error(`no ${target}`);
  return await readOthers(ports, target, readable);
}

/** Name, rights, and whose it is. */
async function others(target: string): Promise<readonly (readonly unknown[])[]> {
  const found = await read(target);
  expect(found.error).toBeUndefined();
  return found.others.map((each) => [
    each.name,
    each.rights.map(({ right, scope, isForAnother }) =>
      [right, ...(scope ? [scope] : []), ...(isForAnother ? ["ours"] : [])].join(" "),
    ),
    ...(each.owner ? [each.owner.namespaceRef.namespace] : []),
  ]);
}

function users(place = "sql-dev/messages") {
  const found = cloud.users.get(place);
  if (!found) throw new Error(`no ${place}`);
  return found;
}

function own(): DatabaseUser {
  const user = users().get(name);
  if (!user) throw new Error(`no ${name}`);
  return user;
}

function add(member: string, changes: Partial<DatabaseUser> = {}): void {
  const made = { name: member, type: "E", sid: "0xAB", roles: [], permissions: [], ownedSchemas: [], mark: undefined };
  users().set(member, { ...made, ...changes });
}

function assign(...made: readonly RoleAssignment[]): void {
  for (const each of made) cloud.roleAssignments.set(each.id, each);
}

function identity() {
  const found = cloud.identities.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

it("says nothing of what Mooring gave", async () => {
  expect(await Promise.all(["sql-dev/messages", "uploads", "carts", "jobs"].map(others))).toEqual([[], [], [], []]);
});

it("counts a shared identity as that of the namespace that has the access", async () => {
  const home = cloud.namespaces.get("aks-dev/team-a");
  if (!home || !isOnboarded(home)) throw new Error("it is not onboarded");
  const { databases: _own, targets: _others, ...request } = home.request;
  const guest = { ...home, namespace: "zz", request: { ...request, databases: [], sharedIdentity: "aks-dev/team-a" } };
  cloud.namespaces.set("aks-dev/zz", guest);

  expect(await Promise.all(["sql-dev/messages", "uploads", "carts"].map(others))).toEqual([[], [], []]);
});

it("knows only targets that the catalog lists", () => {
  expect(
    ["sql-dev", "sql-dev/none", "nothing", "__proto__"].map((each) => findReadable(cloud.ports.catalog, each)),
  ).toEqual([...[undefined, undefined, undefined, undefined]]);
});

it("names the users of a database with what they have, and the administrator of the server", async () => {
  cloud.sqlAdmins.set("sql-dev", { login: "dba", objectId: randomUUID() });
  add("a-group", { type: "X", roles: ["db_datareader", "mooring_writer"] });
  add("b-app", { permissions: ["EXECUTE"], otherPermissions: ["GRANT SELECT ON dbo.orders", "DENY DELETE"] });
  add("c-visitor");
  add("d-disabled", { roles: ["db_datareader"], isDisabled: true });
  add("e-owner", { roles: ["db_owner"], ownedSchemas: ["sales"], isDisabled: true });

  expect(await others("sql-dev/messages")).toEqual([
    ["a-group", ["db_datareader", "mooring_writer"]],
    ["b-app", ["EXECUTE", "SELECT ON dbo.orders"]],
    ["c-visitor", ["CONNECT"]],
    ["dba", ["everything"]],
    ["e-owner", ["db_owner", "owner of schema sales"]],
  ]);
});

it("names Mooring's own user", async () => {
  const { databases } = cloud.ports;
  add("mooring-service", { permissions: ["ALTER ANY USER"] });
  const inspectAll: typeof databases.inspectAll = async (target) => ({
    ...(await databases.inspectAll(target)),
    self: "mooring-service",
  });

  const found = await read("sql-dev/messages", { ...cloud.ports, databases: { ...databases, inspectAll } });

  expect(found.others).toEqual([
    { name: "mooring-service", type: "EXTERNAL_USER", isMooring: true, rights: [{ right: "ALTER ANY USER" }] },
  ]);
});

it("says which rights of a namespace's own user somebody else gave, whether or not its mark is still there", async () => {
  users().set(name, { ...own(), roles: ["db_owner", "mooring_reader"] });
  expect(await others("sql-dev/messages")).toEqual([[name, ["db_owner"], "team-a"]]);

  users().set(name, { ...own(), mark: undefined });
  expect(await others("sql-dev/messages")).toEqual([[name, ["db_owner"], "team-a"]]);
});

it("names the user of a namespace in a database that the namespace does not have, for all its mark says", async () => {
  users("sql-dev/orders").set(name, own());

  expect(await others("sql-dev/orders")).toEqual([[name, ["mooring_reader"], "team-a"]]);
});

it("does not believe a mark that somebody copied to another user", async () => {
  add("thief", { roles: ["mooring_reader"], mark: own().mark });

  expect(await others("sql-dev/messages")).toEqual([["thief", ["mooring_reader"]]]);
});

it("believes the mark of a namespace whose first operation has not recorded the identity yet", async () => {
  for (const [key, record] of cloud.namespaces) {
    const { clientId: _client, things: _things, ...rest } = record;
    if (isOnboarded(record)) cloud.namespaces.set(key, { ...rest, etag: record.etag } as typeof record);
  }

  expect(await Promise.all(["sql-dev/messages", "uploads"].map(others))).toEqual([[], []]);
  cloud.namespaces.clear();
  expect(await others("sql-dev/messages")).toEqual([[name, ["mooring_reader"]]]);
});

it("says nothing of what a running operation gave", async () => {
  for (const [key, record] of cloud.namespaces) {
    if (!isOnboarded(record)) continue;
    const beginning = {
      operation: "op-2",
      requestedBy: "r",
      acceptedTime: "2026-01-01T00:00:00Z",
      traceparent: "",
      batch: undefined,
    };
    cloud.namespaces.set(key, { ...beginRepair(record, beginning, {}), etag: record.etag });
  }

  expect(await Promise.all(["sql-dev/messages", "uploads", "carts"].map(others))).toEqual([[], [], []]);
});

it("names who has a role at a scope, and above it, with the condition", async () => {
  const [ann, group] = [randomUUID(), randomUUID()].toSorted();
  assign(
    { ...roleAt(container, blobReader), principalId: ann ?? "", principalType: "User", condition: "@Resource" },
    { ...roleAt("/subscriptions/s", owner), principalId: group ?? "", principalType: "Group" },
    {
      ...roleAt(container, randomUUID().replaceAll("0", "a")),
      principalId: group?.toUpperCase() ?? "",
      principalType: "Group",
    },
    { ...roleAt(`${storage}/blobServices/default/containers/other`, blobReader), principalId: randomUUID() },
  );

  const found = await others("uploads");

  expect(found).toEqual([
    [ann, ["Storage Blob Data Reader, with a condition"]],
    [
      expect.stringMatching(new RegExp(`^${group}$`, "i")),
      ["Owner /subscriptions/s", expect.stringMatching(/^role [0-9a-f-]{36}$/)],
    ],
  ]);
});

it("tells apart what others gave a namespace's identity, and what Mooring gave it for another target", async () => {
  const { principalId } = identity();
  assign(
    { ...roleAt(container, blobReader), principalId },
    { ...roleAt(storage, blobReader), principalId, description: printRoleMark(namespaceRef, "op-1") },
  );

  expect(await others("uploads")).toEqual([
    [principalId, ["Storage Blob Data Reader", `Storage Blob Data Reader ${storage} ours`], "team-a"],
  ]);
});

it("does not believe a description that somebody copied", async () => {
  const principalId = randomUUID();
  assign({
    ...roleAt(container, blobReader),
    principalId,
    description: printRoleMark(namespaceRef, "op-1"),
  });

  expect(await others("uploads")).toEqual([[principalId, ["Storage Blob Data Reader"]]]);
});

it("names who has a role of a Cosmos DB account there, above it or below it", async () => {
  const [one, two] = [randomUUID(), randomUUID()].toSorted();
  const roleId = "00000000-0000-0000-0000-000000000002";
  const made = (principalId: string | undefined, scope: string) => {
    const grant = { name: randomUUID(), roleId, principalId: principalId ?? "", scope };
    cloud.cosmosAccounts.set(`${account.toLowerCase()}/${grant.name}`, grant);
  };
  made(one, "");
  made(one, "/dbs/shop/colls/carts");
  made(two, "/dbs/shop/colls/cartsOfOthers");
  made(identity().principalId, "/dbs/shop");

  const contributor = "Cosmos DB Built-in Data Contributor";
  expect(new Map((await others("carts")).map(([who, ...rest]) => [who, rest]))).toEqual(
    new Map<unknown, unknown>([
      [one, [[`${contributor} ${account}`, contributor]]],
      [identity().principalId, [[`${contributor} /dbs/shop`], "team-a"]],
    ]),
  );
});

it("says why a target cannot be read", async () => {
  const { databases } = cloud.ports;
  const inspectAll = () => Promise.reject(new TransientError("SQL_UNAVAILABLE", "sql-dev/messages: paused"));

  expect(await read("sql-dev/messages", { ...cloud.ports, databases: { ...databases, inspectAll } })).toEqual({
    others: [],
    error: expect.objectContaining({ code: "SQL_UNAVAILABLE", message: "sql-dev/messages: paused" }),
  });
});

it("shows a team the identities of its own namespaces, and counts all others", async () => {
  const someone = { name: "someone", type: "EXTERNAL_USER", rights: [{ right: "db_owner" }] };
  const of = (team: string | undefined, namespace: string) => ({
    ...{
      name: namespace,
      type: "EXTERNAL_USER",
      rights: [{ right: "db_owner", scope: "above", isForAnother: true as const }],
    },
    owner: { namespaceRef: { cluster: "aks-dev", namespace }, team, hasTarget: true, things: [] },
  });
  const all = [someone, of("red", "red-1"), of("blue", "blue-1"), of(undefined, "platform")];
  const caller = { id: "c", name: "C", roles: [], teams: ["red"] };

  expect(seeOthers(caller, all)).toEqual({
    unnamed: 3,
    value: [
      {
        ...{ name: "red-1", type: "EXTERNAL_USER", isMooring: false, cluster: "aks-dev", namespace: "red-1" },
        rights: [{ right: "db_owner", scope: "above", by: "mooring" }],
      },
    ],
  });
  expect(seeOthers({ ...caller, roles: ["Onboarding.Operate"] }, all)).toMatchObject({
    unnamed: 0,
    value: expect.objectContaining({ length: 4 }),
  });
});

it("takes a mark of another namespace for nobody's", async () => {
  users().set(name, {
    ...own(),
    mark: printMark({ berth: "aks-dev/other", operation: "op", grants: { mooring_reader: "op" } }),
  });

  expect(await others("sql-dev/messages")).toEqual([[name, ["mooring_reader"], "team-a"]]);
});
