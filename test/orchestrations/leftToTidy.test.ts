/** What an operation leaves to be tidied up, and the watch that tries again. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { watchLeftovers } from "../../src/application/recovery/watchLeftovers.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { identityName, postgresRoleName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { ownRoles } from "../../src/domain/targets/databaseRoles.ts";
import {
  addRight,
  admins,
  createCalmPostgres,
  createServer,
  makeItem,
  type PostgresServer,
  removeRights,
} from "../proof/support/postgres.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { offboard, repair, send } from "../support/operations.ts";
import { everyEntry } from "../support/targetEntries.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const role = postgresRoleName(namespaceRef);
const { targets } = Catalog.parse({
  ...usual,
  targets: { ledger: { ...everyEntry["postgresql"], schema: "public" }, uploads: everyEntry["keyVaultSecrets"] },
});
let cloud: FakeCloud;
let server: PostgresServer;

beforeEach(() => {
  cloud = createFakeCloud({ targets });
  server = createServer({ books: ["public"], elsewhere: ["public"] });
  makeItem(server, { database: "books", schema: "public", name: "entries", kind: "TABLES", owner: admins });
  Object.assign(cloud.ports, { postgres: createCalmPostgres(server) });
  providePorts(cloud.ports);
});

const asking = (...names: readonly string[]) =>
  OnboardingRequest.parse({ ...namespaceRef, targets: names.map((target) => ({ target, access: ["read"] })) });
const leftovers = () => cloud.ports.registry.listLeftovers();

async function watch(): Promise<readonly string[]> {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  await watchLeftovers(cloud.ports).look({ log, warn: log });
  return lines;
}

/** As `SELECT lo_create(0)` does. */
async function cling(): Promise<void> {
  expect((await send(cloud.ports, asking("ledger", "uploads"))).status).toBe("Succeeded");
  addRight(server, { role, right: "USAGE", database: "elsewhere", schema: "public" });
}

const letGo = () => removeRights(server, ({ database }) => database === "elsewhere");

it.each(["a change", "an offboarding"])(
  "ends well after %s that revokes everything, and goes when it can",
  async (how) => {
    await cling();

    const operation =
      how === "a change" ? await send(cloud.ports, asking("uploads")) : await offboard(cloud.ports, namespaceRef);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(operation.leftInPlace?.join()).toContain(role);
    expect(server.roles.get(role)).toMatchObject({ canLogIn: false });
    expect([...server.rights.values()].map(({ database }) => database)).toEqual(["elsewhere"]);
    expect(await leftovers()).toMatchObject([{ ...namespaceRef, target: "ledger", operation: operation.id }]);
    expect((await watch()).join()).toContain("still to tidy up");
    expect(await leftovers()).toHaveLength(1);
    letGo();
    expect((await watch()).join()).toContain("tidied up");
    expect(server.roles.has(role)).toBe(false);
    expect(await leftovers()).toEqual([]);
    expect(await watch()).toEqual([]);
  },
);

it("takes nothing from a namespace that has asked again", async () => {
  await cling();
  await send(cloud.ports, asking("uploads"));
  letGo();

  expect((await send(cloud.ports, asking("ledger", "uploads"))).status).toBe("Succeeded");
  expect((await watch()).join()).toContain("tidied up");

  expect(server.roles.get(role)).toMatchObject({ canLogIn: true });
  expect([...server.rights.values()].filter((each) => each.role === role).length).toBeGreaterThan(0);
  expect(await leftovers()).toEqual([]);
});

it("waits while an operation holds the namespace", async () => {
  await cling();
  await send(cloud.ports, asking("uploads"));
  letGo();
  const record = cloud.namespaces.get("aks-dev/team-a");
  if (record) cloud.namespaces.set("aks-dev/team-a", { ...record, state: "Repairing" } as never);

  expect((await watch()).join()).toContain("still to tidy up");

  expect(server.roles.has(role)).toBe(true);
  expect(await leftovers()).toHaveLength(1);
});

