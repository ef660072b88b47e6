/** A database user is known by its SID, too: neither another name nor another user with its SID keeps what Mooring gave. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { inspectionOf } from "../../src/application/inspection/driftRecord.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf } from "../support/ids.ts";

const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const orders = { server: "sql-dev", database: "orders", roles: ["writer"] };
const parse = (changes: object = {}) =>
  OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases: [messages, orders], ...changes });
const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(namespaceRef);

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
beforeEach(() => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
});

async function send(request: OnboardingRequest) {
  const { operation } = await acceptOnboarding(acceptance, request, { isRemovalConfirmed: true });
  await acceptance.run();
  return cloud.operations.get(operation);
}

async function offboard(options: { ignoreDependants?: boolean } = {}) {
  const { operation } = await acceptOffboarding(acceptance, namespaceRef, options);
  await acceptance.run();
  return cloud.operations.get(operation);
}

const usersIn = (database: string) => cloud.users.get(`sql-dev/${database}`) ?? new Map();

/** `ALTER USER … WITH NAME = [other]`: everything but the name stays, its extended property too. */
function rename(database: string) {
  const users = usersIn(database);
  const user = users.get(name);
  users.delete(name);
  users.set("other", { ...user, name: "other" });
}

/** Somebody dropped Mooring's user and made one of their own for the same identity. */
function makeAnother(database: string) {
  const users = usersIn(database);
  const sid = sidFromClientId(clientIdOf(cloud.identities.get(name)?.clientId ?? ""));
  users.delete(name);
  users.set("other", {
    ...{ name: "other", type: "E", sid, permissions: [], ownedSchemas: [], mark: undefined },
    ...{ roles: ["db_datareader"], createdTime: "2026-11-28T00:00:00.000Z" },
  });
}

/** Somebody had the identity, and a user for it, before Mooring came. */
async function adoptUser(database: string, roles: readonly string[]) {
  const ref = { subscriptionId: "s", resourceGroup: "g", name };
  const { clientId } = await cloud.ports.identities.put(ref, { location: "westeurope", tags: {} });
  usersIn(database).set(name, {
    ...{ name, type: "E", sid: sidFromClientId(clientId), permissions: [], ownedSchemas: [], mark: undefined },
    ...{ roles, createdTime: "2026-11-28T00:00:00.000Z" },
  });
}

describe("a user that somebody renamed", () => {
  it("loses its access when a change leaves its database out", async () => {
    await send(parse());
    rename("orders");

    const operation = await send(parse({ databases: [messages] }));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect([...usersIn("orders").keys()]).toEqual([]);
  });

  it("is dropped even if it lost its mark, too", async () => {
    await send(parse());
    rename("orders");
    usersIn("orders").set("other", { ...usersIn("orders").get("other"), mark: undefined });

    await send(parse({ databases: [messages] }));

    expect([...usersIn("orders").keys()]).toEqual([]);
  });

  it("goes with an offboarding that leaves an adopted identity", async () => {
    await cloud.ports.identities.put(
      { subscriptionId: "s", resourceGroup: "g", name },
      { location: "westeurope", tags: {} },
    );
    await send(parse());
    rename("orders");

    const operation = await offboard();

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(cloud.identities.size).toBe(1);
    expect([...usersIn("orders").keys()]).toEqual([]);
  });

  it("goes with an offboarding that is run again after its identity was removed", async () => {
    await send(parse());
    rename("orders");
    cloud.identities.clear();

    expect(await offboard()).toMatchObject({ status: "Succeeded" });
    expect([...usersIn("orders").keys()]).toEqual([]);
  });
});

/** What the operations say of users that others made. */
function keptByOthers(): string {
  const notices = [...cloud.steps.values()].flatMap((step) => step.notices ?? []);
  return notices.flatMap(({ code, message }) => (code === "SQL_USER_OF_OTHERS" ? [message] : [])).join(" ");
}

describe("another user with the identity's SID", () => {
  it("stays after a change that leaves its database out, and is named", async () => {
    await send(parse());
    makeAnother("orders");

    const operation = await send(parse({ databases: [messages] }));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(keptByOthers()).toContain("In sql-dev/orders the identity is also user other (db_datareader)");
    expect([...usersIn("orders").keys()]).toEqual(["other"]);
  });

  it("stays after an offboarding, and is named", async () => {
    await send(parse());
    makeAnother("orders");

    const plan = await planOffboarding(cloud.ports, { request: parse() });
    const done = await offboard();

    expect(plan.blocked).toBe(false);
    expect(done).toMatchObject({ status: "Succeeded" });
    expect(keptByOthers()).toContain("other");
    expect([...usersIn("orders").keys()]).toEqual(["other"]);
  });

  it.each([
    ["has all that is asked for", ["db_datareader", "db_datawriter"], "db_datareader, db_datawriter"],
    ["was given more by Mooring", ["db_datareader"], "db_datareader"],
  ])("is named by a change if it was there before, has Mooring's name, and %s", async (_what, roles, kept) => {
    await adoptUser("orders", roles);
    await send(parse({ adoptionPolicy: "Always" }));

    const operation = await send(parse({ databases: [messages], adoptionPolicy: "Always" }));

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(keptByOthers()).toContain(`In sql-dev/orders user ${name} (${kept}) was there before`);
    expect(usersIn("orders").get(name)).toMatchObject({ roles });
  });

  it("does not stop an offboarding if it was there before, with its identity", async () => {
    await adoptUser("orders", ["db_datareader"]);
    await send(parse({ adoptionPolicy: "Always" }));

    expect(await offboard()).toMatchObject({ status: "Succeeded" });
    expect(usersIn("orders").get(name)).toMatchObject({ roles: ["db_datareader"], mark: undefined });
  });

  it("does not stop a change if it was there before, and its SID is not the identity's", async () => {
    await adoptUser("orders", ["db_datareader", "db_datawriter"]);
    await send(parse({ adoptionPolicy: "Always" }));
    usersIn("orders").set(name, { ...usersIn("orders").get(name), sid: `0x${"AB".repeat(16)}` });

    expect(await send(parse({ databases: [messages], adoptionPolicy: "Always" }))).toMatchObject({
      status: "Succeeded",
    });
  });

  it("is found beside the namespace's own user, whose SID is an old one", async () => {
    await send(parse());
    const user = usersIn("orders").get(name);
    makeAnother("orders");
    usersIn("orders").set(name, { ...user, sid: `0x${"AB".repeat(16)}` });
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (!record) throw new Error("it is not onboarded");

    const findings = await inspectNamespace(cloud.ports, inspectionOf(record));

    expect(findings.map(({ code, target, found }) => [code, target, found])).toContainEqual([
      "USER_ADDED",
      "sql-dev/orders",
      "other (db_datareader)",
    ]);
  });
});
