/**
 * The registry lost a namespace's row, and another team asks for the namespace: the first team's identity is still there, with
 * everything that it can reach, and only an operator may decide about it.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import type { AdmissionOptions } from "../../src/application/admission/admission.ts";
import { planRequest } from "../../src/application/dryRun/planRequest.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { findCluster, identityIdOf } from "../../src/domain/catalog/clusters.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import { admins, createCalmPostgres, createServer, makeItem } from "../proof/support/postgres.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { breakOff, comeByTimer } from "../support/breakOff.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { newPair } from "../support/ids.ts";
import { assign } from "../support/models/azure.ts";
import { offboard } from "../support/operations.ts";

const rights = { "sql-dev": { messages: ["reader", "writer"], orders: ["reader", "writer"] } };
const team = {
  ...{ clusters: ["aks-dev"], namespaces: ["team-*"], databases: rights, groups: [], quota: 9 },
  targets: { carts: ["read"], ledger: ["read"] },
};
const caller = (id: string, roles: Caller["roles"], teams: readonly string[]): Caller => ({
  id,
  name: id,
  roles,
  teams,
});
const blue = caller("user:blue", ["Onboarding.Request"], ["blue"]);
const red = caller("user:red", ["Onboarding.Request"], ["red"]);
const operator = caller("user:operator", ["Onboarding.Operate", "Onboarding.Request"], []);

const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const orders = { server: "sql-dev", database: "orders", roles: ["writer"] };
const parse = (databases: readonly object[]) =>
  OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases });
const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(namespaceRef);

const account = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.DocumentDB/databaseAccounts/shop";
const reader = "00000000-0000-0000-0000-000000000001";
const contributor = "00000000-0000-0000-0000-000000000002";
/** Somebody gives it the identity. */
function giveInAccount(roleId: string, scope: string) {
  const given = {
    name: crypto.randomUUID(),
    roleId,
    principalId: cloud.identities.get(name)?.principalId ?? "",
    scope,
  };
  cloud.cosmosAccounts.set(`${account.toLowerCase()}/${given.name}`, given);
}

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
function begin(): void {
  const carts = { kind: "cosmosNoSql", resourceId: account, database: "shop", container: "carts", access: ["read"] };
  const ledger = {
    kind: "postgresql",
    resourceId: "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg",
    ...{ host: "pg.postgres.database.azure.com", port: 5432, login: "mooring", access: ["read"] },
    ...{ database: "books", schema: "ledger" },
  };
  cloud = createFakeCloud({ teams: { blue: team, red: team } as never, targets: { carts, ledger } as never });
  const server = createServer({ books: ["ledger"] });
  makeItem(server, { database: "books", schema: "ledger", name: "entries", kind: "TABLES", owner: admins });
  Object.assign(cloud.ports, { postgres: createCalmPostgres(server) });
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
}

beforeEach(async () => {
  begin();
  await send(blue, parse([messages, orders]));
  cloud.namespaces.clear();
});

async function send(by: Caller, request: OnboardingRequest, options: AdmissionOptions = {}) {
  const { operation } = await acceptOnboarding({ ...acceptance, by }, request, options);
  await acceptance.run();
  const record = cloud.operations.get(operation);
  return { status: record?.status, code: record?.error?.code, message: record?.error?.message };
}

const clientId = () => cloud.identities.get(name)?.clientId ?? "";

async function planBy(by: Caller, request: OnboardingRequest, options: AdmissionOptions = {}) {
  const { steps } = await planRequest({ ...acceptance, by }, request, options);
  return steps.find((step) => step.name === "ensureIdentity");
}

it("gives nobody else the identity, and says nothing of what it can reach", async () => {
  const { status, code, message } = await send(red, parse([messages]));

  expect({ status, code }).toEqual({ status: "Failed", code: "IDENTITY_UNRECORDED" });
  expect(message).toContain(`Identity "${name}" (client ID ${clientId()}) has Mooring's tags`);
  expect(message).not.toContain("orders");
  expect(cloud.namespaces.size).toBe(0);
});

it("does not give it to its own team either: the registry cannot tell who that is", async () => {
  expect(await send(blue, parse([messages, orders]))).toMatchObject({ code: "IDENTITY_UNRECORDED" });
});

it("shows an operator what the identity can reach", async () => {
  const principalId = cloud.identities.get(name)?.principalId ?? "";
  const roleDefinitionId = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/reader";
  assign(cloud, { id: "a", roleDefinitionId, principalId, scope: "/subscriptions/s/resourceGroups/logs" });

  const step = await planBy(operator, parse([messages]));

  expect(step?.blockers.map(({ code }) => code)).toEqual(["IDENTITY_UNRECORDED"]);
  expect(step?.blockers[0]?.message).toContain(
    `users: ${name} (db_datareader) in sql-dev/messages, ${name} (db_datareader, db_datawriter) in sql-dev/orders; roles in subscriptions 22222222-2222-4222-8222-222222222222, s: reader at /subscriptions/s/resourceGroups/logs; other targets: none; federated credentials: system:serviceaccount:team-a:app from `,
  );
});

