/** A mark is a hint: what the record, the installation, the principal and the place do not know is a finding or a conflict. */

import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { planRequest } from "../../src/application/dryRun/planRequest.ts";
import { inspectionOf } from "../../src/application/inspection/driftRecord.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { findingCatalogue } from "../../src/domain/errors/findings.ts";
import { IdentityPair } from "../../src/domain/naming/identityPair.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { printMark, printRoleMark, readMark, readRoleMark, readTags } from "../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { assignmentName } from "../../src/domain/targets/azureRoles.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { newPair } from "../support/ids.ts";
import { assign } from "../support/models/azure.ts";
import { offboard, repair, send } from "../support/operations.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(namespaceRef);
const account = "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/data";
const container = `${account}/blobServices/default/containers/uploads`;
const contributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const reader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const uploads = { target: "uploads", access: ["read"] };
const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const asked = (changes: object = { targets: [uploads] }) =>
  OnboardingRequest.parse({ ...namespaceRef, databases: [messages], ...changes });
const operator: Caller = { id: "operator", name: "operator", teams: [], roles: ["Onboarding.Operate"] };

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

function record(of = cloud) {
  const found = of.namespaces.get("aks-dev/team-a");
  if (!found) throw new Error("the namespace has no record");
  return found;
}

async function findings(ports: Ports = cloud.ports) {
  const current = await ports.registry.getNamespace(namespaceRef);
  if (!current) throw new Error("the namespace has no record");
  return (await proveNamespace(ports, inspectionOf(current), "run")).findings;
}

function identity(of = cloud) {
  return IdentityPair.parse(of.identities.get(name));
}

function give(scope: string, change: Partial<Parameters<typeof assign>[1]> = {}, role = contributor) {
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
  const { principalId } = identity();
  const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  const description = printRoleMark(namespaceRef, record().operation);
  assign(cloud, { id, scope, roleDefinitionId, principalId, description, ...change });
}

const scopes = () => [...cloud.roleAssignments.values()].map(({ scope }) => scope);

it("names the installation, which the registry makes once", async () => {
  await send(cloud.ports, asked());
  const installation = await cloud.ports.registry.installation();

  expect(readTags(cloud.identities.get(name)?.tags ?? {})?.installation).toBe(installation);
  const [role] = cloud.roleAssignments.values();
  expect(readRoleMark(role?.description)).toMatchObject({ berth: "aks-dev/team-a", installation });
  expect(readMark(cloud.users.get("sql-dev/messages")?.get(name)?.mark)).toMatchObject({ installation });
});

describe("a role of the identity with Mooring's mark that the record does not know", () => {
  const elsewhere = {
    "another container": `${account}/blobServices/default/containers/others`,
    "the whole account": account,
    "the resource group": "/subscriptions/s/resourceGroups/rg-data",
    "the whole subscription": "/subscriptions/s",
  };

  it.each(Object.entries(elsewhere))("is surplus at %s, and a repair takes it away", async (_where, scope) => {
    await send(cloud.ports, asked());
    give(scope);

    const found = await findings();
    expect(found).toMatchObject([{ code: "GRANT_SURPLUS", target: name, found: expect.stringContaining(scope) }]);
    expect(findingCatalogue.GRANT_SURPLUS).toMatchObject({ severity: "Error", repairable: true });
    expect((await repair(cloud.ports, namespaceRef))?.status).toBe("Succeeded");
    expect(scopes()).toEqual([container]);
    expect(await findings()).toEqual([]);
  });

  it("is surplus by its name alone, and where the request has no targets at all", async () => {
    await send(cloud.ports, asked({}));
    const id = `${account}/providers/Microsoft.Authorization/roleAssignments/${assignmentName(account, identity().principalId, contributor)}`;
    give(account, { id, description: "mine" });

    expect(await findings()).toMatchObject([{ code: "GRANT_SURPLUS" }]);
    await repair(cloud.ports, namespaceRef);
    expect(scopes()).toEqual([]);
  });

  it("goes with an offboarding, too, that keeps an identity of somebody else's", async () => {
    await cloud.ports.identities.put({ ...namespaceRef, name } as never, { location: "westeurope", tags: {} });
    await send(cloud.ports, asked({ targets: [uploads], adoptionPolicy: "IfIdentical" }));
    give("/subscriptions/s");

    expect((await offboard(cloud.ports, namespaceRef))?.status).toBe("Succeeded");
    expect(scopes()).toEqual([]);
    expect(cloud.identities.has(name)).toBe(true);
  });

  it("is somebody's business without mark and name, as before", async () => {
    await send(cloud.ports, asked());
    give("/subscriptions/s", { description: "by hand" });

    expect(await findings()).toMatchObject([{ code: "ROLE_ADDED" }]);
    await repair(cloud.ports, namespaceRef);
    expect(scopes()).toEqual([container, "/subscriptions/s"]);
  });
});

