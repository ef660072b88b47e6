/** A database, server or cluster that the catalog has dropped: access is taken away where it can be reached, the rest is named. */

import { beforeEach, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { summaryOfOperation } from "../../src/application/documents/operationDocument.ts";
import { exportAzureCli, exportKubernetes, exportTsql } from "../../src/application/inspection/exportNamespace.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { planMigration } from "../../src/application/plan/planMigration.ts";
import { planRepair } from "../../src/application/plan/planRepair.ts";
import { tidyLeftovers } from "../../src/application/recovery/watchLeftovers.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError, type TransientCode, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { unknownIdentity } from "../../src/resources/definitions/operationFacts.ts";
import { sqlUser } from "../../src/resources/target/resource.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { ended, offboard, repair, send } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";

const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const orders = { server: "sql-dev", database: "orders", roles: ["writer"] };
const parse = (databases: readonly object[]) =>
  OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases });
const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(namespaceRef);

const { "sql-dev": server, ...otherServers } = catalog.sqlServers;
const { orders: dropped, ...otherDatabases } = server?.databases ?? {};
const withoutDatabase = { ...otherServers, ...(server ? { "sql-dev": { ...server, databases: otherDatabases } } : {}) };
const { "aks-dev": _gone, ...otherClusters } = catalog.clusters;

let cloud: FakeCloud;
beforeEach(async () => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  await send(cloud.ports, parse([messages, orders]));
});

/** The service after a restart with another catalog. */
function restarted(changes: Partial<Ports["catalog"]>, ports: Partial<Ports> = {}): Ports {
  const next = { ...cloud.ports, ...ports, catalog: { ...catalog, ...changes } };
  providePorts(next);
  return next;
}

async function migrate(ports: Ports, to: "podIdentity" | undefined) {
  const acceptance = createAcceptanceContext({ ports });
  const migration = { until: "retire", serviceAccount: "app", selector: "messages", ...(to ? { to } : {}) } as const;
  return await ended(
    acceptance,
    await acceptUpkeep(acceptance, "Migrating", { namespaceRef, prepare: () => ({ migration }) }),
  );
}

function onboarded() {
  const { request, clientId = unknownIdentity.clientId } = cloud.namespaces.get("aks-dev/team-a") ?? {};
  if (!request) throw new Error("it is not onboarded");
  return { request, clientId };
}

/** Somebody took away what a repair brings back. */
function breakIt() {
  cloud.users.get("sql-dev/messages")?.clear();
  cloud.objects.delete("v1 ServiceAccount team-a/app");
}

const usersIn = (database: string) => [...(cloud.users.get(`sql-dev/${database}`)?.keys() ?? [])];

/** What the steps named as left, in the order of the steps. */
function left() {
  return [...cloud.steps.values()].flatMap(({ name: step, notices = [] }) =>
    notices.filter(({ code }) => code === "LEFT_IN_PLACE").map(({ message }) => [step, message] as const),
  );
}

/** The first calls meet something that passes. */
function failingTimes<In extends unknown[], Out>(
  times: number,
  call: (...input: In) => Promise<Out>,
  code: TransientCode = "SQL_UNAVAILABLE",
): typeof call {
  let left = times;
  return async (...input) => {
    left -= 1;
    if (left >= 0) throw new TransientError(code, "not now");
    return await call(...input);
  };
}

const failing = (error: Error): Ports["databases"] => ({
  ...cloud.ports.databases,
  inspect: (target, user) =>
    target.database === "orders" ? Promise.reject(error) : cloud.ports.databases.inspect(target, user),
});

describe("a database that the catalog has dropped", () => {
  it("loses its user in a change that leaves it out", async () => {
    const operation = await send(restarted({ sqlServers: withoutDatabase }), parse([messages]));

    expect(dropped).toBeDefined();
    expect(operation).toMatchObject({ kind: "change", status: "Succeeded" });
    expect(usersIn("orders")).toEqual([]);
    expect(left()).toEqual([]);
  });

  it("loses its user in an offboarding", async () => {
    const operation = await offboard(restarted({ sqlServers: withoutDatabase }), namespaceRef);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expectNothingLeft(cloud);
  });

  it("is not what a registry says that does not answer", async () => {
    const getNamespace = async () => Promise.reject(new TransientError("REGISTRY_UNAVAILABLE", "not now"));
    const ports = { ...cloud.ports, registry: { ...cloud.ports.registry, getNamespace } };

    const [revoking] = sqlUser.remains(ports, parse([messages]));

    await expect(revoking).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE", ifItLasts: undefined });
  });

  it("is named when it is gone from its server, too, and everything else is taken away", async () => {
    const databases = failing(new PermanentError("SQL_FORBIDDEN", "no such database"));

    const operation = await offboard(restarted({ sqlServers: withoutDatabase }, { databases }), namespaceRef);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(left()).toEqual([
      ["checkDependants", expect.stringContaining('no longer lists database "sql-dev/orders"')],
      ["revokeDatabase", expect.stringContaining('no longer lists database "sql-dev/orders"')],
      ["verifyRemoval", expect.stringContaining('no longer lists database "sql-dev/orders"')],
    ]);
    expect(usersIn("messages")).toEqual([]);
    expect(cloud.identities.size).toBe(0);
    expect(cloud.audit.map(({ what, target, action }) => [what, target, action])).toContainEqual([
      "revokeDatabase",
      "sql-dev/orders",
      "keep",
    ]);
  });
});

