/**
 * What someone with Mooring's token can and cannot do in Azure Resource Manager, with the roles of infra/azure. docs/security.md says the
 * same in words.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readRights } from "../../local/rights.ts";
import { startArm } from "../../local/simulators/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../local/simulators/simulator.ts";
import type { ServicePrincipal } from "../../local/simulators/world.ts";
import { addMooring, addSqlServer, clientsFor, credentialOf, group } from "../local/simulators/arm/fixture.ts";
import { addIdentity, createContext, tokenAudience } from "../local/simulators/entra/fixture.ts";

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

async function as(actions: readonly string[], assignableRoles?: ReadonlySet<string>) {
  const limited = assignableRoles ? { assignableRoles } : {};
  const arm = await startArm(context, { authorized: new Set([mooring.clientId]), actions, operationMs: 0, ...limited });
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

  it("assigns no role", async () => {
    const scope = `/subscriptions/${context.world.subscriptionId}/resourceGroups/${group}`;
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`;
    const properties = { roleDefinitionId: "owner", principalId: mooring.principalId };

    expect(await azure.request("PUT", path, { properties })).toBeGreaterThanOrEqual(400);
    expect(context.world.roleAssignments.size).toBe(0);
  });

  it("does not become a SQL server's administrator", async () => {
    const asking = azure.sql.serverAzureADAdministrators.beginCreateOrUpdateAndWait(
      ...(["rg-data", "sql-dev", "ActiveDirectory", anybody] as const),
    );

    await expect(asking).rejects.toMatchObject({ statusCode: 403, code: "AuthorizationFailed" });
  });
});

it("with the role for targets, whoever has the token gives the listed roles to any service principal, and nothing else", async () => {
  const azure = await as([...rights.actions, ...rights.targetActions], new Set(rights.assignableRoles));
  const { subscriptionId } = context.world;
  const scope = `/subscriptions/${subscriptionId}/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/st`;
  context.world.targets.set(scope.toLowerCase(), { id: scope, location: "westeurope", properties: {} });
  const assign = async (role: string, principalType: string, principalId: string) => {
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`;
    const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
    return await azure.request("PUT", path, { properties: { roleDefinitionId, principalId, principalType } });
  };
  const [listed = ""] = rights.assignableRoles;
  const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

  expect(await assign(listed, "ServicePrincipal", mooring.principalId)).toBe(201);
  expect(await assign(listed, "User", randomUUID())).toBe(403);
  expect(await assign(listed, "Group", randomUUID())).toBe(403);
  expect(await assign(owner, "ServicePrincipal", mooring.principalId)).toBe(403);
  context.world.roleAssignments.clear();
});

it("with the role for SQL administrators, whoever has the token becomes the server's administrator", async () => {
  const azure = await as([...rights.actions, ...rights.administratorActions]);

  const server = `/subscriptions/${context.world.subscriptionId}/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-dev`;

  const path = `${server}/administrators/ActiveDirectory?api-version=2021-11-01`;
  expect(await azure.request("PUT", path, { properties: anybody })).toBe(202);

  const admin = () => context.world.sqlServers.get("sql-dev")?.entraAdmin;
  await vi.waitFor(() => expect(admin()).toMatchObject({ login: "thief" }));
});
