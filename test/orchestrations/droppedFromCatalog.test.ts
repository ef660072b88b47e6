/** A database, server or cluster that the catalog has dropped: access is taken away where it can be reached, the rest is named. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { acceptOffboarding, acceptOnboarding } from "../../src/functions/acceptance/acceptance.ts";
import type { Ports } from "../../src/ports.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { expectNothingLeft } from "../support/remains.ts";

const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const orders = { server: "sql-dev", database: "orders", roles: ["writer"] };
const parse = (databases: readonly object[]) =>
  OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases });
const berth = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(berth);

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

async function send(ports: Ports, request: OnboardingRequest) {
  const acceptance = createAcceptanceContext({ ports });
  const { operation } = await acceptOnboarding(acceptance, request, { isRemovalConfirmed: true });
  await acceptance.run();
  return cloud.operations.get(operation);
}

async function offboard(ports: Ports) {
  const acceptance = createAcceptanceContext({ ports });
  const { operation } = await acceptOffboarding(acceptance, berth);
  await acceptance.run();
  return cloud.operations.get(operation);
}

const usersIn = (database: string) => [...(cloud.users.get(`sql-dev/${database}`)?.keys() ?? [])];

/** What the steps named as left, in the order of the steps. */
function left() {
  return [...cloud.steps.values()].flatMap(({ name: step, notices = [] }) =>
    notices.filter(({ code }) => code === "LEFT_IN_PLACE").map(({ message }) => [step, message] as const),
  );
}

const failing = (error: Error): Ports["databases"] => ({
  inspect: (target, user) =>
    target.database === "orders" ? Promise.reject(error) : cloud.ports.databases.inspect(target, user),
  change: cloud.ports.databases.change,
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
    const operation = await offboard(restarted({ sqlServers: withoutDatabase }));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expectNothingLeft(cloud);
  });

  it("is named when it is gone from its server, too, and everything else is taken away", async () => {
    const databases = failing(new PermanentError("SQL_FORBIDDEN", "no such database"));

    const operation = await offboard(restarted({ sqlServers: withoutDatabase }, { databases }));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(left()).toEqual([
      ["checkDependants", expect.stringContaining('no longer lists database "sql-dev/orders"')],
      ["revokeDatabase", expect.stringContaining('no longer lists database "sql-dev/orders"')],
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

    const operation = await offboard(restarted({ sqlServers: otherServers }, { databases }));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expectNothingLeft(cloud);
    expect(new Set(hosts)).toEqual(new Set(["sql-dev.database.windows.net:1433"]));
  });

  it("is named at once when it does not answer", async () => {
    const inspect = () => Promise.reject(new TransientError("SQL_UNAVAILABLE", "no answer"));
    const databases = { ...cloud.ports.databases, inspect };

    const operation = await offboard(restarted({ sqlServers: otherServers }, { databases }));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(cloud.identities.size).toBe(0);
    expect(left().map(([step]) => step)).toEqual([
      "checkDependants",
      "checkDependants",
      "revokeDatabase",
      "revokeDatabase",
    ]);
  });

  it("is named when the record does not know where it was", async () => {
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (!record) throw new Error("it is not onboarded");
    const { servers: _servers, ...old } = record;
    cloud.namespaces.set("aks-dev/team-a", old as typeof record);

    const operation = await offboard(restarted({ sqlServers: otherServers }));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(left()).toHaveLength(4);
    expect(cloud.namespaces.size).toBe(0);
  });
});

it("takes the users of a namespace away whose cluster the catalog has dropped, and names the rest", async () => {
  const operation = await offboard(restarted({ clusters: otherClusters }));

  expect(operation).toMatchObject({ status: "Succeeded" });
  expect([...usersIn("messages"), ...usersIn("orders")]).toEqual([]);
  expect([...cloud.identities.keys()]).toEqual([name]);
  const named = new Set(left().map(([step]) => step));
  for (const step of ["removeServiceAccount", "unfederateIdentity", "removeIdentity", "removeNamespace"]) {
    expect(named, step).toContain(step);
  }
});