describe("a server that the catalog has dropped", () => {
  it("is reached at the host that Azure says, and at no other", async () => {
    const hosts: string[] = [];
    const databases: Ports["databases"] = {
      ...cloud.ports.databases,
      inspect(target, user) {
        hosts.push(`${target.server.host}:${target.server.port}`);
        return cloud.ports.databases.inspect(target, user);
      },
    };

    const operation = await offboard(restarted({ sqlServers: otherServers }, { databases }), namespaceRef);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expectNothingLeft(cloud);
    expect(new Set(hosts)).toEqual(new Set(["sql-dev.database.windows.net:1433"]));
  });

  it("is tried again when it does not answer: a database that resumes loses its user", async () => {
    const databases: Ports["databases"] = {
      ...cloud.ports.databases,
      change: failingTimes(1, cloud.ports.databases.change),
    };

    const operation = await offboard(restarted({ sqlServers: otherServers }, { databases }), namespaceRef);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(operation?.leftInPlace).toBeUndefined();
    expectNothingLeft(cloud);
  });

  it("is tried again while Mooring cannot log in, which lasts longer", async () => {
    const databases: Ports["databases"] = {
      ...cloud.ports.databases,
      change: failingTimes(4, cloud.ports.databases.change, "AUTHENTICATION_FAILED"),
    };

    const operation = await offboard(restarted({ sqlServers: otherServers }, { databases }), namespaceRef);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(operation?.leftInPlace).toBeUndefined();
    expectNothingLeft(cloud);
  });

  it.each(["SQL_UNAVAILABLE", "AUTHENTICATION_FAILED"] as const)(
    "is named when every attempt fails (%s), and everything else is taken away",
    async (code) => {
      const tried: string[] = [];
      const inspect: Ports["databases"]["inspect"] = ({ database }) => {
        tried.push(database);
        return Promise.reject(new TransientError(code, "no answer"));
      };
      const databases = { ...cloud.ports.databases, inspect };

      const operation = await offboard(restarted({ sqlServers: otherServers }, { databases }), namespaceRef);

      expect(operation).toMatchObject({ status: "Succeeded" });
      expect(cloud.identities.size).toBe(0);
      // The plan has looked, too.
      expect(tried.filter((each) => each === "orders").length).toBeGreaterThan(catalog.retry.attempts);
      expect(operation?.leftInPlace).toHaveLength(2);
      expect(left().map(([step]) => step)).toEqual([
        "checkDependants",
        "checkDependants",
        "revokeDatabase",
        "revokeDatabase",
        "verifyRemoval",
        "verifyRemoval",
      ]);
    },
  );

  /** The verification comes after the identity has gone. */
  const failingAtVerification =
    (inspect: Ports["databases"]["inspect"]): Ports["databases"]["inspect"] =>
    async (...input) =>
      await (cloud.identities.size === 0 ? inspect : cloud.ports.databases.inspect)(...input);

  it("is looked at again when it does not answer the verification: what is still there is found", async () => {
    const databases: Ports["databases"] = {
      ...cloud.ports.databases,
      // It says that it has removed the user, and has not.
      change: () => Promise.resolve(),
      inspect: failingAtVerification(failingTimes(2, cloud.ports.databases.inspect)),
    };

    const operation = await offboard(restarted({ sqlServers: otherServers }, { databases }), namespaceRef);

    expect(operation).toMatchObject({ status: "Failed", error: { code: "VERIFICATION_FAILED" } });
    expect(operation?.error?.message).toContain(`User ${name} is still in sql-dev/orders.`);
  });

  it("ends the offboarding when it never answers the verification, which says so", async () => {
    const inspect = failingAtVerification(() => Promise.reject(new TransientError("SQL_UNAVAILABLE", "no answer")));
    const databases = { ...cloud.ports.databases, inspect };

    const operation = await offboard(restarted({ sqlServers: otherServers }, { databases }), namespaceRef);

    expect(operation).toMatchObject({ status: "Succeeded" });
    const verification = [...cloud.steps.values()].find((step) => step.name === "verifyRemoval");
    expect(verification).toMatchObject({
      attempts: catalog.retry.attempts,
      notices: [{ code: "LEFT_IN_PLACE" }, { code: "LEFT_IN_PLACE" }],
    });
    expectNothingLeft(cloud);
  });

  it("is named when the record does not know where it was", async () => {
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (!record) throw new Error("it is not onboarded");
    const { servers: _servers, ...old } = record;
    cloud.namespaces.set("aks-dev/team-a", old as typeof record);

    const operation = await offboard(restarted({ sqlServers: otherServers }), namespaceRef);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(left()).toHaveLength(6);
    expect(cloud.namespaces.size).toBe(0);
  });
});