it("lets an operator use it, for a request that asks for all that it can open, and audits the decision", async () => {
  const options = { adoptIdentity: clientId() };
  const request = parse([messages, orders]);

  const planned = await planBy(operator, request, options);
  const { status } = await send(operator, request, options);

  expect(planned).toMatchObject({ action: "adopt", blockers: [] });
  expect(status).toBe("Succeeded");
  expect(cloud.audit).toContainEqual(
    expect.objectContaining({ what: "ensureIdentity", action: "adopt", who: operator.id, target: name }),
  );
  expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({ state: "Onboarded", clientId: clientId() });
  expect(cloud.namespaces.get("aks-dev/team-a")).not.toHaveProperty("adoptIdentity");
});

it("does not let an operator hand over more than the request asks for", async () => {
  const options = { adoptIdentity: clientId() };

  const planned = await planBy(operator, parse([messages]), options);
  const { code } = await send(operator, parse([messages]), options);

  expect(code).toBe("IDENTITY_HAS_ACCESS");
  expect(planned?.blockers[0]?.message).toContain(`${name} (db_datareader, db_datawriter) in sql-dev/orders`);
});

it("counts roles that somebody else gave beyond the request, in a database that it names", async () => {
  const users = cloud.users.get("sql-dev/messages");
  const user = users?.get(name);
  if (!user) throw new Error("there is no user");
  users?.set(name, { ...user, roles: [...user.roles, "db_owner"] });
  const options = { adoptIdentity: clientId() };

  const planned = await planBy(operator, parse([messages, orders]), options);
  const { code } = await send(operator, parse([messages, orders]), options);

  expect(code).toBe("IDENTITY_HAS_ACCESS");
  expect(planned?.blockers[0]?.message).toContain(`${name} (db_owner) in sql-dev/messages`);
  expect(planned?.blockers[0]?.message).not.toContain("sql-dev/orders");
});

it("counts roles in Azure on the catalog's servers, and no others", async () => {
  const principalId = cloud.identities.get(name)?.principalId ?? "";
  const { resourceId } = cloud.ports.catalog.sqlServers["sql-dev"] ?? { resourceId: "" };
  const roleDefinitionId = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/contributor";
  const role = { roleDefinitionId, principalId };
  assign(cloud, { ...role, id: "a", scope: "/subscriptions/s/resourceGroups/logs" });
  const options = { adoptIdentity: clientId() };
  expect(await planBy(operator, parse([messages, orders]), options)).toMatchObject({ blockers: [] });

  assign(cloud, { ...role, id: "b", scope: resourceId });
  const planned = await planBy(operator, parse([messages, orders]), options);

  expect(planned?.blockers[0]).toMatchObject({ code: "IDENTITY_HAS_ACCESS" });
  expect(planned?.blockers[0]?.message).toContain(`contributor at ${resourceId}`);
  expect(planned?.blockers[0]?.message).not.toContain("logs");
});

it.each(["", "/dbs/shop", "/dbs/shop/colls/carts"])("counts roles in a Cosmos DB account, at %s", async (scope) => {
  const options = { adoptIdentity: clientId() };
  giveInAccount(reader, "/dbs/others");
  expect(await planBy(operator, parse([messages, orders]), options)).toMatchObject({ blockers: [] });

  giveInAccount(contributor, scope);
  const [shown, planned] = await Promise.all([
    planBy(operator, parse([messages, orders])),
    planBy(operator, parse([messages, orders]), options),
  ]);
  const { code } = await send(operator, parse([messages, orders]), options);

  const role = `Cosmos DB Built-in Data Contributor at ${account}${scope}`;
  expect(shown?.blockers[0]?.message).toContain(`other targets: ${role} (carts)`);
  expect(planned?.blockers[0]).toMatchObject({ code: "IDENTITY_HAS_ACCESS" });
  expect(planned?.blockers[0]?.message).toContain(role);
  expect(code).toBe("IDENTITY_HAS_ACCESS");
});

it("counts a role in a Cosmos DB account that somebody else gave beyond the request, where it names the account", async () => {
  const options = { adoptIdentity: clientId() };
  const request = OnboardingRequest.parse({
    ...parse([messages, orders]),
    targets: [{ target: "carts", access: ["read"] }],
  });
  giveInAccount(reader, "/dbs/shop/colls/carts");
  expect(await planBy(operator, request, options)).toMatchObject({ blockers: [] });

  giveInAccount(contributor, "/dbs/shop/colls/carts");
  const planned = await planBy(operator, request, options);
  const { code } = await send(operator, request, options);

  expect(planned?.blockers[0]?.message).toContain("granted by somebody else: write on carts");
  expect(code).toBe("IDENTITY_HAS_ACCESS");
});

it("takes back what Mooring gave beyond the request that adopts the identity", async () => {
  const { status } = await send(operator, parse([messages, { ...orders, roles: ["reader"] }]), {
    adoptIdentity: clientId(),
  });

  expect(status).toBe("Succeeded");
  expect(cloud.users.get("sql-dev/orders")?.get(name)?.roles).toEqual(["db_datareader"]);
});

