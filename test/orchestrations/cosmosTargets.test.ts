/** What must hold of targets in Cosmos DB, at each scope: the same as of kinds with roles in Azure (targetKinds.test.ts). */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { exportAzureCli } from "../../src/application/inspection/exportNamespace.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { confirmed, createAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { principalIdOf } from "../support/ids.ts";
import { operate, send } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";

const resourceId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/cosmos1";
const reader = "00000000-0000-0000-0000-000000000001";
const contributor = "00000000-0000-0000-0000-000000000002";
const berth = { cluster: "aks-dev", namespace: "team-a" };

describe.each([
  ["an account", {}, ""],
  ["a database", { database: "shop" }, "/dbs/shop"],
  ["a container", { database: "shop", container: "carts" }, "/dbs/shop/colls/carts"],
])("%s", (_what, parts, scope) => {
  const entry = { kind: "cosmosNoSql", resourceId, access: ["read", "write"], ...parts };
  const catalog = Catalog.parse({ ...usual, targets: { it: entry } });
  const asking = (...access: readonly string[]) =>
    OnboardingRequest.parse({ ...berth, targets: [{ target: "it", access }] });
  const request = asking("read", "write");
  let cloud: FakeCloud;

  function begin() {
    cloud = createFakeCloud({ targets: catalog.targets });
    providePorts(cloud.ports);
  }
  beforeEach(begin);

  const assignments = () => [...cloud.cosmosAccounts.values()];
  const given = () => assignments().map((each) => `${each.roleId} ${each.scope}`);

  function recorded() {
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (!record?.clientId) throw new Error("it is not onboarded");
    return { request: record.request, clientId: record.clientId, things: record.things };
  }

  async function found() {
    const { findings } = await proveNamespace(cloud.ports, recorded(), "run");
    return findings.map(({ code }) => code);
  }

  function principalId() {
    const [identity] = cloud.identities.values();
    if (!identity) throw new Error("there is no identity");
    return identity.principalId;
  }

  function recreateIdentity() {
    const [name, old] = [...cloud.identities][0] ?? [];
    if (name === undefined || !old) throw new Error("there is no identity");
    const next = { ...old, principalId: principalIdOf("99999999-9999-4999-8999-999999999999") };
    cloud.identities.set(name, next);
    return next;
  }

  /** What somebody else gives, under a name of their own. */
  function lend(roleId: string, changes: object = {}) {
    const name = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    const lent = { name, roleId, principalId: principalId(), scope, ...changes };
    cloud.cosmosAccounts.set(`${resourceId.toLowerCase()}/${name}`, lent);
    return lent;
  }

  it("gives what the plan says, at the scope of the part, and no more", async () => {
    const plan = await planOnboarding(cloud.ports, { operation: "dry-run", request });
    const { operation } = await operate(cloud, "onboard", request);

    expect(operation).toMatchObject({ status: "Succeeded" });
    const planned = plan.steps.find(({ name }) => name === "grantTarget");
    expect(planned).toMatchObject({
      target: "it",
      action: "create",
      differences: [{ field: "write", current: null, desired: "granted" }],
    });
    const done = await cloud.ports.registry.listSteps(operation.id);
    expect(done.find(({ name }) => name === "grantTarget")).toMatchObject({ action: "create" });
    expect(given()).toEqual([`${contributor} ${scope}`]);
    expect(assignments().map((each) => each.principalId)).toEqual([principalId()]);
    expect(await found()).toEqual([]);
  });

  it("finds drift of each field, and repairs it", async () => {
    await operate(cloud, "onboard", request);
    const [[key, first] = ["", undefined]] = cloud.cosmosAccounts;
    if (!first) throw new Error("no role was given");
    cloud.cosmosAccounts.delete(key);
    expect(await found()).toEqual(["GRANT_MISSING"]);
    expect((await operate(cloud, "repair", request)).operation).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual([`${contributor} ${scope}`]);
    expect(await found()).toEqual([]);

    const theirs = lend(reader);
    expect(await found()).toEqual(["GRANT_ADDED"]);
    await operate(cloud, "repair", request);
    expect(assignments()).toContainEqual(theirs);
  });

  it("takes an earlier identity's role away in a repair", async () => {
    await operate(cloud, "onboard", request);
    const next = recreateIdentity();

    expect(await found()).toEqual(expect.arrayContaining(["GRANT_MISSING", "GRANT_STALE"]));
    await operate(cloud, "repair", request);
    expect(assignments().map((each) => each.principalId)).toEqual([next.principalId]);
    expect(await found()).toEqual([]);
  });

  it("plans to take nothing that the grant has taken from an earlier identity before", async () => {
    await operate(cloud, "onboard", request);
    recreateIdentity();
    const read = asking("read");
    const plan = await planOnboarding(cloud.ports, { operation: "dry-run", request: read, earlier: request });
    const acceptance = createAcceptanceContext(cloud);
    await acceptOnboarding({ ...acceptance, operation: "narrow" }, read, confirmed);
    await acceptance.run();

    const planned = plan.steps.find(({ name }) => name === "narrowTarget");
    const done = (await cloud.ports.registry.listSteps("narrow")).find(({ name }) => name === "narrowTarget");
    expect(planned?.action).toBe(done?.action);
    expect(given()).toEqual([`${reader} ${scope}`]);
  });

  it("narrows and widens by a change, and undoes only what that change gave", async () => {
    await operate(cloud, "onboard", asking("read"));
    const before = assignments();
    cloud.onWrite = ({ when, what }) => {
      if (when === "after" && what === "put cosmos role") throw new PermanentError("ARM_FORBIDDEN", "refused");
    };
    const failed = await operate(cloud, "onboard", request);
    expect(failed.operation).toMatchObject({ status: "Failed" });
    expect(assignments()).toEqual(before);

    cloud.onWrite = () => undefined;
    await operate(cloud, "onboard", request);
    expect(await found()).toEqual([]);
    expect(given()).toEqual([`${contributor} ${scope}`]);
    const acceptance = createAcceptanceContext(cloud);
    await acceptOnboarding({ ...acceptance, operation: "narrow" }, asking("read"), confirmed);
    await acceptance.run();
    expect(given()).toEqual([`${reader} ${scope}`]);
    expect(await found()).toEqual([]);
  });

  it.each(["before", "after"] as const)(
    "is undone when a write fails, whichever it is, %s its effect",
    async (moment) => {
      for (let refused = 1; ; refused += 1) {
        begin();
        let writes = 0;
        cloud.onWrite = ({ when, what }) => {
          if (when !== moment) return;
          writes += 1;
          if (writes === refused) throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
        };
        const { operation } = await operate(cloud, "onboard", request);
        if (operation.status === "Succeeded") break;
        expect(given(), `write ${refused}`).toEqual([]);
        expectNothingLeft(cloud);
      }
      expect(given()).toEqual([`${contributor} ${scope}`]);
    },
  );

  it("uses what somebody else gave, unless adoptionPolicy forbids it, and leaves it there", async () => {
    await operate(cloud, "onboard", asking("read"));
    const theirs = lend(contributor);

    const never = { ...request, adoptionPolicy: "Never" as const };
    const plan = await planOnboarding(cloud.ports, { operation: "dry-run", request: never });
    const blockers = plan.steps.flatMap((step) => step.blockers ?? []).map(({ code }) => code);
    expect(blockers).toEqual(["TARGET_ACCESS_CONFLICT"]);
    await operate(cloud, "onboard", request);
    expect(assignments()).toEqual([theirs]);
    expect(await found()).toEqual([]);
  });

  it("is the same by hand, with the commands of its export", async () => {
    await operate(cloud, "onboard", request);
    const { clientId } = recorded();
    const commands = exportAzureCli(catalog, { request, clientId, principalId: principalId() })
      .split("\n")
      .filter((line) => line.startsWith("az cosmosdb sql role assignment create"));

    expect(commands).toHaveLength(1);
    const flag = (name: string) => new RegExp(`--${name} (\\S+)`).exec(commands[0] ?? "")?.[1];
    expect(flag("scope")).toBe(`${resourceId}${scope}`);
    expect(flag("principal-id")).toBe(principalId());
    expect(flag("role-definition-id")).toBe(contributor);
    expect([flag("account-name"), flag("resource-group")]).toEqual(["cosmos1", "g"]);

    // Somebody runs it, and a verification finds nothing missing.
    cloud.cosmosAccounts.clear();
    expect(await found()).toEqual(["GRANT_MISSING"]);
    lend(flag("role-definition-id") ?? "", {
      principalId: flag("principal-id"),
      scope: flag("scope")?.slice(resourceId.length),
    });
    expect(await found()).toEqual([]);

    const unknown = exportAzureCli(catalog, { request, clientId, principalId: undefined });
    expect(unknown).not.toContain("az cosmosdb sql role assignment create");
    expect(unknown).toContain("principal ID");
  });

  it("leaves nothing after an offboarding", async () => {
    await operate(cloud, "onboard", request);
    const { operation } = await operate(cloud, "offboard", request);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual([]);
    expectNothingLeft(cloud);
  });
});

