/** What is asked once for all namespaces, and what is believed of the answer. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { aroundPorts } from "../../src/application/aroundPorts.ts";
import { inspectionOf, recordFindings } from "../../src/application/inspection/driftRecord.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { withIndex } from "../../src/application/readIndex.ts";
import { findCluster } from "../../src/domain/catalog/clusters.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { everyDatabase } from "../../src/domain/targets/sqlDatabase.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf } from "../support/ids.ts";
import { assign } from "../support/models/azure.ts";
import { operate } from "../support/operations.ts";

const keptMs = 300_000;
const requestFor = (namespace: string) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  });

let cloud: FakeCloud;
let ports: Ports;
let asked: string[];

beforeEach(async () => {
  cloud = createFakeCloud();
  asked = [];
  ports = counting(withIndex(cloud.ports, keptMs));
  providePorts(ports);
  for (const namespace of ["team-a", "team-b"]) await operate(cloud, "onboard", requestFor(namespace));
  asked.length = 0;
});
afterEach(() => void vi.restoreAllMocks());

function counting(given: Ports): Ports {
  return aroundPorts(given, (call) => {
    asked.push(`${call.port}.${call.method}`);
    return call.go();
  });
}

function count(call: string): number {
  return asked.filter((each) => each === call).length;
}

function recordOf(namespace: string) {
  const found = cloud.namespaces.get(`aks-dev/${namespace}`);
  if (!found) throw new Error(`${namespace} is not onboarded`);
  return found;
}

async function codes(namespace: string, more: { isFresh?: boolean } = {}, asking = ports) {
  const found = await inspectNamespace(asking, { ...inspectionOf(recordOf(namespace)), ...more });
  return found.map(({ code }) => code);
}

function giveUser(namespace: string) {
  const sid = sidFromClientId(clientIdOf(recordOf(namespace).clientId ?? ""));
  const rights = { roles: ["db_datawriter"], permissions: [], ownedSchemas: [] };
  cloud.users.get("sql-dev/orders")?.set("added", { name: "added", type: "E", sid, mark: undefined, ...rights });
}

function giveRole(namespace: string) {
  const scope = "/subscriptions/s/resourceGroups/rg-logs";
  const principalId = cloud.identities.get(identityName(requestFor(namespace)))?.principalId ?? "";
  const roleDefinitionId = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/reader";
  assign(cloud, { id: `${scope}/assignment`, roleDefinitionId, principalId, scope });
}

describe("what an identity has elsewhere", () => {
  it("is asked for once, for all namespaces", async () => {
    giveRole("team-b");
    expect(await codes("team-a")).toEqual([]);
    expect(await codes("team-b")).toEqual(["ROLE_ADDED"]);

    expect(count("databases.inspectAll")).toBe(1);
    // The clusters' subscription, and the servers'.
    expect(count("roleAssignments.givenIn")).toBe(2);
  });

  it("is found when the list is old, and at once by a fresh look", async () => {
    await codes("team-a");
    giveUser("team-a");

    expect(await codes("team-a")).toEqual([]);
    expect(await codes("team-a", { isFresh: true })).toEqual(["USER_ADDED"]);
    const now = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(now + keptMs);
    expect(await codes("team-a")).toEqual(["USER_ADDED"]);
  });

  it("is found at once where Mooring itself has written it", async () => {
    await codes("team-a");
    const orders = everyDatabase(ports.catalog).find(({ database }) => database === "orders");
    const sid = sidFromClientId(clientIdOf(recordOf("team-a").clientId ?? ""));
    if (!orders) throw new Error("the catalog has no such database");

    await ports.databases.change(orders, [{ kind: "createFromSid", user: "left", sid }]);
    expect(await codes("team-a")).toEqual(["USER_ADDED"]);
    const listsOf = async () => {
      asked.length = 0;
      await codes("team-b");
      return count("kubernetes.list");
    };
    expect(await listsOf()).toBe(0);
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "left", namespace: "team-a" } };
    await ports.kubernetes.apply(findCluster(ports.catalog, "aks-dev"), account);
    expect(await listsOf()).toBe(1);
  });

  it("is no finding any more once it has gone", async () => {
    giveUser("team-a");
    expect(await codes("team-a")).toEqual(["USER_ADDED"]);

    cloud.users.get("sql-dev/orders")?.delete("added");

    expect(await codes("team-a")).toEqual([]);
  });

  it("is asked for by itself where Mooring may not list everybody's", async () => {
    const givenIn = vi.fn(() => Promise.reject(new PermanentError("ARM_FORBIDDEN", "roleAssignments/read")));
    const limited = { ...ports, roleAssignments: { ...ports.roleAssignments, givenIn } };
    giveRole("team-a");

    expect(await codes("team-a", {}, limited)).toEqual(["ROLE_ADDED"]);
    expect(await codes("team-b", {}, limited)).toEqual([]);
    expect(givenIn).toHaveBeenCalledTimes(2);
  });

  it("is removed by a repair that a finding asks for, though the list is older", async () => {
    const name = identityName(requestFor("team-a"));
    const own = cloud.users.get("sql-dev/messages")?.get(name);
    const hasUser = () => cloud.users.get("sql-dev/orders")?.has(name);
    if (!own) throw new Error("there is no user");
    await codes("team-a");
    cloud.users.get("sql-dev/orders")?.set(name, own);
    await operate(cloud, "repair", requestFor("team-a"));
    expect(hasUser()).toBe(true);

    const record = await ports.registry.getNamespace(requestFor("team-a"));
    if (record?.state !== "Onboarded") throw new Error("it is not onboarded");
    const findings = await inspectNamespace(ports, { ...inspectionOf(record), isFresh: true });
    await recordFindings(ports, record, { findings, things: [] });
    await operate(cloud, "repair", requestFor("team-a"));

    expect(findings).toMatchObject([{ code: "GRANT_SURPLUS" }]);
    expect(hasUser()).toBe(false);
  });

  it("is not asked for when the identity is new", async () => {
    await operate(cloud, "onboard", requestFor("team-c"));

    expect(recordOf("team-c")).toMatchObject({ state: "Onboarded", findings: [] });
    expect(count("roleAssignments.givenIn") + count("roleAssignments.givenTo")).toBe(0);
  });
});

describe("what a place has to be", () => {
  it("is asked once for all onboardings", async () => {
    await operate(cloud, "onboard", requestFor("team-c"));

    expect(count("sqlServers.inspect")).toBe(0);
  });

  it("is asked anew before an obstacle is named", async () => {
    const { sqlServers, ...others } = withIndex(cloud.ports, keptMs);
    const onboard = async (inspect: typeof sqlServers.inspect) => {
      providePorts({ ...others, sqlServers: { ...sqlServers, inspect } });
      return (await operate(cloud, "onboard", requestFor("team-c"))).operation;
    };
    expect(await onboard(async () => undefined)).toMatchObject({ error: { code: "SQL_SERVER_MISSING" } });

    expect(await onboard(sqlServers.inspect)).toMatchObject({ status: "Succeeded" });
  });
});