it("takes the identity's user with Mooring's mark out of a database that the request does not name", async () => {
  await send(cloud.ports, asked());
  const own = cloud.users.get("sql-dev/messages")?.get(name);
  if (!own) throw new Error("there is no user");
  cloud.users.get("sql-dev/orders")?.set(name, { ...own, roles: ["db_owner"] });
  const found = await findings();
  expect(found).toMatchObject([{ code: "GRANT_SURPLUS", target: "sql-dev/orders" }]);

  // Nobody has looked for the record: the repair does.
  expect((await repair(cloud.ports, namespaceRef))?.status).toBe("Succeeded");
  expect(cloud.users.get("sql-dev/orders")?.size).toBe(0);
  expect(await findings()).toEqual([]);
});

describe("an assignment of somebody else with a copied description", () => {
  const theirs = randomUUID();
  beforeEach(async () => {
    await send(cloud.ports, asked());
    give(container, { principalId: theirs });
  });
  const held = () => [...cloud.roleAssignments.values()].some(({ principalId }) => principalId === theirs);

  it("stays through repair, change and offboarding", async () => {
    expect(await findings()).toEqual([]);
    expect((await repair(cloud.ports, namespaceRef))?.status).toBe("Succeeded");
    expect(held()).toBe(true);
    expect((await send(cloud.ports, asked({ targets: [{ ...uploads, access: ["write"] }] })))?.status).toBe(
      "Succeeded",
    );
    expect(held()).toBe(true);
    expect((await offboard(cloud.ports, namespaceRef))?.status).toBe("Succeeded");
    expect(held()).toBe(true);
  });
});

it("takes away what an earlier identity had, which the record remembers", async () => {
  await send(cloud.ports, asked());
  const first = identity();
  cloud.identities.delete(name);
  await repair(cloud.ports, namespaceRef);
  expect(record().identities?.map(({ principalId }) => principalId)).toEqual([
    first.principalId,
    identity().principalId,
  ]);
  // A write of the first operation takes effect late.
  const id = `${container}/providers/Microsoft.Authorization/roleAssignments/${assignmentName(container, first.principalId, reader)}`;
  give(container, { id, principalId: first.principalId }, reader);

  expect(await findings()).toMatchObject([{ code: "GRANT_STALE" }]);
  await repair(cloud.ports, namespaceRef);
  expect([...cloud.roleAssignments.values()].map(({ principalId }) => principalId)).toEqual([identity().principalId]);
});