describe("a user that Mooring may neither drop nor shut", () => {
  const own = ownRoles.map(({ name }) => name);
  const both = OnboardingRequest.parse({
    ...namespaceRef,
    databases: ["messages", "orders"].map((database) => ({ server: "sql-dev", database, roles: ["reader"] })),
  });
  const [messages] = both.databases;
  const one = OnboardingRequest.parse({ ...both, databases: [messages] });
  const name = identityName(namespaceRef);
  const userIn = (database: string) => cloud.users.get(`sql-dev/${database}`)?.get(name);

  async function verify() {
    const { request, clientId, things } = cloud.namespaces.get("aks-dev/team-a") ?? {};
    if (!request || !clientId) throw new Error("it is not onboarded");
    const { findings } = await proveNamespace(cloud.ports, { request, clientId, things }, "run");
    return findings.map(({ code, target }) => [code, target]);
  }

  beforeEach(async () => {
    cloud.roles.push(...own);
    const { databases } = cloud.ports;
    const least = { changeableRoles: own, mayChangeRoles: false, mayGrant: false };
    Object.assign(cloud.ports, {
      databases: {
        ...databases,
        inspect: async (...asked: Parameters<typeof databases.inspect>) => ({
          ...(await databases.inspect(...asked)),
          ...least,
        }),
      },
    });
    expect((await send(cloud.ports, both)).status).toBe("Succeeded");
    const user = userIn("orders");
    if (user) cloud.users.get("sql-dev/orders")?.set(name, { ...user, dependants: ["certificate signing"] });
    const ended = await send(cloud.ports, one);
    expect(ended).toMatchObject({ status: "Succeeded", leftInPlace: [expect.stringContaining("certificate signing")] });
  });

  it("has no right left, and is no error while it waits to be dropped", async () => {
    expect(userIn("orders")).toMatchObject({ roles: [], permissions: [] });
    expect(await verify()).toEqual([]);
    expect((await repair(cloud.ports, namespaceRef)).status).toBe("Succeeded");
  });

  it("is one as soon as it has a right again", async () => {
    const user = userIn("orders");
    if (user) cloud.users.get("sql-dev/orders")?.set(name, { ...user, roles: ["db_datareader"] });

    expect(await verify()).toEqual([["GRANT_SURPLUS", "sql-dev/orders"]]);
  });
});

describe("what an operation opens again", () => {
  const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
  const orders = { ...messages, database: "orders" };
  const fail = (write: string) => {
    cloud.onWrite = ({ what, when }) => {
      if (when === "before" && what === write) throw new PermanentError("SQL_FORBIDDEN", "refused");
    };
  };

  it("is shut by its undo: a role on a server", async () => {
    await cling();
    await send(cloud.ports, asking("uploads"));
    expect(server.roles.get(role)).toMatchObject({ canLogIn: false });
    fail("change sql-dev/messages");

    const more = OnboardingRequest.parse({ ...asking("ledger", "uploads"), databases: [messages] });
    expect(await send(cloud.ports, more)).toMatchObject({ status: "Failed", error: { code: "SQL_FORBIDDEN" } });

    expect(server.roles.get(role)).toMatchObject({ canLogIn: false });
  });

  it("is shut by its undo: a user of a database", async () => {
    const name = identityName(namespaceRef);
    const userIn = () => cloud.users.get("sql-dev/messages")?.get(name);
    const asked = (databases: readonly object[]) => OnboardingRequest.parse({ ...asking("uploads"), databases });
    expect((await send(cloud.ports, asked([messages]))).status).toBe("Succeeded");
    const user = userIn();
    if (user) cloud.users.get("sql-dev/messages")?.set(name, { ...user, ownedSchemas: ["app"] });
    expect((await send(cloud.ports, asked([]))).status).toBe("Succeeded");
    expect(userIn()).toMatchObject({ isDisabled: true });
    fail("change sql-dev/orders");

    expect((await send(cloud.ports, asked([messages, orders]))).status).toBe("Failed");

    expect(userIn()).toMatchObject({ isDisabled: true, roles: [] });
  });
});
