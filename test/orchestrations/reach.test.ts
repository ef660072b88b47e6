/** What the identity reaches beyond its request: a verification looks in every database of the catalog, and at its roles. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { inspectionOf } from "../../src/application/inspection/driftRecord.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName, postgresRoleName } from "../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { DatabaseUser } from "../../src/ports/databases.ts";
import type { Ports } from "../../src/ports/index.ts";
import {
  addRight,
  admins,
  createCalmPostgres,
  createServer,
  makeItem,
  type PostgresServer,
} from "../proof/support/postgres.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { clientIdOf, principalIdOf } from "../support/ids.ts";
import { assign } from "../support/models/azure.ts";
import { operate, send } from "../support/operations.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const name = identityName(request);
const server = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-dev";

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

function record() {
  const found = cloud.namespaces.get("aks-dev/team-a");
  if (!found) throw new Error("it is not onboarded");
  return found;
}

async function findings(ports: Ports = cloud.ports) {
  const found = await inspectNamespace(ports, inspectionOf(record()));
  return found.map(({ code, target, found: what }) => [code, target, what]);
}

function giveUser(called: string) {
  const sid = sidFromClientId(clientIdOf(record().clientId ?? ""));
  const user: DatabaseUser = {
    ...{ name: called, type: "E", sid, permissions: ["EXECUTE"], ownedSchemas: [], mark: undefined },
    roles: ["db_datawriter"],
  };
  cloud.users.get("sql-dev/orders")?.set(called, user);
}

function giveRole(scope: string) {
  const principalId = cloud.identities.get(name)?.principalId ?? "";
  const roleDefinitionId = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/reader";
  assign(cloud, { id: `${scope}/assignment`, roleDefinitionId, principalId, scope });
}

describe("a verification", () => {
  it.each([name, "other"])("finds a user %s of the identity in a database that no request names", async (called) => {
    await operate(cloud, "onboard", request);
    giveUser(called);

    expect(await findings()).toEqual([["USER_ADDED", "sql-dev/orders", `${called} (EXECUTE, db_datawriter)`]]);
  });

  it("fails a repair that leaves such a user", async () => {
    await operate(cloud, "onboard", request);
    giveUser(name);

    const { operation } = await operate(cloud, "repair", request);

    expect(operation).toMatchObject({ status: "Failed", error: { code: "VERIFICATION_FAILED" } });
    expect(operation.error?.message).toContain(`sql-dev/orders: user is ${name} (EXECUTE, db_datawriter)`);
  });

  it("keeps a change that only takes away from nothing, and remembers the user as a finding", async () => {
    const orders = { server: "sql-dev", database: "orders", roles: ["reader"] };
    const wide = OnboardingRequest.parse({ ...request, databases: [...request.databases, orders] });
    await operate(cloud, "onboard", wide);
    giveRole(`${server}/databases/other`);

    const narrow = await send(cloud.ports, request);

    expect(narrow).toMatchObject({ status: "Succeeded" });
    expect(cloud.users.get("sql-dev/orders")?.has(name)).toBe(false);
    expect(record().findings).toMatchObject([{ code: "ROLE_ON_TARGET" }]);
    expect(await send(cloud.ports, wide)).toMatchObject({ status: "Failed", error: { code: "VERIFICATION_FAILED" } });
  });

  it("only warns when a database that no request names cannot be read, and names it with the reason", async () => {
    await operate(cloud, "onboard", request);
    const { inspect } = cloud.ports.databases;
    const error = new TransientError("SQL_UNAVAILABLE", "no answer");
    const databases: Ports["databases"] = {
      ...cloud.ports.databases,
      inspect: (target, user) => (target.database === "orders" ? Promise.reject(error) : inspect(target, user)),
    };
    providePorts({ ...cloud.ports, databases });

    const { operation } = await operate(cloud, "repair", request);

    expect(operation.status).toBe("Succeeded");
    expect(record().findings).toMatchObject([{ code: "USERS_UNSEEN", found: "sql-dev/orders (SQL_UNAVAILABLE)" }]);
  });

  it("warns of a role that somebody gave the identity, and fails for one on a server of the catalog", async () => {
    await operate(cloud, "onboard", request);
    giveRole("/subscriptions/s/resourceGroups/rg-logs");
    expect(await findings()).toEqual([["ROLE_ADDED", name, "reader at /subscriptions/s/resourceGroups/rg-logs"]]);

    giveRole(`${server}/databases/orders`);

    expect(await findings()).toContainEqual(["ROLE_ON_TARGET", name, `reader at ${server}/databases/orders`]);
  });

  it("says where it may not read role assignments", async () => {
    await operate(cloud, "onboard", request);
    giveRole(server);
    const givenTo = () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "roleAssignments/read"));
    const roleAssignments = { ...cloud.ports.roleAssignments, givenTo };

    const found = await findings({ ...cloud.ports, roleAssignments });

    expect(found).toEqual([
      ["ROLE_ON_TARGET", name, `reader at ${server}`],
      ["ROLES_UNSEEN", name, "/subscriptions/22222222-2222-4222-8222-222222222222, /subscriptions/s"],
    ]);
  });

  it("looks at roles in subscriptions of which the catalog names nothing, too", async () => {
    await operate(cloud, "onboard", request);
    giveRole("/subscriptions/elsewhere/resourceGroups/rg-secret");

    expect(await findings()).toEqual([
      ["ROLE_ADDED", name, "reader at /subscriptions/elsewhere/resourceGroups/rg-secret"],
    ]);
  });

  it("names a subscription that it can list and not read, and others that it cannot list", async () => {
    await operate(cloud, "onboard", request);
    const { roleAssignments: usualRoles } = cloud.ports;
    const refuse = () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "roleAssignments/read"));
    const at = (changes: Partial<Ports["roleAssignments"]>) =>
      findings({ ...cloud.ports, roleAssignments: { ...usualRoles, ...changes } });
    const givenTo: typeof usualRoles.givenTo = (principalId, where) =>
      where.subscriptionId === "elsewhere" ? refuse() : usualRoles.givenTo(principalId, where);

    expect(await at({ givenTo, subscriptions: () => Promise.resolve(["elsewhere"]) })).toEqual([
      ["ROLES_UNSEEN", name, "/subscriptions/elsewhere (ARM_FORBIDDEN)"],
    ]);
    expect(await at({ subscriptions: refuse })).toEqual([
      ["ROLES_UNSEEN", name, "other subscriptions (ARM_FORBIDDEN)"],
    ]);
  });

  it("looks at 20 subscriptions beside those of the catalog, and names the rest", async () => {
    await operate(cloud, "onboard", request);
    const asked: string[] = [];
    const { roleAssignments: usualRoles } = cloud.ports;
    const subscriptions = () => Promise.resolve(Array.from({ length: 22 }, (_, index) => `other-${index + 10}`));
    const givenTo: typeof usualRoles.givenTo = (principalId, where) => {
      asked.push(where.subscriptionId);
      return usualRoles.givenTo(principalId, where);
    };

    const found = await findings({ ...cloud.ports, roleAssignments: { ...usualRoles, givenTo, subscriptions } });

    expect(asked.filter((each) => each.startsWith("other-"))).toHaveLength(20);
    expect(found).toEqual([["ROLES_UNSEEN", name, "/subscriptions/other-30, /subscriptions/other-31"]]);
  });
});

const account = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.DocumentDB/databaseAccounts/shop";
const inAccount = { kind: "cosmosNoSql", resourceId: account, access: ["read", "write"] };
const onServer = {
  kind: "postgresql",
  resourceId: "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg",
  ...{ host: "pg.postgres.database.azure.com", login: "mooring", access: ["read", "write"] },
};
const { targets } = Catalog.parse({
  ...usual,
  targets: {
    carts: { ...inAccount, database: "shop", container: "carts" },
    orders: { ...inAccount, database: "shop", container: "orders" },
    ledger: { ...onServer, database: "books", schema: "ledger" },
    stock: { ...onServer, database: "books", schema: "stock" },
  },
});
const reader = "00000000-0000-0000-0000-000000000001";
const contributor = "00000000-0000-0000-0000-000000000002";
const role = postgresRoleName(request);

it("adopts no identity of others that can use a target beyond the request", async () => {
  cloud = createFakeCloud({ targets });
  providePorts({ ...cloud.ports, catalog: { ...cloud.ports.catalog, targets: { carts: targets["carts"] } as never } });
  const principalId = principalIdOf("99999999-9999-4999-8999-999999999999");
  const clientId = clientIdOf("88888888-8888-4888-8888-888888888888");
  cloud.identities.set(name, { id: "/theirs", name, location: "westeurope", clientId, principalId, tags: {} } as never);
  const given = { name: "theirs", roleId: contributor, principalId, scope: "/dbs/shop" };
  cloud.cosmosAccounts.set(`${account.toLowerCase()}/theirs`, given);

  const { operation } = await operate(cloud, "onboard", { ...request, adoptionPolicy: "Always" });

  expect(operation).toMatchObject({ status: "Failed", error: { code: "IDENTITY_HAS_ACCESS" } });
  expect(operation.error?.message).toContain("1 of its other targets");
});

describe("the verification of a namespace with targets whose access is their own", () => {
  const asking = OnboardingRequest.parse({
    ...{ cluster: "aks-dev", namespace: "team-a" },
    targets: [
      { target: "carts", access: ["read"] },
      { target: "ledger", access: ["read"] },
    ],
  });
  let server: PostgresServer;
  beforeEach(async () => {
    cloud = createFakeCloud({ targets });
    server = createServer({ books: ["ledger", "stock"] });
    providePorts(Object.assign(cloud.ports, { postgres: createCalmPostgres(server) }));
    for (const schema of ["ledger", "stock"]) {
      makeItem(server, { database: "books", schema, name: "entries", kind: "TABLES", owner: admins });
    }
    const { operation } = await operate(cloud, "onboard", asking);
    expect(operation).toMatchObject({ status: "Succeeded" });
  });

  function giveInAccount(roleId: string, scope: string) {
    const { principalId = "" } = cloud.identities.get(name) ?? {};
    const given = { name: crypto.randomUUID(), roleId, principalId, scope };
    cloud.cosmosAccounts.set(`${account.toLowerCase()}/${given.name}`, given);
  }

  it("has nothing to say of what they asked for", async () => {
    expect(await findings()).toEqual([]);
  });

  it.each([
    ["of a container that it does not name", reader, "/dbs/shop/colls/orders", "orders"],
    ["of the database around its own", reader, "/dbs/shop", "carts"],
    ["of the whole account", contributor, "", "carts"],
  ])("finds a role in the account %s, once", async (_what, roleId, scope, target) => {
    giveInAccount(roleId, scope);

    const called = roleId === reader ? "Reader" : "Contributor";
    expect(await findings()).toEqual([
      ["TARGET_REACHED", target, `Cosmos DB Built-in Data ${called} at ${account}${scope}`],
    ]);
  });

  it("leaves a role alone in a part of the account that no target is in", async () => {
    giveInAccount(contributor, "/dbs/others");

    expect(await findings()).toEqual([]);
  });

  it.each([
    [role, "read"],
    ["other", "USAGE, SELECT ON TABLES"],
  ])("finds rights of role %s on a schema that it does not name", async (called, what) => {
    const principalId = server.roles.get(role)?.principalId ?? "";
    if (called !== role) server.roles.set(called, { id: "9", principalId, canLogIn: true, isActedFor: false });
    const stock = { role: called, database: "books", schema: "stock" } as const;
    addRight(server, { ...stock, right: "USAGE" });
    expect((await findings()).filter(([code]) => code === "TARGET_REACHED")).toEqual([]);

    addRight(server, { ...stock, right: "SELECT ON TABLES", item: "entries" });

    expect(await findings()).toContainEqual([
      "TARGET_REACHED",
      "stock",
      `role ${called} (${what}) in books/stock at ${onServer.resourceId}`,
    ]);
  });

  it("names a target that cannot be read, with the reason", async () => {
    const { inspect } = cloud.ports.postgres;
    const error = new TransientError("POSTGRES_UNAVAILABLE", "no answer");
    const postgres: Ports["postgres"] = {
      ...cloud.ports.postgres,
      inspect: (place, who) => (place.schema === "stock" ? Promise.reject(error) : inspect(place, who)),
    };

    expect(await findings({ ...cloud.ports, postgres })).toEqual([
      ["TARGETS_UNSEEN", name, "stock (POSTGRES_UNAVAILABLE)"],
    ]);
  });
});