it("takes the users of a namespace away whose cluster the catalog has dropped, and names the rest", async () => {
  const operation = await offboard(restarted({ clusters: otherClusters }), namespaceRef);

  expect(operation).toMatchObject({ status: "Succeeded" });
  expect([...usersIn("messages"), ...usersIn("orders")]).toEqual([]);
  expect([...cloud.identities.keys()]).toEqual([name]);
  expect(summaryOfOperation(operation).leftInPlace).toContainEqual(
    expect.stringContaining(`remove identity ${name}: `),
  );
  const named = new Set(left().map(([step]) => step));
  for (const step of ["removeServiceAccount", "unfederateIdentity", "removeIdentity", "removeNamespace"]) {
    expect(named, step).toContain(step);
  }
});

describe("what stays in a cluster that the catalog has dropped", () => {
  const made = "ConfigMap mooring-databases, Namespace team-a, ServiceAccount app";
  const leftovers = () => cloud.ports.registry.listLeftovers();
  const watch = async (ports: Ports) =>
    await tidyLeftovers(ports, { log: () => undefined, warn: (line) => void warned.push(line) });
  let warned: string[];
  beforeEach(() => {
    warned = [];
  });

  it("is named, and goes when the cluster is back", async () => {
    const gone = restarted({ clusters: otherClusters });
    const operation = await offboard(gone, namespaceRef);

    expect(operation?.leftInPlace).toContainEqual(expect.stringContaining(`may still be there: ${made}.`));
    expect((await leftovers()).flatMap(({ what }) => what).join(" ")).toContain(made);
    await watch(gone);
    expect(warned.join(" ")).toContain("no cluster");
    expect(cloud.objects.size).toBeGreaterThan(0);
    await watch(restarted({}));
    expect(await leftovers()).toEqual([]);
    expectNothingLeft(cloud);
  });

  it("is left alone once an operation has begun for the namespace, between two removals, too", async () => {
    await offboard(restarted({ clusters: otherClusters }), namespaceRef);
    const ports = restarted({});
    const written: string[] = [];
    cloud.onWrite = ({ what, when }) => {
      if (when === "before") written.push(what);
    };
    const acceptance = createAcceptanceContext({ ports });
    // The timer has read that nobody holds it; a request comes before its first removal is sent.
    const getNamespace: Ports["registry"]["getNamespace"] = async (asked) => {
      const record = await ports.registry.getNamespace(asked);
      if (written.length === 0 && record === undefined) {
        written.push("request");
        await acceptOnboarding(acceptance, parse([messages]));
      }
      return record;
    };
    await watch({ ...ports, registry: { ...ports.registry, getNamespace } });

    expect(written.filter((what) => what.startsWith("remove"))).toEqual([]);
    expect(warned.join(" ")).toContain("has begun");
    expect(await leftovers()).not.toEqual([]);
  });

  it("is what a namespace has that was onboarded again since", async () => {
    await offboard(restarted({ clusters: otherClusters }), namespaceRef);
    const ports = restarted({});
    // It has no record any more: an operator would have to decide about it.
    cloud.identities.clear();
    expect((await send(ports, parse([messages]))).status).toBe("Succeeded");

    await watch(ports);

    expect(await leftovers()).toEqual([]);
    expect(cloud.objects.has("v1 ServiceAccount team-a/app")).toBe(true);
    expect(usersIn("messages")).toEqual([name]);
  });
});