it("uses no other identity than the one that the operator saw", async () => {
  const { code } = await send(operator, parse([messages, orders]), { adoptIdentity: crypto.randomUUID() });

  expect(code).toBe("IDENTITY_UNRECORDED");
});

it("lets nobody but an operator decide", async () => {
  const sent = send(red, parse([messages, orders]), { adoptIdentity: clientId() });

  await expect(sent).rejects.toMatchObject({ code: "FORBIDDEN" });
});

it("takes back what the users of an identity that was removed had beyond the new request", async () => {
  cloud.identities.clear();
  cloud.credentials.clear();

  const narrower = parse([{ ...orders, roles: ["reader"] }]);

  expect((await send(red, narrower)).code).toBe("IDENTITY_UNRECORDED");
  expect((await send(operator, narrower, { adoptIdentity: "any" })).status).toBe("Succeeded");
  expect(cloud.users.get("sql-dev/orders")?.get(name)?.roles).toEqual(["db_datareader"]);
});

describe("with an identity that was there before Mooring", () => {
  const requestIn = (identityMode: IdentityMode, more: object = {}) =>
    OnboardingRequest.parse({ ...parse([messages]), identityMode, ...more });
  const request = requestIn("workloadIdentity");

  beforeEach(() => {
    begin();
    const { catalog } = cloud.ports;
    const { location } = findCluster(catalog, namespaceRef.cluster);
    const { tenantId } = catalog;
    cloud.identities.set(name, {
      ...newPair(),
      id: identityIdOf(catalog, namespaceRef),
      name,
      location,
      tenantId,
      tags: {},
    });
  });

  it.each(IdentityMode.options)("gives it to nobody without an operator, in mode %s", async (mode) => {
    expect((await send(blue, requestIn(mode))).status).toBe("Succeeded");
    cloud.namespaces.clear();

    for (const by of [red, blue]) {
      const { code, message } = await send(by, requestIn(mode));
      expect(code).toBe("IDENTITY_UNRECORDED");
      expect(message).toContain(
        `Identity "${name}" (client ID ${clientId()}) has what Mooring wrote for aks-dev/team-a`,
      );
      expect(message).not.toContain("messages");
      expect(cloud.namespaces.size).toBe(0);
    }
  });

  it("shows an operator what it can reach, and lets the operator decide", async () => {
    await send(blue, request);
    cloud.namespaces.clear();
    const options = { adoptIdentity: clientId() };

    const shown = await planBy(operator, request);
    const planned = await planBy(operator, request, options);
    const { status } = await send(operator, request, options);

    expect(shown?.blockers).toMatchObject([{ code: "IDENTITY_UNRECORDED" }]);
    expect(shown?.blockers[0]?.message).toContain(
      `users: ${name} (db_datareader) in sql-dev/messages; roles in subscriptions 22222222-2222-4222-8222-222222222222, s: none`,
    );
    expect(planned).toMatchObject({ action: "adopt", blockers: [] });
    expect(status).toBe("Succeeded");
  });

  it("knows it by its user in a database, where nothing is left in the cluster", async () => {
    await send(blue, request);
    cloud.namespaces.clear();
    cloud.credentials.clear();
    for (const [key, { kind }] of cloud.objects) if (kind !== "MutatingWebhookConfiguration") cloud.objects.delete(key);

    expect(await send(red, request)).toMatchObject({ code: "IDENTITY_UNRECORDED" });
  });

  it.each(["carts", "ledger"])("knows it by what it has on %s alone", async (target) => {
    const wanted = requestIn("workloadIdentity", { databases: [], targets: [{ target, access: ["read"] }] });
    await send(blue, wanted);
    cloud.namespaces.clear();
    cloud.credentials.clear();
    for (const [key, { kind }] of cloud.objects) if (kind !== "MutatingWebhookConfiguration") cloud.objects.delete(key);

    expect(await send(red, wanted)).toMatchObject({ code: "IDENTITY_UNRECORDED" });
  });

  it("does not take what somebody else gave it for Mooring's", async () => {
    giveInAccount(reader, "/dbs/shop/colls/carts");
    const wanted = requestIn("workloadIdentity", { databases: [], targets: [{ target: "carts", access: ["read"] }] });

    expect((await send(red, wanted)).status).toBe("Succeeded");
  });

  it("adopts it for whoever asks before Mooring wrote anything, and again after an offboarding", async () => {
    expect((await send(blue, request)).status).toBe("Succeeded");
    expect((await offboard(cloud.ports, namespaceRef)).status).toBe("Succeeded");

    expect((await send(red, request)).status).toBe("Succeeded");
  });

  it("goes on with what its own earlier run wrote", async () => {
    const { operation } = await acceptOnboarding({ ...acceptance, by: blue }, request);
    await breakOff(acceptance, "verifyAndConclude", { when: "before" });
    expect(cloud.credentials.get(name)).toHaveLength(1);
    await comeByTimer(acceptance);
    await acceptance.run();

    expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded" });
  });
});
