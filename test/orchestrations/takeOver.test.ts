/** An operator takes a namespace over for another team: what only the first team may have goes before the other team has it. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptCompensation, acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { publicNamespace } from "../../src/application/documents/namespaceDocument.ts";
import { listSteps } from "../../src/application/documents/operationDocument.ts";
import { readStanding } from "../../src/application/documents/standings.ts";
import { planUntimed } from "../../src/application/dryRun/planRequest.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import {
  addRight,
  admins,
  createCalmPostgres,
  createServer,
  makeItem,
  type PostgresServer,
} from "../proof/support/postgres.ts";
import { confirmed, createAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { assign } from "../support/models/azure.ts";
import { member, operator, catalog as withTeams } from "../support/teams.ts";

let cloud: FakeCloud;

beforeEach(() => {
  cloud = createFakeCloud();
});

const on = (...databases: string[]) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "shared-1",
    databases: databases.map((database) => ({ server: "sql-dev", database, roles: ["reader"] })),
  });
const ofRed = on("messages");
const ofBlue = { ...on("orders"), team: "blue" };
const name = identityName(ofRed);
const namespace = () => cloud.namespaces.get("aks-dev/shared-1");
const reads = (database: string) => cloud.users.get(`sql-dev/${database}`)?.has(name) ?? false;

async function send(by: Caller, request: OnboardingRequest, { catalog = withTeams, ...options }: Sending = {}) {
  const ports = { ...cloud.ports, catalog };
  providePorts(ports);
  const acceptance = createAcceptanceContext({ ports }, by);
  const { operation } = await acceptOnboarding(acceptance, request, { ...confirmed, ...options });
  await acceptance.run();
  return cloud.operations.get(operation);
}
interface Sending {
  readonly takeOver?: boolean;
  readonly catalog?: Catalog;
}
const takeOver = (request = ofBlue) => send(operator, request, { takeOver: true });

/** Runs with every write, before and after it. */
function atEveryWrite(look: (what: string) => void): void {
  cloud.onWrite = ({ what }) => look(what);
}

/** What a team of record may reach: only what its own request names. */
function findStrange(): string | undefined {
  const team = namespace()?.team;
  const other = team === "red" ? "orders" : "messages";
  return reads(other) ? `${team} reads ${other}` : undefined;
}

it("takes what the first team had away before the other team has the namespace, and gives nothing before", async () => {
  await send(member("red"), ofRed);
  const strange = new Set<string | undefined>();
  const owners = new Set<string | undefined>();
  atEveryWrite(() => {
    strange.add(findStrange());
    owners.add(namespace()?.team);
  });

  const ended = await takeOver();

  expect([...strange]).toEqual([undefined]);
  expect([...owners]).toEqual(["red", "blue"]);
  expect(ended).toMatchObject({ status: "Succeeded", kind: "change", team: "blue" });
  expect(namespace()).toMatchObject({ state: "Onboarded", team: "blue" });
  expect(namespace()).not.toHaveProperty("takenBy");
  expect([reads("messages"), reads("orders")]).toEqual([false, true]);
});

it("lists what goes before what is made, in the plan and in the status, as it runs", async () => {
  await send(member("red"), ofRed);
  const ports = { ...cloud.ports, catalog: withTeams };
  const order = (steps: readonly { readonly name: string }[]) =>
    steps.map(({ name: step }) => step).filter((step) => ["retireDatabase", "grantDatabase"].includes(step));
  const { steps } = await planUntimed({ ports, by: operator }, ofBlue, { takeOver: true });

  const ended = await takeOver();

  const ran = ["retireDatabase", "grantDatabase"];
  expect(order(steps)).toEqual(ran);
  if (!ended) throw new Error("the take-over left no record");
  expect(order(listSteps(ended, await ports.registry.listSteps(ended.id)))).toEqual(ran);
});

it("leaves the namespace with the first team while something of its own cannot be taken away", async () => {
  await send(member("red"), ofRed);
  cloud.onWrite = ({ what, when }) => {
    if (what === "change sql-dev/messages" && when === "before") throw new PermanentError("SQL_FORBIDDEN", "refused");
  };

  const failed = await takeOver();

  expect(failed).toMatchObject({ status: "Failed", error: { code: "SQL_FORBIDDEN" } });
  expect(namespace()).toMatchObject({ state: "Incomplete", team: "red" });
  expect([reads("messages"), reads("orders")]).toEqual([true, false]);

  cloud.onWrite = () => undefined;
  expect(await takeOver()).toMatchObject({ status: "Succeeded" });
  expect(namespace()).toMatchObject({ state: "Onboarded", team: "blue" });
  expect([reads("messages"), reads("orders")]).toEqual([false, true]);
});