describe("the repair of a namespace whose database the catalog has dropped", () => {
  it("puts everything else right, and names what it leaves", async () => {
    const ports = restarted({ sqlServers: withoutDatabase });
    breakIt();

    const plan = await planRepair(ports, { operation: "", ...onboarded() });
    const operation = await repair(ports, namespaceRef);

    expect(plan).toMatchObject({ blocked: false });
    expect(plan.steps.find(({ target }) => target === "sql-dev/orders")).toMatchObject({
      name: "grantDatabase",
      action: "keep",
      notices: [{ code: "LEFT_IN_PLACE" }],
    });
    expect(operation).toMatchObject({
      status: "Succeeded",
      leftInPlace: [
        expect.stringContaining('grant database access sql-dev/orders: The catalog lists no database "orders"'),
      ],
    });
    expect(usersIn("messages")).toEqual([name]);
    expect(cloud.objects.has("v1 ServiceAccount team-a/app")).toBe(true);
    expect(usersIn("orders")).toEqual([name]);
    expect(cloud.namespaces.get("aks-dev/team-a")?.findings).toMatchObject([
      { code: "NOT_IN_CATALOG", target: "sql-dev/orders", found: `${name} (db_datareader, db_datawriter)` },
    ]);
  });

  it("does not ask whether the team may have what nobody can give", async () => {
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (!record) throw new Error("it is not onboarded");
    cloud.namespaces.set("aks-dev/team-a", { ...record, team: "blue" });
    const databases = { "sql-dev": { messages: ["reader" as const] } };
    const blue = { clusters: ["aks-dev"], namespaces: ["team-*"], databases };
    const { teams } = Catalog.parse({ ...catalog, sqlServers: withoutDatabase, teams: { blue } });

    expect(await repair(restarted({ sqlServers: withoutDatabase, teams }), namespaceRef)).toMatchObject({
      status: "Succeeded",
    });
  });

  it("leaves a database alone in a change that still names it: a change gives, and is refused", async () => {
    const operation = await send(
      restarted({ sqlServers: withoutDatabase }),
      parse([{ ...messages, roles: ["writer"] }, orders]),
    );

    expect(operation).toMatchObject({ kind: "change", status: "Failed", error: { code: "UNKNOWN_DATABASE" } });
  });
});

describe("a namespace whose cluster the catalog has dropped", () => {
  it.each(["repair", "migrate"] as const)("cannot %s, and learns what it still can", async (act) => {
    const ports = restarted({ clusters: otherClusters });

    const operation = await (act === "repair" ? repair(ports, namespaceRef) : migrate(ports, "podIdentity"));

    expect(operation).toMatchObject({ status: "Failed", error: { code: "UNKNOWN_CLUSTER" } });
    expect(operation?.error?.fix).toContain("can still be offboarded (DELETE /api/namespaces/{cluster}/{namespace})");
    expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({ state: "Onboarded" });
  });
});

it("repairs everything but a database whose role the catalog no longer allows, and names that", async () => {
  const { orders: entry, ...others } = server?.databases ?? {};
  const databases = { ...others, ...(entry ? { orders: { ...entry, roles: ["reader" as const] } } : {}) };
  const sqlServers = { ...otherServers, ...(server ? { "sql-dev": { ...server, databases } } : {}) };
  const ports = restarted({ sqlServers });
  breakIt();

  const plan = await planRepair(ports, { operation: "", ...onboarded() });
  const operation = await repair(ports, namespaceRef);

  expect(plan).toMatchObject({ blocked: false });
  expect(operation).toMatchObject({
    status: "Succeeded",
    leftInPlace: [expect.stringContaining("grant database access sql-dev/orders: The catalog does not allow writer")],
  });
  expect(usersIn("messages")).toEqual([name]);
  expect(cloud.users.get("sql-dev/orders")?.get(name)?.roles).toContain("db_datawriter");
  expect(await send(ports, parse([messages, { ...orders, roles: ["writer", "reader"] }]))).toMatchObject({
    status: "Failed",
    error: { code: "ROLE_NOT_ALLOWED" },
  });
});

it("repairs what a dropped server does not touch, and leaves a ConfigMap whose addresses nobody knows any more", async () => {
  const ports = restarted({ sqlServers: otherServers });
  const before = cloud.objects.get("v1 ConfigMap team-a/mooring-databases");
  cloud.objects.delete("v1 ServiceAccount team-a/app");

  const operation = await repair(ports, namespaceRef);

  expect(operation).toMatchObject({ status: "Succeeded" });
  expect(operation).toMatchObject({
    leftInPlace: [
      expect.stringContaining("apply namespace"),
      expect.stringContaining("grant database access sql-dev/messages"),
      expect.stringContaining("grant database access sql-dev/orders"),
    ],
  });
  expect(cloud.objects.has("v1 ServiceAccount team-a/app")).toBe(true);
  expect(cloud.objects.get("v1 ConfigMap team-a/mooring-databases")).toEqual(before);
});

