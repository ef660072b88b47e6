/**
 * What someone with Mooring's token can and cannot do in Azure Resource Manager, with the roles of infra/azure. docs/security.md says the
 * same in words.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startArm } from "../../packages/azure-sim/src/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../packages/azure-sim/src/simulator.ts";
import { assignRole, type ServicePrincipal } from "../../packages/azure-sim/src/world.ts";
import {
  addMooring,
  addSqlServer,
  clientsFor,
  credentialOf,
  group,
} from "../../packages/azure-sim/test/arm/fixture.ts";
import { addCluster, addIdentity, createContext, tokenAudience } from "../../packages/azure-sim/test/entra/fixture.ts";
import { readRights } from "../../sandbox/rights.ts";

const rights = await readRights();
const thief = { issuer: "https://thief.example/", subject: "thief", audiences: [tokenAudience] };
const anybody = { login: "thief", sid: randomUUID(), administratorType: "ActiveDirectory", tenantId: randomUUID() };

let context: SimulatorContext;
let mooring: ServicePrincipal;
const open: Simulator[] = [];

beforeAll(async () => {
  context = await createContext();
  mooring = addMooring(context.world);
  addSqlServer(context.world);
});
afterAll(async () => {
  for (const arm of open) await arm.close();
});

async function as(actions: readonly string[]) {
  const arm = await startArm(context, {
    authorized: new Set([mooring.clientId]),
    actions,
    // As azure/target-condition.txt says.
    assignableRoles: new Set(rights.assignableRoles),
    operationMs: 0,
  });
  open.push(arm);
  const credential = credentialOf(context.world, mooring);
  const clients = clientsFor(credential, context.world.subscriptionId, arm.url);
  const request = async (method: string, path: string, body?: object) => {
    const { token } = (await credential.getToken("")) ?? { token: "" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return (await fetch(`${arm.url}${path}`, { method, headers, ...sent })).status;
  };
  return { ...clients, request };
}

describe("with Mooring's role, whoever has the token", () => {
  let azure: Awaited<ReturnType<typeof as>>;
  beforeAll(async () => {
    azure = await as(rights.actions);
  });

  it("makes identities where the role is assigned, and removes those of others", async () => {
    await azure.msi.userAssignedIdentities.createOrUpdate(group, "thief", { location: "westeurope" });
    const theirs = addIdentity(context.world, "theirs-to-lose");

    await azure.msi.userAssignedIdentities.delete(group, theirs.name);

    const left = [...context.world.identities.values()].map(({ name }) => name);
    expect(left).toContain("thief");
    expect(left).not.toContain(theirs.name);
  });

  it("becomes any identity there, by a credential of an issuer of its own", async () => {
    const theirs = addIdentity(context.world, "theirs-to-be");

    await azure.msi.federatedIdentityCredentials.createOrUpdate(group, theirs.name, "thief", thief);

    expect([...theirs.federatedCredentials.values()]).toMatchObject([{ issuer: thief.issuer }]);
  });

  it("reads which roles are assigned, and what a SQL server is; no cluster", async () => {
    const subscription = `/subscriptions/${context.world.subscriptionId}`;
    const assigned = "providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01";
    const cluster = await clusterIn("aks-unread");

    expect(await azure.request("GET", `${subscription}/${assigned}`)).toBe(200);
    expect(await azure.sql.servers.get("rg-data", "sql-dev")).toMatchObject({ location: "westeurope" });
    expect(await azure.request("GET", `${cluster}?api-version=2026-04-01`)).toBe(403);
  });

  it("assigns no role", async () => {
    const [reader = ""] = rights.assignableRoles;

    expect(await azure.request("PUT", assignment(), assigning(reader))).toBe(403);
    expect(context.world.roleAssignments.size).toBe(0);
  });

  it("does not become a SQL server's administrator", async () => {
    const asking = azure.sql.serverAzureADAdministrators.beginCreateOrUpdateAndWait(
      ...(["rg-data", "sql-dev", "ActiveDirectory", anybody] as const),
    );

    await expect(asking).rejects.toMatchObject({ statusCode: 403, code: "AuthorizationFailed" });
  });
});

describe("with the role for targets and its condition, whoever has the token", () => {
  let azure: Awaited<ReturnType<typeof as>>;
  beforeAll(async () => {
    azure = await as([...rights.actions, ...rights.targetActions]);
  });

  it("gives itself, or any other service principal, the roles of the table, and takes them from others", async () => {
    for (const role of rights.assignableRoles) {
      const path = assignment();
      expect(await azure.request("PUT", path, assigning(role)), role).toBe(201);
      expect(await azure.request("DELETE", path), role).toBe(200);
    }
  });

  const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
  it.each([
    ["another role", () => assigning(owner)],
    ["a role of the table to a person", () => assigning(rights.assignableRoles[0] ?? "", "User")],
    ["a role of the table to a group", () => assigning(rights.assignableRoles[0] ?? "", "Group")],
    ["a role of the table without saying to what", () => assigning(rights.assignableRoles[0] ?? "", null)],
  ])("gives nobody %s", async (_what, body) => {
    expect(await azure.request("PUT", assignment(), body())).toBe(403);
  });

  it("reads which targets and parts of them are there, and changes none", async () => {
    const resource = `/subscriptions/${context.world.subscriptionId}/resourceGroups/${group}/providers`;
    const without = await as(rights.actions);
    for (const [id, version] of [
      ["Microsoft.Storage/storageAccounts/st/blobServices/default/containers/uploads", "2023-05-01"],
      ["Microsoft.KeyVault/vaults/kv/secrets/token", "2023-07-01"],
      ["Microsoft.ServiceBus/namespaces/sb/topics/invoices/subscriptions/all", "2021-11-01"],
    ]) {
      const path = `${resource}/${id}`;
      for (const each of [path, path.split("/").slice(0, 9).join("/")])
        context.world.targets.set(each.toLowerCase(), { id: each, location: "westeurope", properties: {} });
      const url = `${path}?api-version=${version}`;
      expect(await azure.request("GET", url), id).toBe(200);
      expect(await azure.request("DELETE", url), id).toBe(403);
      expect(await without.request("GET", url), id).toBe(403);
    }
  });

  it("takes no other role from anybody", async () => {
    const scope = `/subscriptions/${context.world.subscriptionId}/resourceGroups/${group}`;
    const name = assignRole(context.world, { role: owner, principalId: mooring.principalId, scope }).name;

    expect(await azure.request("DELETE", assignment(name))).toBe(403);
    expect(context.world.roleAssignments.has(name)).toBe(true);
  });
});

function assignment(name: string = randomUUID()): string {
  const scope = `/subscriptions/${context.world.subscriptionId}/resourceGroups/${group}`;
  return `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}?api-version=2022-04-01`;
}

function assigning(role: string, principalType: string | null = "ServicePrincipal"): object {
  const roleDefinitionId = `/subscriptions/${context.world.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  return {
    properties: { roleDefinitionId, principalId: mooring.principalId, ...(principalType && { principalType }) },
  };
}

it("with the role for identity bindings, whoever has the token binds any identity, removes any binding, and reads the cluster", async () => {
  const cluster = await clusterIn("aks-bound");
  const theirs = addIdentity(context.world, "theirs-to-bind");
  const path = `${cluster}/identityBindings/thief?api-version=2026-04-01`;
  const body = { properties: { managedIdentity: { resourceId: theirs.id } } };
  const without = await as(rights.actions);
  const azure = await as([...rights.actions, ...rights.bindingActions]);

  expect(await without.request("PUT", path, body)).toBe(403);
  expect(await azure.request("PUT", path, body)).toBe(201);
  expect(await without.request("DELETE", path)).toBe(403);
  expect(await azure.request("DELETE", path)).toBe(202);
  expect(await without.request("GET", `${cluster}?api-version=2026-04-01`)).toBe(403);
  expect(await azure.request("GET", `${cluster}?api-version=2026-04-01`)).toBe(200);
});

it("with the role for managed namespaces, whoever has the token makes and changes them, and deletes none", async () => {
  const path = `${await clusterIn("aks-managed")}/managedNamespaces/any?api-version=2025-09-01`;
  const settings = {
    labels: { "pod-security.kubernetes.io/enforce": "privileged" },
    defaultResourceQuota: { cpuRequest: "1m" },
    defaultNetworkPolicy: { ingress: "AllowAll", egress: "AllowAll" },
  };
  const without = await as(rights.actions);
  const azure = await as([...rights.actions, ...rights.managedActions]);

  expect(await without.request("PUT", path, { properties: {} })).toBe(403);
  expect(await azure.request("PUT", path, { properties: {} })).toBe(201);
  await vi.waitFor(async () => expect(await azure.request("PUT", path, { properties: settings })).toBe(200));
  expect([...context.world.managedNamespaces.values()].map(({ properties }) => properties)).toMatchObject([settings]);
  expect(await azure.request("DELETE", path)).toBe(403);
});

async function clusterIn(name: string): Promise<string> {
  const { subscriptionId } = context.world;
  await addCluster(context.world, name);
  return `/subscriptions/${subscriptionId}/resourceGroups/rg-${name}/providers/Microsoft.ContainerService/managedClusters/${name}`;
}

it("with the role for Cosmos DB, whoever has the token gives itself all data of the account; without it, nothing", async () => {
  const subscription = `/subscriptions/${context.world.subscriptionId}`;
  const account = `${subscription}/resourceGroups/rg-data/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-dev`;
  context.world.targets.set(account.toLowerCase(), { id: account, location: "westeurope", properties: {} });
  const path = `${account}/sqlRoleAssignments/${randomUUID()}?api-version=2024-11-15`;
  const roleDefinitionId = `${account}/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002`;
  const body = { properties: { roleDefinitionId, principalId: mooring.principalId, scope: account } };
  const without = await as([...rights.actions, ...rights.targetActions]);
  const azure = await as([...rights.actions, ...rights.cosmosActions]);

  expect(await without.request("PUT", path, body)).toBe(403);
  expect(await azure.request("PUT", path, body)).toBe(202);
  expect([...context.world.cosmosAssignments.values()]).toMatchObject([{ principalId: mooring.principalId }]);
  expect(await without.request("DELETE", path)).toBe(403);
  expect(await azure.request("DELETE", path)).toBe(202);
  // Not the keys, nor the account itself.
  expect(await azure.request("DELETE", `${account}?api-version=2024-11-15`)).toBe(403);
});

it("with the role for SQL administrators, whoever has the token becomes the server's administrator", async () => {
  const azure = await as([...rights.actions, ...rights.administratorActions]);

  const server = `/subscriptions/${context.world.subscriptionId}/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-dev`;

  const path = `${server}/administrators/ActiveDirectory?api-version=2021-11-01`;
  expect(await azure.request("PUT", path, { properties: anybody })).toBe(202);

  const admin = () => context.world.sqlServers.get("sql-dev")?.entraAdmin;
  await vi.waitFor(() => expect(admin()).toMatchObject({ login: "thief" }));
});