it("shows the first team no request of the other's, and gives it back what it had when it asks", async () => {
  await send(member("red"), ofRed);
  cloud.onWrite = ({ what, when }) => {
    if (what === "change sql-dev/messages" && when === "before") throw new PermanentError("SQL_FORBIDDEN", "refused");
  };
  await takeOver();
  cloud.onWrite = () => undefined;
  const record = namespace();

  if (!record) throw new Error("it is gone");
  const standing = await readStanding(cloud.ports.registry, record);
  expect(publicNamespace(record, { standing })).toMatchObject({ request: ofRed, databases: ofRed.databases });
  expect(await send(member("red"), ofRed)).toMatchObject({ status: "Succeeded" });
  expect(namespace()).toMatchObject({ state: "Onboarded", team: "red", request: ofRed });
  expect([reads("messages"), reads("orders")]).toEqual([true, false]);
});

it.each([
  ["a grant", "change sql-dev/orders"],
  ["the credential", "put credential"],
])("does not return a namespace whose first access is gone when %s fails", async (_what, failing) => {
  await send(member("red"), ofRed);
  cloud.onWrite = ({ what, when }) => {
    if (what === failing && when === "before") throw new PermanentError("SQL_FORBIDDEN", "refused");
  };

  await takeOver({ ...ofBlue, serviceAccount: "web" });

  expect(namespace()).toMatchObject({ state: "Incomplete", team: "blue" });
  expect(reads("messages")).toBe(false);
  cloud.onWrite = () => undefined;
  expect(await send(member("blue"), { ...ofBlue, serviceAccount: "web" })).toMatchObject({ status: "Succeeded" });
  expect(namespace()).toMatchObject({ state: "Onboarded", team: "blue" });
});

it("says what a cancel does not give back", async () => {
  await send(member("red"), ofRed);
  let canceled: Promise<unknown> | undefined;
  cloud.onWrite = ({ what, when }) => {
    if (what !== "change sql-dev/messages" || when !== "after") return;
    const running = [...cloud.operations.values()].find(({ status }) => status === "Running");
    canceled ??= cancelOperation(cloud.ports.registry, running?.id ?? "", { by: operator });
  };

  const ended = await takeOver();
  await canceled;

  expect(ended?.status).toBe("Canceled");
  expect(ended?.error?.message).toContain("Taken away and not given back: revoke database access sql-dev/messages");
  expect(namespace()).toMatchObject({ state: "Incomplete", team: "blue" });
  expect([reads("messages"), reads("orders")]).toEqual([false, false]);
});

it("leaves a namespace that nothing was taken from as it was", async () => {
  await send(member("red"), ofRed);
  const before = namespace();
  const { blue: _blue, ...teams } = withTeams.teams;

  const acceptance = createAcceptanceContext({ ports: { ...cloud.ports, catalog: withTeams } }, operator);
  await acceptOnboarding(acceptance, ofBlue, { ...confirmed, takeOver: true });
  expect(namespace()).toMatchObject({ state: "Changing", team: "red", takenBy: "blue" });
  providePorts({ ...cloud.ports, catalog: { ...withTeams, teams } });
  await acceptance.run();

  expect(namespace()).toMatchObject({ state: "Onboarded", team: "red", request: ofRed, operation: before?.operation });
  expect(namespace()).not.toHaveProperty("takenBy");
  expect([reads("messages"), reads("orders")]).toEqual([true, false]);
});

it("does not restore the first team's record when what a failed take-over left is compensated", async () => {
  await send(member("red"), ofRed);
  let refused = "put credential";
  cloud.onWrite = ({ what, when }) => {
    if (when === "after" && what === "change sql-dev/orders") refused = "change sql-dev/orders";
    if (when !== "before" || (what !== refused && what !== "put credential")) return;
    throw new PermanentError("SQL_FORBIDDEN", "refused");
  };
  const failed = await takeOver({ ...ofBlue, serviceAccount: "web" });
  expect(failed).toMatchObject({ status: "Failed", leftUndone: ["revokeDatabase sql-dev/orders"] });
  expect(namespace()).toMatchObject({ state: "Incomplete", team: "blue" });
  cloud.onWrite = () => undefined;

  const acceptance = createAcceptanceContext({ ports: { ...cloud.ports, catalog: withTeams } }, operator);
  await acceptCompensation(acceptance, failed?.id ?? "");
  await acceptance.run();

  expect(namespace()).toMatchObject({ state: "Incomplete", team: "blue" });
  expect([reads("messages"), reads("orders")]).toEqual([false, false]);
});

const account = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.DocumentDB/databaseAccounts/shop";
const server = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg";
const onServer = { kind: "postgresql", resourceId: server, host: "pg", login: "mooring", access: ["read"] };