describe("the verification of a namespace whose database the catalog has dropped", () => {
  it("names it, with what the identity has there", async () => {
    const { findings } = await proveNamespace(restarted({ sqlServers: withoutDatabase }), onboarded(), "run");

    expect(findings).toMatchObject([{ code: "NOT_IN_CATALOG", target: "sql-dev/orders" }]);
  });

  it.each([new PermanentError("SQL_FORBIDDEN", "no such database"), new TransientError("SQL_UNAVAILABLE", "paused")])(
    "names it with the code when it cannot be read: %s",
    async (error) => {
      const ports = restarted({ sqlServers: withoutDatabase }, { databases: failing(error) });

      const { findings } = await proveNamespace(ports, onboarded(), "run");

      expect(findings).toMatchObject([{ code: "NOT_IN_CATALOG", found: expect.stringContaining("cannot be re") }]);
    },
  );

  it("names every database of a dropped server, and the ConfigMap that cannot be compared", async () => {
    const { findings } = await proveNamespace(restarted({ sqlServers: otherServers }), onboarded(), "run");

    expect(findings.map(({ code, target }) => [code, target])).toEqual(
      expect.arrayContaining([
        ["NOT_IN_CATALOG", "ConfigMap mooring-databases"],
        ["NOT_IN_CATALOG", "sql-dev/messages"],
        ["NOT_IN_CATALOG", "sql-dev/orders"],
      ]),
    );
    expect(findings).toHaveLength(3);
  });
});

describe("the export of a namespace", () => {
  it("has everything but a database that the catalog has dropped, and says so", () => {
    const { catalog: now } = restarted({ sqlServers: withoutDatabase });

    const tsql = exportTsql(now, onboarded());
    expect(tsql).toContain("-- messages on sql-dev.database.windows.net,1433");
    expect(tsql).toContain('-- Left out: sql-dev/orders. The catalog lists no database "orders" on "sql-dev".');
    expect(tsql.match(/CREATE USER/g)).toHaveLength(1);
    expect(exportTsql(now, onboarded(), "sql-dev/orders")).not.toContain("CREATE USER");
    const kubernetes = parseAllDocuments(exportKubernetes(now, onboarded()));
    expect(kubernetes.map((document) => document.get("kind"))).toEqual(["Namespace", "ConfigMap", "ServiceAccount"]);
    expect(exportAzureCli(now, onboarded())).toContain("az identity create");
  });

  it("has everything but what a dropped server is needed for", () => {
    const { catalog: now } = restarted({ sqlServers: otherServers });

    const kubernetes = exportKubernetes(now, onboarded());
    expect(kubernetes).toContain('# Left out: ConfigMap mooring-databases. The catalog has no SQL server "sql-dev".');
    const kinds = parseAllDocuments(kubernetes).map((document) => document.get("kind"));
    expect(kinds).toEqual(["Namespace", "ServiceAccount"]);
    expect(exportTsql(now, onboarded()).match(/^-- Left out/gm)).toHaveLength(2);
  });

  it("has the users of a namespace whose cluster the catalog has dropped", () => {
    const { catalog: now } = restarted({ clusters: otherClusters });

    expect(exportTsql(now, onboarded()).match(/CREATE USER/g)).toHaveLength(2);
    expect(exportAzureCli(now, onboarded())).toContain('# Left out: identity. The catalog has no cluster "aks-dev".');
  });
});

it("migrates a namespace whose database the catalog has dropped, there and back", async () => {
  const ports = restarted({ sqlServers: withoutDatabase });
  const migration = { until: "retire", to: "podIdentity", serviceAccount: "app", selector: "messages" } as const;

  const plan = await planMigration(ports, { operation: "", ...onboarded(), migration });

  expect(plan).toMatchObject({ blocked: false });
  expect(await migrate(ports, "podIdentity")).toMatchObject({ status: "Succeeded" });
  expect(await migrate(ports, undefined)).toMatchObject({ status: "Succeeded" });
  expect(usersIn("orders")).toEqual([name]);
  expect(cloud.namespaces.get("aks-dev/team-a")?.findings).toMatchObject([
    { code: "NOT_IN_CATALOG", target: "sql-dev/orders" },
  ]);
});
