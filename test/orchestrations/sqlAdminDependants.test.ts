/** The undo of a SQL administrator leaves it while another namespace needs it, whichever of its requests does. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import type { PreviousRecord } from "../../src/domain/operation/namespaceRecord.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import type { Registry } from "../../src/ports/registry.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

const admin = { login: "mooring", objectId: "33333333-3333-4333-8333-333333333333" };
const [server] = Object.values(catalog.sqlServers);
if (!server) throw new Error("the catalog has no SQL server");
const sqlServers = { "sql-dev": { ...server, entraAdmin: admin }, "sql-two": server };

const requestFor = (namespace: string, alias: string) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: alias, database: "messages", roles: ["reader"] }],
  });
const request = requestFor("team-a", "sql-dev");
const [there, elsewhere] = [requestFor("team-b", "sql-dev"), requestFor("team-b", "sql-two")];

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

beforeEach(() => {
  cloud = createFakeCloud({ sqlServers });
  cloud.sqlAdmins.clear();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  cloud.onWrite = ({ what, when }) => {
    if (what === "put credential" && when === "before") throw new PermanentError("ARM_FORBIDDEN", "no right");
  };
});

/** Sets the administrator, fails at its last step, and undoes everything. */
async function failOnboarding(): Promise<void> {
  const { operation } = await acceptOnboarding(acceptance, request);
  await acceptance.run();
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
  const steps = await cloud.ports.registry.listSteps(operation);
  expect(steps.find(({ name }) => name === "ensureSqlAdmin")).toMatchObject({ action: "create" });
}

const of = (wanted: OnboardingRequest) => ({
  operation: "another",
  request: wanted,
  requestHash: hashRequest(wanted),
  requestedBy: "ben",
  acceptedTime: "2026-11-24T00:00:00.000Z",
});
const namespaceRef = { cluster: "aks-dev", namespace: "team-b" };
const previous: PreviousRecord = { ...of(there), state: "Onboarded" };
type NewRecord = Parameters<Registry["insertNamespace"]>[0];

describe.each<[string, NewRecord]>([
  ["is onboarded there", { ...namespaceRef, ...of(there), state: "Onboarded" }],
  ["is being changed from there", { ...namespaceRef, ...of(elsewhere), state: "Changing", earlier: there, previous }],
  ["has stopped on the way from there", { ...namespaceRef, ...of(elsewhere), state: "Incomplete", earlier: there }],
  ["would be restored to there", { ...namespaceRef, ...of(elsewhere), state: "Onboarding", previous }],
])("another namespace that %s", (_how, record) => {
  it("keeps its administrator", async () => {
    await cloud.ports.registry.insertNamespace(record);

    await failOnboarding();

    expect(cloud.sqlAdmins.get("sql-dev")).toEqual(admin);
  });
});

it("keeps the administrator while the record of another namespace cannot be read", async () => {
  const { registry } = cloud.ports;
  const unreadable = ["MooringNamespaces aks-dev/team-b"];
  const listNamespaces: Registry["listNamespaces"] = async (query) => ({
    ...(await registry.listNamespaces(query)),
    unreadable,
  });
  providePorts({ ...cloud.ports, registry: { ...registry, listNamespaces } });

  await failOnboarding();

  expect(cloud.sqlAdmins.get("sql-dev")).toEqual(admin);
});

it("removes the administrator if the others are on other servers", async () => {
  await cloud.ports.registry.insertNamespace({ ...namespaceRef, ...of(elsewhere), state: "Onboarded" });

  await failOnboarding();

  expect([...cloud.sqlAdmins]).toEqual([]);
});
