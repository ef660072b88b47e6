/** What a person does with Azure CLI: groups, servers, roles and look-ups, as `az` 2.91 sends the requests. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startArm } from "../../src/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../src/simulator.ts";
import type { ServicePrincipal } from "../../src/world.ts";
import { createContext } from "../entra/fixture.ts";
import { addMooring, addSqlServer, credentialOf } from "./fixture.ts";

let context: SimulatorContext;
let arm: Simulator;
let owner: ServicePrincipal;
let subscription: string;
const group = "rg-by-hand";

beforeAll(async () => {
  context = await createContext();
  owner = { displayName: "owner", clientId: randomUUID(), principalId: randomUUID() };
  context.world.servicePrincipals.set(owner.clientId, owner);
  addMooring(context.world);
  addSqlServer(context.world);
  arm = await startArm(context, { authorized: new Set(), owners: new Set([owner.clientId]) });
  subscription = `/subscriptions/${context.world.subscriptionId}`;
});
afterAll(() => arm.close());

interface Reply {
  readonly status: number | undefined;
  readonly body: { readonly [name: string]: unknown };
}

async function ask(method: string, path: string, body?: object, version = "2022-09-01"): Promise<Reply> {
  const { token } = (await credentialOf(context.world, owner).getToken([])) ?? { token: "" };
  const separator = path.includes("?") ? "&" : "?";
  const sent = request(`${arm.url}${path}${separator}api-version=${version}`, {
    method,
    ca: context.tls.certificate,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  }).end(body && JSON.stringify(body));
  const [response] = await once(sent, "response");
  const said = await text(response);
  return { status: response.statusCode, body: said === "" ? {} : JSON.parse(said) };
}

const errorOf = ({ status, body }: Reply) => [status, Reflect.get(body["error"] ?? {}, "code")];
const namesOf = ({ body }: Reply) => (body["value"] as { name: string }[]).map(({ name }) => name);

describe("a resource group", () => {
  test("is created, looked up, tagged and deleted with what is in it", async () => {
    const path = `${subscription}/resourceGroups/${group}`;
    expect((await ask("HEAD", path)).status).toBe(404);
    expect(await ask("PUT", path, { location: "West Europe", tags: { a: "b" } })).toMatchObject({
      status: 201,
      body: { name: group, location: "westeurope", tags: { a: "b" } },
    });
    expect((await ask("HEAD", path)).status).toBe(204);
    expect(errorOf(await ask("PUT", path, { location: "eastus" }))).toEqual([409, "InvalidResourceGroupLocation"]);
    expect(await ask("PATCH", path, { tags: { c: "d" } })).toMatchObject({ body: { tags: { c: "d" } } });
    const identity = `${path}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id`;
    expect((await ask("PUT", `${identity}-x`, { location: "westeurope" }, "2025-05-31-preview")).status).toBe(201);
    expect(namesOf(await ask("GET", `${path}/resources`))).toEqual(["id-x"]);

    expect((await ask("DELETE", path)).status).toBe(200);

    expect((await ask("GET", path)).status).toBe(404);
    expect(context.world.identities.size).toBe(0);
  });
});

describe("an API version", () => {
  const identities = () => `${subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  test.each(["2024-11-30", "2025-05-31-preview", "2026-01-01"])("%s is served", async (version) => {
    expect((await ask("GET", identities(), undefined, version)).status).toBe(200);
  });
  test.each(["2024-12-01", "2017-01-01", "2099-01-01", "2025-13-45", "latest"])("%s is refused", async (version) => {
    expect(errorOf(await ask("GET", identities(), undefined, version))).toEqual([400, "InvalidApiVersionParameter"]);
  });
  test("of the cloud's endpoints decides on their form", async () => {
    const endpoints = (version: string) => ask("GET", "/metadata/endpoints", undefined, version);

    expect((await endpoints("2015-01-01")).body).toHaveProperty("galleryEndpoint");
    expect((await endpoints("2022-09-01")).body).toMatchObject({
      resourceManager: `${arm.url}/`,
      suffixes: { sqlServerHostname: "database.windows.net" },
    });
    expect((await endpoints("2019-05-01")).body).toMatchObject([{ name: "sandbox" }]);
  });
});

describe("a SQL server", () => {
  const version = "2025-01-01";
  const servers = () => `${subscription}/resourceGroups/rg-data/providers/Microsoft.Sql/servers`;

  beforeAll(async () => {
    await ask("PUT", `${subscription}/resourceGroups/rg-data`, { location: "westeurope" });
  });

  test("is listed, and created with an administrator", async () => {
    const sid = randomUUID();
    const administrators = {
      administratorType: "ActiveDirectory",
      login: "platform",
      sid,
      azureADOnlyAuthentication: true,
    };
    const body = { location: "westeurope", properties: { administrators } };

    expect((await ask("PUT", `${servers()}/sql-new`, { location: "westeurope" }, version)).status).toBe(400);
    expect(await ask("PUT", `${servers()}/sql-new`, body, version)).toMatchObject({
      status: 201,
      body: { name: "sql-new", properties: { administrators: { sid, azureADOnlyAuthentication: true } } },
    });
    expect(namesOf(await ask("GET", servers(), undefined, version))).toEqual(["sql-dev", "sql-new"]);
    expect(namesOf(await ask("GET", `${servers()}/sql-new/administrators`, undefined, version))).toEqual([
      "ActiveDirectory",
    ]);
    const only = `${servers()}/sql-new/azureADOnlyAuthentications/Default`;
    expect(await ask("GET", only, undefined, version)).toMatchObject({
      body: { properties: { azureADOnlyAuthentication: true } },
    });
    expect(namesOf(await ask("GET", `${servers()}/sql-new/firewallRules`, undefined, version))).toEqual([]);
    expect((await ask("DELETE", `${servers()}/sql-new`, undefined, version)).status).toBe(200);
    expect(namesOf(await ask("GET", servers(), undefined, version))).toEqual(["sql-dev"]);
  });

  test("gets databases with an SKU, and firewall rules", async () => {
    const path = `${servers()}/sql-dev`;
    const sku = { name: "S0", tier: "Standard" };

    expect(await ask("PUT", `${path}/databases/new`, { location: "westeurope", sku }, version)).toMatchObject({
      status: 201,
      body: { name: "new", sku },
    });
    expect(await ask("GET", `${path}/databases/orders`, undefined, version)).toMatchObject({
      body: { sku: { name: "GP_S_Gen5" } },
    });
    expect(errorOf(await ask("PUT", `${path}/databases/far`, { location: "eastus" }, version))).toEqual([
      409,
      "InvalidResourceLocation",
    ]);
    expect(context.world.sqlServers.get("sql-dev")?.databases).toEqual(new Set(["orders", "stock", "new"]));
    expect((await ask("DELETE", `${path}/databases/new`, undefined, version)).status).toBe(200);

    const range = { startIpAddress: "203.0.113.7", endIpAddress: "203.0.113.7" };
    expect((await ask("PUT", `${path}/firewallRules/mine`, { properties: range }, version)).status).toBe(201);
    const wrong = { properties: { ...range, endIpAddress: "everywhere" } };
    expect((await ask("PUT", `${path}/firewallRules/mine`, wrong, version)).status).toBe(400);
    expect(namesOf(await ask("GET", `${path}/firewallRules`, undefined, version))).toEqual([
      "AllowAllWindowsAzureIps",
      "mine",
    ]);
    expect((await ask("DELETE", `${path}/firewallRules/mine`, undefined, version)).status).toBe(200);
  });
});

describe("roles", () => {
  const version = "2022-04-01";
  const roles = () => `${subscription}/resourceGroups/rg-data/providers/Microsoft.Authorization`;

  test("are found by name, defined, assigned, and removed", async () => {
    const reader = `${roles()}/roleDefinitions?$filter=${encodeURIComponent("roleName eq 'reader'")}`;
    const { body } = await ask("GET", reader, undefined, version);
    expect(body).toMatchObject({
      value: [
        {
          // The subscription's id, at whatever scope it is read.
          id: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`,
          properties: { roleName: "Reader", type: "BuiltInRole" },
        },
      ],
    });
    const name = randomUUID();
    const definition = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
    const permissions = [{ actions: ["Microsoft.Sql/servers/read"], notActions: [] }];
    const properties = { roleName: "By hand", assignableScopes: [subscription], permissions };
    expect((await ask("PUT", definition, { properties }, version)).status).toBe(201);
    const other = definition.replace(name, randomUUID());
    expect(errorOf(await ask("PUT", other, { properties }, version))).toEqual([
      409,
      "RoleDefinitionWithSameNameExists",
    ]);

    const assignment = (id: string) => `${roles()}/roleAssignments/${id}`;
    const grant = { properties: { principalId: owner.principalId, roleDefinitionId: definition } };
    const id = randomUUID();
    expect((await ask("PUT", assignment(id), grant, version)).status).toBe(201);
    expect(errorOf(await ask("PUT", assignment(randomUUID()), grant, version))).toEqual([409, "RoleAssignmentExists"]);
    expect((await ask("PUT", assignment(id), grant, version)).status).toBe(200);
    const changed = { properties: { ...grant.properties, principalId: randomUUID() } };
    expect(errorOf(await ask("PUT", assignment(id), changed, version))).toEqual([
      400,
      "RoleAssignmentUpdateNotPermitted",
    ]);
    expect(errorOf(await ask("DELETE", definition, undefined, version))).toEqual([400, "RoleDefinitionHasAssignments"]);
    expect((await ask("DELETE", assignment(id), undefined, version)).status).toBe(200);
    expect((await ask("DELETE", assignment(id), undefined, version)).status).toBe(204);
    expect((await ask("DELETE", definition, undefined, version)).status).toBe(200);
    expect(errorOf(await ask("GET", definition, undefined, version))).toEqual([404, "RoleDefinitionDoesNotExist"]);
  });
});

describe("what a subscription has", () => {
  test("is listed, filtered, and found without a parent's path", async () => {
    const path = `${subscription}/resourceGroups/rg-identities/providers/Microsoft.ManagedIdentity`;
    await ask("PUT", `${path}/userAssignedIdentities/id-y`, { location: "westeurope" }, "2024-11-30");
    const filter = encodeURIComponent("resourceType eq 'Microsoft.Sql/servers'");

    expect(namesOf(await ask("GET", `${subscription}/resources?$filter=${filter}`))).toEqual(["sql-dev"]);
    expect((await ask("GET", `${subscription}/resources?$filter=odd`)).status).toBe(400);
    // As az resource show writes it.
    expect((await ask("GET", `${path}//userAssignedIdentities/id-y`, undefined, "2024-11-30")).status).toBe(200);
    const using = `${path}/userAssignedIdentities/id-y/listAssociatedResources`;
    expect((await ask("POST", using, {}, "2021-09-30-preview")).body).toMatchObject({ totalCount: 0 });
  });

  test("has locations and providers", async () => {
    expect(namesOf(await ask("GET", `${subscription}/locations`))).toContain("westeurope");
    const provider = `${subscription}/providers/Microsoft.Sql`;
    const sql = await ask("GET", provider);
    expect(sql).toMatchObject({ body: { registrationState: "Registered" } });
    expect(JSON.stringify(sql.body)).toContain('"resourceType":"servers"');
    expect(await ask("POST", `${provider}/register`)).toMatchObject({ status: 200, body: sql.body });
    expect(errorOf(await ask("GET", `${subscription}/providers/Microsoft.Nothing`))).toEqual([
      404,
      "InvalidResourceNamespace",
    ]);
  });

  test("refuses a path that is none", async () => {
    expect((await ask("GET", "/subscriptions/%zz/resourceGroups/rg")).status).toBeLessThan(500);
  });
});
