/** Somebody renames the namespace's role on a PostgreSQL server: it still lets the identity in, under the other name. */

import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { postgresRoleName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createCalmPostgres, createServer, type PostgresServer } from "../proof/support/postgres.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { operate, send } from "../support/operations.ts";

const onServer = {
  kind: "postgresql",
  resourceId: "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg",
  ...{ host: "pg.postgres.database.azure.com", login: "mooring", access: ["read", "write"] },
};
const { targets } = Catalog.parse({
  ...usual,
  targets: {
    ledger: { ...onServer, database: "books", schema: "ledger" },
    stock: { ...onServer, database: "books", schema: "stock" },
  },
});
const asking = (...wanted: readonly string[]) =>
  OnboardingRequest.parse({
    ...{ cluster: "aks-dev", namespace: "team-a" },
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    ...(wanted.length > 0 ? { targets: wanted.map((target) => ({ target, access: ["read"] })) } : {}),
  });
const request = asking("ledger", "stock");
const name = postgresRoleName(request);

let cloud: FakeCloud;
let server: PostgresServer;

beforeEach(async () => {
  cloud = createFakeCloud({ targets });
  server = createServer({ books: ["ledger", "stock"] });
  providePorts(Object.assign(cloud.ports, { postgres: createCalmPostgres(server) }));
  await operate(cloud, "onboard", request);
});

function rename(to: string) {
  const found = server.roles.get(name);
  if (!found) throw new Error("there is no role");
  server.roles.delete(name);
  server.roles.set(to, found);
  for (const [key, right] of server.rights) if (right.role === name) server.rights.set(key, { ...right, role: to });
}

const rightsOf = (role: string) => [...server.rights.values()].filter((each) => each.role === role);

it("loses what a change leaves out, and goes with the last of it", async () => {
  rename("theirs");

  const narrowed = await send(cloud.ports, asking("ledger"));
  expect(narrowed).toMatchObject({ status: "Succeeded" });
  expect(rightsOf("theirs").map(({ schema }) => schema)).not.toContain("stock");

  await send(cloud.ports, asking());
  expect(server.roles.has("theirs")).toBe(false);
});

it("goes with an offboarding, even if its mark was lost", async () => {
  rename("theirs");
  const found = server.roles.get("theirs");
  if (found) server.roles.set("theirs", { ...found, comment: "mine" });

  const { operation } = await operate(cloud, "offboard", request);

  expect(operation.status).toBe("Succeeded");
  expect(server.roles.has("theirs")).toBe(false);
  expect(rightsOf("theirs")).toEqual([]);
});

it("stays if Mooring did not make it", async () => {
  const { principalId = "" } = server.roles.get(name) ?? {};
  server.roles.set("theirs", { id: "9", principalId, comment: "mine", canLogIn: true, isActedFor: false });

  const { operation } = await operate(cloud, "offboard", request);

  expect(operation.status).toBe("Succeeded");
  expect([...server.roles.keys()]).toContain("theirs");
  expect(server.roles.has(name)).toBe(false);
});
