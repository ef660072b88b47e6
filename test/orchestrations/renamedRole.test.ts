/**
 * A PostgreSQL role is known by whom it lets in, too: neither another name nor another role for the same identity keeps what Mooring
 * gave, unseen.
 */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { inspectionOf } from "../../src/application/inspection/driftRecord.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { postgresRoleName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import {
  addMember,
  addRight,
  admins,
  createCalmPostgres,
  createServer,
  makeItem,
  type PostgresServer,
  renameRole,
} from "../proof/support/postgres.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { clientIdOf, principalIdOf } from "../support/ids.ts";
import { offboard, operate, repair, send } from "../support/operations.ts";

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
  for (const schema of ["ledger", "stock"])
    makeItem(server, { database: "books", schema, name: "entries", kind: "TABLES", owner: admins });
  providePorts(Object.assign(cloud.ports, { postgres: createCalmPostgres(server) }));
  await operate(cloud, "onboard", request);
});

const rightsOf = (role: string) => [...server.rights.values()].filter((each) => each.role === role);

async function findings() {
  const record = cloud.namespaces.get("aks-dev/team-a");
  if (!record) throw new Error("it is not onboarded");
  return (await inspectNamespace(cloud.ports, inspectionOf(record))).map(({ code, target, found }) => [
    code,
    target,
    found,
  ]);
}

describe("a role that somebody renamed", () => {
  beforeEach(() => renameRole(server, name, "theirs"));

  it("loses what a change leaves out, and goes with the last of it", async () => {
    const narrowed = await send(cloud.ports, asking("ledger"));
    expect(narrowed).toMatchObject({ status: "Succeeded" });
    expect(rightsOf("theirs").map(({ schema }) => schema)).not.toContain("stock");

    await send(cloud.ports, asking());
    expect(server.roles.has("theirs")).toBe(false);
  });

  it("goes with an offboarding, even if its mark was lost", async () => {
    const found = server.roles.get("theirs");
    if (found) server.roles.set("theirs", { ...found, comment: "mine" });

    const { operation } = await operate(cloud, "offboard", request);

    expect(operation.status).toBe("Succeeded");
    expect(server.roles.has("theirs")).toBe(false);
    expect(rightsOf("theirs")).toEqual([]);
  });
});

/** Somebody makes one for the same identity, and gives it something on a schema: by itself, or by a group. */
function makeAnother(schema: string, way: "itself" | "group" = "itself") {
  const [{ principalId } = { principalId: "" }] = cloud.identities.values();
  const role = way === "itself" ? "theirs" : "readers";
  server.roles.set("theirs", { id: "9", principalId, comment: "mine", canLogIn: true, isActedFor: false });
  if (way === "group") {
    server.roles.set("readers", { id: "8", canLogIn: false, isActedFor: false });
    addMember(server, "readers", "theirs");
  }
  addRight(server, { role, right: "SELECT ON TABLES", database: "books", schema, item: "entries" });
}

describe("another role that lets the identity in", () => {
  it("stays, and stops nothing, if it can use nothing", async () => {
    const { principalId = "" } = server.roles.get(name) ?? {};
    server.roles.set("theirs", { id: "9", principalId, comment: "mine", canLogIn: true, isActedFor: false });

    expect(await send(cloud.ports, asking("ledger"))).toMatchObject({ status: "Succeeded" });
    expect(await offboard(cloud.ports, request)).toMatchObject({ status: "Succeeded" });
    expect([...server.roles.keys()]).toContain("theirs");
    expect(server.roles.has(name)).toBe(false);
  });

  it.each(["itself", "group"] as const)(
    "stays after a change that leaves its schema out, and is named, if it has the rights by %s",
    async (way) => {
      makeAnother("stock", way);

      const operation = await send(cloud.ports, asking("ledger"));

      expect(operation).toMatchObject({ status: "Succeeded" });
      expect(keptByOthers()).toContain(
        "On stock the identity is also role theirs (SELECT ON TABLES), which somebody else made.",
      );
      expect(rightsOf(name).map(({ schema }) => schema)).not.toContain("stock");
    },
  );

  it("is named, too, if it is for an identity that somebody has put in the place of the first", async () => {
    const [[key, first] = ["", undefined]] = cloud.identities;
    if (!first) throw new Error("there is no identity");
    const ids = {
      clientId: clientIdOf("99999999-9999-4999-8999-999999999998"),
      principalId: principalIdOf("99999999-9999-4999-8999-999999999999"),
    };
    cloud.identities.set(key, { ...first, ...ids, tags: {} });
    makeAnother("stock");

    expect(await send(cloud.ports, asking("ledger"))).toMatchObject({ status: "Succeeded" });
    expect(keptByOthers()).toContain("role theirs (SELECT ON TABLES)");
  });

  it.each(["itself", "group"] as const)(
    "is an Error where the request asks for its schema, and stops what would give something there: by %s",
    async (way) => {
      makeAnother("ledger", way);

      expect(await findings()).toContainEqual([
        "TARGET_REACHED",
        "ledger",
        `role theirs (SELECT ON TABLES) in books/ledger at ${onServer.resourceId}`,
      ]);
      for (const ended of [
        await send(cloud.ports, asking("ledger")),
        (await operate(cloud, "repair", request)).operation,
      ])
        expect(ended).toMatchObject({ status: "Failed", error: { code: "POSTGRES_PRINCIPAL_TAKEN" } });
      expect(rightsOf(name).map(({ schema }) => schema)).toContain("stock");
    },
  );

  it("stays after an offboarding, and is named", async () => {
    makeAnother("stock");

    const plan = await planOffboarding(cloud.ports, { request });
    const done = await offboard(cloud.ports, request);

    expect(plan.blocked).toBe(false);
    expect(done).toMatchObject({ status: "Succeeded" });
    expect(keptByOthers()).toContain("role theirs");
    expect([...server.roles.keys()]).toContain("theirs");
    expect(server.roles.has(name)).toBe(false);
  });
});