describe("another installation with a cluster and a namespace of the same names", () => {
  let other: FakeCloud;
  let theirs: Ports;
  beforeEach(async () => {
    other = createFakeCloud();
    const { roleAssignments, databases } = cloud.ports;
    theirs = { ...other.ports, roleAssignments, databases };
    providePorts(theirs);
    await send(theirs, asked());
    providePorts(cloud.ports);
  });
  const user = () => cloud.users.get("sql-dev/messages")?.get(name);

  it("keeps its user, which is in the way, and its role, which is not", async () => {
    const plan = await planRequest({ ports: cloud.ports, by: operator, warn: () => undefined }, asked());
    expect(plan.blocked).toBe(true);
    expect((await send(cloud.ports, asked()))?.error?.code).toBe("SQL_USER_CONFLICT");
    expect((await send(cloud.ports, asked({ databases: [], targets: [uploads] })))?.status).toBe("Succeeded");
    expect(scopes()).toEqual([container, container]);
    expect((await offboard(cloud.ports, namespaceRef))?.status).toBe("Succeeded");

    expect(user()?.sid).toBe(sidFromClientId(identity(other).clientId));
    expect([...cloud.roleAssignments.values()].map(({ principalId }) => principalId)).toEqual([
      identity(other).principalId,
    ]);
    expect(await findings(theirs)).toEqual([]);
  });

  describe("in the same cluster", () => {
    const account = () => cloud.objects.get("v1 ServiceAccount team-a/app");
    beforeEach(async () => {
      providePorts(theirs);
      await offboard(theirs, namespaceRef);
      theirs = { ...theirs, kubernetes: cloud.ports.kubernetes };
      providePorts(theirs);
      await send(theirs, asked());
      providePorts(cloud.ports);
    });

    it("keeps its objects, which are a conflict that an operator decides", async () => {
      const before = JSON.stringify([...cloud.objects]);
      const request = asked({ databases: [], targets: [uploads], adoptionPolicy: "Always" });
      const told = "belongs to the onboarded namespace aks-dev/team-a of installation";

      expect((await planRequest({ ports: cloud.ports, by: operator, warn: () => undefined }, request)).blocked).toBe(
        true,
      );
      expect((await send(cloud.ports, request))?.error).toMatchObject({
        code: "KUBERNETES_CONFLICT",
        message: expect.stringContaining(told),
      });
      expect(JSON.stringify([...cloud.objects])).toBe(before);

      const decided = { by: operator, adoptIdentity: "any" };
      expect((await send(cloud.ports, request, decided))?.status).toBe("Succeeded");
      expect(JSON.stringify(account())).toContain(identity().clientId);
      // Now they are ours, and the other one's repair does not take them back.
      providePorts(theirs);
      expect((await repair(theirs, namespaceRef))?.status).toBe("Failed");
      providePorts(cloud.ports);
      expect(await findings()).toEqual([]);
      expect((await offboard(cloud.ports, namespaceRef))?.status).toBe("Succeeded");
      expect([...cloud.objects.keys()].filter((key) => key.includes("team-a"))).toEqual([]);
    });

    it("reads marks of an earlier release, which name none, as before", async () => {
      providePorts(theirs);
      for (const [key, object] of cloud.objects) {
        const { "mooring.dev/installation": _none, ...annotations } = object.metadata.annotations ?? {};
        cloud.objects.set(key, { ...object, metadata: { ...object.metadata, annotations } });
      }
      expect((await repair(theirs, namespaceRef))?.status).toBe("Succeeded");
      expect(await findings(theirs)).toEqual([]);
      expect((await offboard(theirs, namespaceRef))?.status).toBe("Succeeded");
      expect([...cloud.objects.keys()].filter((key) => key.includes("team-a"))).toEqual([]);
    });
  });

  describe("with marks of an earlier release", () => {
    beforeEach(() => {
      const found = user();
      const { installation: _none, ...mark } = readMark(found?.mark) ?? { berth: "", operation: null, grants: {} };
      const [role] = cloud.roleAssignments.values();
      if (!found || !role) throw new Error("nothing was given");
      cloud.users
        .get("sql-dev/messages")
        ?.set(name, { ...found, mark: printMark(mark), roles: ["db_datareader", "db_datawriter"] });
      assign(cloud, { ...role, description: printRoleMark(namespaceRef, mark.operation ?? "") });
    });

    it("is a conflict that an operator decides, and that names whose it is", async () => {
      const { clientId, principalId } = identity(other);
      for (const [changes, id] of [
        [{}, clientId],
        [{ databases: [], targets: [uploads] }, principalId],
      ] as const) {
        const { error } = await send(cloud.ports, asked(changes));
        expect(error).toMatchObject({ code: "IDENTITY_UNRECORDED", message: expect.stringContaining(id) });
      }
    });

    it.each([
      ["its client ID", () => identity(other).clientId],
      ["any", () => "any"],
    ])("gives what was asked for and nothing else after a decision by %s", async (_how, decision) => {
      const request = asked({});
      const options = { by: operator, adoptIdentity: decision() };
      expect((await send(cloud.ports, request, options))?.status).toBe("Succeeded");

      expect(user()).toMatchObject({ sid: sidFromClientId(identity().clientId), roles: ["db_datareader"] });
    });
  });
});

it("makes a user anew with what was asked for, and says what others gave", async () => {
  await send(cloud.ports, asked());
  const users = cloud.users.get("sql-dev/messages");
  const found = users?.get(name);
  if (!users || !found) throw new Error("there is no user");
  users.set(name, { ...found, roles: [...found.roles, "db_datawriter"] });
  cloud.identities.set(name, { ...(cloud.identities.get(name) as never as object), ...newPair(randomUUID) } as never);

  expect((await repair(cloud.ports, namespaceRef))?.error).toBeUndefined();
  expect(cloud.users.get("sql-dev/messages")?.get(name)).toMatchObject({
    sid: sidFromClientId(identity().clientId),
    roles: ["db_datareader"],
  });
  const step = [...cloud.steps.values()].findLast((each) => each.name === "grantDatabase");
  expect(step?.differences).toContainEqual({ field: "db_datawriter", current: "granted", desired: null });
});
