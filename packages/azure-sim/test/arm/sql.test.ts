import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startArm } from "../../src/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../src/simulator.ts";
import { createContext } from "../entra/fixture.ts";
import { addMooring, addSqlServer, clientsFor, collect, credentialOf } from "./fixture.ts";

let context: SimulatorContext;
let arm: Simulator;
let sql: ReturnType<typeof clientsFor>["sql"];

beforeAll(async () => {
  context = await createContext();
  const mooring = addMooring(context.world);
  arm = await startArm(context, { operationMs: 500 });
  sql = clientsFor(credentialOf(context.world, mooring), context.world.subscriptionId, arm.url).sql;
});

afterEach(() => context.faults.clear());
afterAll(() => arm.close());

test("shows a SQL server, its databases, its firewall and its Entra administrator", async () => {
  const server = addSqlServer(context.world);

  const found = await sql.servers.get("RG-DATA", "SQL-DEV", { expand: "administrators/activedirectory" });
  const databases = await collect(sql.databases.listByServer("rg-data", "sql-dev"));
  const administrators = await collect(sql.serverAzureADAdministrators.listByServer("rg-data", "sql-dev"));
  const rules = await collect(sql.firewallRules.listByServer("rg-data", "sql-dev"));

  expect(found).toMatchObject({
    location: "westeurope",
    fullyQualifiedDomainName: "sql-dev.database.windows.net",
    administrators: { login: "mooring", sid: server.entraAdmin?.objectId },
  });
  expect(databases.map(({ name }) => name)).toEqual(["master", "orders", "stock"]);
  expect((await sql.databases.get("rg-data", "sql-dev", "Orders")).name).toBe("orders");
  expect(administrators).toMatchObject([
    { login: "mooring", sid: server.entraAdmin?.objectId, tenantId: context.world.tenantId },
  ]);
  expect(rules).toMatchObject([{ startIpAddress: "0.0.0.0" }]);
});

test("sets and removes the Entra administrator by long-running operations", async () => {
  const server = addSqlServer(context.world, { name: "sql-bare", entraAdmin: undefined });
  const sid = randomUUID();
  await expect(sql.serverAzureADAdministrators.get("rg-data", "sql-bare", "ActiveDirectory")).rejects.toMatchObject({
    statusCode: 404,
  });

  const poller = await sql.serverAzureADAdministrators.beginCreateOrUpdate(
    "rg-data",
    "sql-bare",
    "ActiveDirectory",
    { administratorType: "ActiveDirectory", login: "mooring", sid },
    { updateIntervalInMs: 10 },
  );
  const before = server.entraAdmin;
  const done = await poller.pollUntilDone();

  expect(before).toBeUndefined();
  expect(done).toMatchObject({ name: "ActiveDirectory", login: "mooring", sid });
  expect(server.entraAdmin).toEqual({ login: "mooring", objectId: sid });

  await sql.serverAzureADAdministrators.beginDeleteAndWait("rg-data", "sql-bare", "ActiveDirectory", {
    updateIntervalInMs: 10,
  });

  expect(server.entraAdmin).toBeUndefined();
  expect(await collect(sql.serverAzureADAdministrators.listByServer("rg-data", "sql-bare"))).toEqual([]);
});

test("answers 404 for a server that does not exist, and for everything under it", async () => {
  await expect(sql.servers.get("rg-data", "sql-none")).rejects.toMatchObject({
    statusCode: 404,
    code: "ResourceNotFound",
  });
  await expect(collect(sql.databases.listByServer("rg-data", "sql-none"))).rejects.toMatchObject({
    statusCode: 404,
    code: "ParentResourceNotFound",
  });
});