/** What the operations say of access that others gave. */
function keptByOthers(): string {
  const notices = [...cloud.steps.values()].flatMap((step) => step.notices ?? []);
  return notices.flatMap(({ code, message }) => (code === "TARGET_ACCESS_OF_OTHERS" ? [message] : [])).join(" ");
}

describe("what others gave the namespace's own role", () => {
  const give = (right: "DELETE ON TABLES" | "SELECT ON TABLES", schema: string) =>
    addRight(server, { role: name, right, database: "books", schema, item: "entries" });

  it("stays after a change that leaves its schema out while the role stays for another, and is named", async () => {
    give("DELETE ON TABLES", "stock");

    const operation = await send(cloud.ports, asking("ledger"));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(keptByOthers()).toContain("On stock somebody else gave the identity DELETE ON TABLES");
  });

  it("goes with the last of its targets", async () => {
    give("DELETE ON TABLES", "stock");

    expect(await send(cloud.ports, asking())).toMatchObject({ status: "Succeeded" });
    expect(server.roles.has(name)).toBe(false);
  });

  it("counts where it comes by another role", async () => {
    server.roles.set("clerks", { id: "8", canLogIn: false, isActedFor: false });
    addRight(server, {
      role: "clerks",
      right: "DELETE ON TABLES",
      database: "books",
      schema: "ledger",
      item: "entries",
    });
    addMember(server, "clerks", name);

    expect(await findings()).toEqual([["GRANT_ADDED", "ledger", "by another role, of which it is a member"]]);
    expect(await send(cloud.ports, asking("stock"))).toMatchObject({ status: "Succeeded" });
    expect(keptByOthers()).toContain("ledger");
  });

  it("is named by a change if the role was there before, and stays after an offboarding", async () => {
    await offboard(cloud.ports, request);
    const { ports } = cloud;
    const ref = { subscriptionId: "s", resourceGroup: "g", name: [...cloud.identities.keys()][0] ?? name };
    const { principalId } = await ports.identities.put(ref, { location: "westeurope", tags: {} });
    server.roles.set(name, { id: "7", principalId, canLogIn: true, isActedFor: true });
    const always = (...wanted: readonly string[]) => ({ ...asking(...wanted), adoptionPolicy: "Always" as const });
    expect(await send(ports, always("ledger", "stock"))).toMatchObject({ status: "Succeeded" });
    give("DELETE ON TABLES", "stock");

    expect(await send(ports, always("ledger"))).toMatchObject({ status: "Succeeded" });
    expect(keptByOthers()).toContain("stock");
    expect(await offboard(ports, request)).toMatchObject({ status: "Succeeded" });
    expect(server.roles.has(name)).toBe(true);
  });
});

it("loses what a late write of Mooring's gave it where no request has a target, in the next repair", async () => {
  const [earlier, given] = [server.roles.get(name), [...server.rights]];
  if (!earlier) throw new Error("there is no role");
  expect((await send(cloud.ports, asking("ledger"))).status).toBe("Succeeded");
  const now = [...server.rights.keys()];
  server.roles.set(name, earlier);
  for (const [key, right] of given) server.rights.set(key, right);

  // Nobody has looked since.
  expect((await repair(cloud.ports, request))?.status).toBe("Succeeded");

  expect([...server.rights.keys()].toSorted()).toEqual(now.toSorted());
  expect(cloud.namespaces.get("aks-dev/team-a")?.findings ?? []).toEqual([]);
});