describe("a database that the catalog drops, around the container that a change asks for instead", () => {
  const of = (targets: Readonly<Record<string, object>>) => Catalog.parse({ ...usual, targets });
  const entry = { kind: "cosmosNoSql", resourceId, access: ["read", "write"], database: "shop" };
  const shop = OnboardingRequest.parse({ ...berth, targets: [{ target: "shop", access: ["write"] }] });
  const carts = OnboardingRequest.parse({ ...berth, targets: [{ target: "carts", access: ["write"] }] });
  const without = of({ carts: { ...entry, container: "carts" } });

  let cloud: FakeCloud;
  beforeEach(async () => {
    cloud = createFakeCloud({ targets: of({ shop: entry }).targets });
    providePorts(cloud.ports);
    await send(cloud.ports, shop);
  });

  function restarted(changes: object = {}) {
    const ports = { ...cloud.ports, ...changes, catalog: { ...cloud.ports.catalog, targets: without.targets } };
    providePorts(ports);
    return ports;
  }
  const scopes = () => [...cloud.cosmosAccounts.values()].map(({ scope }) => scope);

  it("is not access beyond what is asked for, and goes in the end", async () => {
    expect(await send(restarted(), carts)).toMatchObject({ status: "Succeeded" });
    expect(scopes()).toEqual(["/dbs/shop/colls/carts"]);
  });

  it("keeps no change from being undone: the ConfigMap names it again", async () => {
    const { cosmosRoles } = cloud.ports;
    const put = () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "refused"));
    const changed = await send(restarted({ cosmosRoles: { ...cosmosRoles, assign: put } }), carts);

    expect(changed).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
    expect(changed.leftUndone).toBeUndefined();
    const data = cloud.objects.get("v1 ConfigMap team-a/mooring-databases")?.["data"];
    expect(data).toHaveProperty("TARGETS", expect.stringContaining('"shop"'));
  });
});