describe("other targets than databases", () => {
  const others = { carts: { kind: "cosmosNoSql", resourceId: account, database: "shop", access: ["read"] } };
  const targets = {
    ...usual.targets,
    ...Catalog.parse({ ...usual, targets: { ...others, ledger: { ...onServer, database: "books", schema: "ledger" } } })
      .targets,
  };
  const catalog = { ...withTeams, targets };
  for (const team of ["red", "blue"] as const) {
    const rights = withTeams.teams[team];
    if (!rights) throw new Error(`there is no team ${team}`);
    catalog.teams = {
      ...catalog.teams,
      [team]: { ...rights, targets: { uploads: ["read"], jobs: ["send"], carts: ["read"], ledger: ["read"] } },
    };
  }
  const asking = (request: OnboardingRequest, ...names: readonly string[]) =>
    OnboardingRequest.parse({
      ...request,
      targets: names.map((target) => ({ target, access: [target === "jobs" ? "send" : "read"] })),
    });
  let postgres: PostgresServer;
  beforeEach(() => {
    postgres = createServer({ books: ["ledger"] });
    makeItem(postgres, { database: "books", schema: "ledger", name: "entries", kind: "TABLES", owner: admins });
    Object.assign(cloud.ports, { postgres: createCalmPostgres(postgres) });
  });

  const held = () => {
    const { principalId } = cloud.identities.get(name) ?? {};
    return [
      ...[...cloud.roleAssignments.values()]
        .filter((each) => each.principalId === principalId)
        .map(({ scope }) => scope),
      ...[...cloud.cosmosAccounts.values()].filter((each) => each.principalId === principalId).map(() => "carts"),
      ...[...postgres.rights.values()].filter(({ right }) => right.startsWith("SELECT")).map(() => "ledger"),
    ];
  };
  const isOfRed = (place: string) => !place.endsWith("/jobs");

  it("are taken away before the other team has the namespace", async () => {
    await send(member("red"), asking(ofRed, "uploads", "carts", "ledger"), { catalog });
    expect(held().filter(isOfRed).length).toBeGreaterThanOrEqual(3);
    const seen = new Set<string>();
    atEveryWrite(() => {
      const team = namespace()?.team;
      for (const place of held()) if (isOfRed(place) !== (team === "red")) seen.add(`${team} has ${place}`);
    });

    const ended = await send(operator, { ...asking(ofBlue, "jobs"), team: "blue" }, { catalog, takeOver: true });

    expect(ended).toMatchObject({ status: "Succeeded" });
    expect([...seen]).toEqual([]);
    expect(held().filter(isOfRed)).toEqual([]);
  });

  it.each(["uploads", "carts"])("do not go to the other team where somebody else gave the role: %s", async (target) => {
    await send(member("red"), ofRed, { catalog });
    const { principalId = "" } = cloud.identities.get(name) ?? {};
    const place = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/data";
    const scope = `${place}/blobServices/default/containers/uploads`;
    const roleDefinitionId = "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
    if (target === "uploads") assign(cloud, { id: "lent", roleDefinitionId, principalId, scope });
    const roleId = "00000000-0000-0000-0000-000000000001";
    const lent = { name: "lent", roleId, principalId, scope: "/dbs/shop" };
    if (target === "carts") cloud.cosmosAccounts.set(`${account.toLowerCase()}/lent`, lent);
    const asked = await send(member("red"), asking(ofRed, target), { catalog });
    expect(asked).toMatchObject({ status: "Succeeded" });

    const ended = await send(operator, ofBlue, { catalog, takeOver: true });

    expect(ended).toMatchObject({ status: "Failed", error: { code: "TARGET_ACCESS_OF_OTHERS" } });
    expect(namespace()).toMatchObject({ state: "Onboarded", team: "red" });
    expect([reads("messages"), reads("orders"), held().length]).toEqual([true, false, 1]);
  });

  it("do not go to the other team by another role of the same identity", async () => {
    await send(member("red"), asking(ofRed, "ledger"), { catalog });
    const { principalId = "" } = cloud.identities.get(name) ?? {};
    postgres.roles.set("theirs", { id: "9", principalId, canLogIn: true, isActedFor: false });
    const entries = { database: "books", schema: "ledger", item: "entries" };
    addRight(postgres, { role: "theirs", right: "SELECT ON TABLES", ...entries });

    for (const request of [ofBlue, asking(ofBlue, "ledger")]) {
      const ended = await send(operator, { ...request, team: "blue" }, { catalog, takeOver: true });

      const code = request === ofBlue ? "TARGET_ACCESS_OF_OTHERS" : "POSTGRES_PRINCIPAL_TAKEN";
      expect(ended).toMatchObject({ status: "Failed", error: { code } });
      expect(namespace()).toMatchObject({ state: "Onboarded", team: "red" });
    }
  });
});
