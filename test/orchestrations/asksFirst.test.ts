/** Whatever gives asks first: the catalog is edited while a namespace is onboarded, and then a repair or a timer comes. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { isRepairable } from "../../src/domain/finding.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { offboard, repair, send } from "../support/operations.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const uploads = { target: "uploads", access: ["read" as const] };
const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const request = OnboardingRequest.parse({ ...namespaceRef, targets: [uploads], databases: [messages] });

const { uploads: entry, ...otherTargets } = catalog.targets;
const { "sql-dev": server, ...otherServers } = catalog.sqlServers;
const { "aks-dev": cluster } = catalog.clusters;
if (!entry || !server || !cluster) throw new Error("the catalog lacks what this test names");

let cloud: FakeCloud;
beforeEach(async () => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  await send(cloud.ports, request);
});

/** The service after a restart with another catalog. */
function restarted(changes: Partial<Ports["catalog"]>): Ports {
  const next = { ...cloud.ports, catalog: { ...catalog, ...changes } };
  providePorts(next);
  return next;
}

/** The operator says so of what the namespace has. */
const edits: readonly (readonly [what: string, code: string, changes: Partial<Catalog>])[] = [
  [
    "the environment",
    "ENVIRONMENT_CROSSED",
    {
      clusters: { ...catalog.clusters, "aks-dev": { ...cluster, environment: "dev" } },
      targets: { ...otherTargets, uploads: { ...entry, environment: "prod" } },
      sqlServers: { ...otherServers, "sql-dev": { ...server, environment: "prod" } },
    },
  ],
  [
    "how long it may last",
    "EXPIRY_NOT_ALLOWED",
    {
      targets: { ...otherTargets, uploads: { ...entry, environment: "prod" } },
      sqlServers: { ...otherServers, "sql-dev": { ...server, environment: "prod" } },
      expiry: { ...catalog.expiry, maxExpiry: { prod: "P1D" } },
    },
  ],
  [
    "an approval",
    "APPROVAL_MISMATCH",
    { approval: { ...catalog.approval, targets: ["uploads"], databases: ["sql-dev/messages"] } },
  ],
];

const roles = () => [...cloud.roleAssignments.values()].map(({ scope }) => scope.split("/").at(-1));
const users = () => [...(cloud.users.get("sql-dev/messages")?.keys() ?? [])];

function takeAway(): void {
  cloud.roleAssignments.clear();
  cloud.users.get("sql-dev/messages")?.clear();
}

async function findings(ports: Ports) {
  const record = await ports.registry.getNamespace(namespaceRef);
  if (!record) throw new Error("it is not onboarded");
  const { request: wanted, clientId, things } = record;
  return (await proveNamespace(ports, { request: wanted, clientId, things }, "run")).findings;
}

describe.each(edits)("where the catalog now forbids %s", (_what, code, changes) => {
  const forbidden = ["sql-dev/messages", "uploads"].map((target) => ({
    code: "TARGET_FORBIDDEN",
    target,
    field: code,
  }));

  it("a repair gives nothing, puts the rest right, and says what it leaves", async () => {
    const ports = restarted(changes);
    takeAway();
    cloud.objects.delete("v1 ServiceAccount team-a/app");

    const ended = await repair(ports, namespaceRef);

    expect(ended).toMatchObject({ status: "Succeeded" });
    expect(ended.leftInPlace?.map((each) => each.split(":")[0]).toSorted()).toEqual([
      "grant database access sql-dev/messages",
      "grant target access uploads",
    ]);
    expect([roles(), users()]).toEqual([[], []]);
    expect(cloud.objects.has("v1 ServiceAccount team-a/app")).toBe(true);
  });

  it("verification finds it, whether it is there or not, and no timer has anything to repair", async () => {
    const ports = restarted(changes);
    expect(await findings(ports)).toMatchObject(forbidden);
    takeAway();

    const found = await findings(ports);
    expect(found).toMatchObject(forbidden);
    expect(found.filter(isRepairable)).toEqual([]);
  });

  it("is in nobody's way when everything goes", async () => {
    const ports = restarted(changes);

    expect(await offboard(ports, namespaceRef)).toMatchObject({ status: "Succeeded" });
    expect([roles(), users()]).toEqual([[], []]);
  });
});

it("asks for the approval when the same request comes again", async () => {
  const ports = restarted({ approval: { ...catalog.approval, targets: ["uploads"] } });

  expect(await send(ports, request)).toMatchObject({ approval: { reasons: ["Target uploads needs approval."] } });
});

describe("where the catalog has moved what a namespace has", () => {
  const resourceId = server.resourceId.replace(/[^/]+$/, "sql-other");
  const moved = {
    targets: { ...otherTargets, uploads: { ...entry, container: "archive" } },
    sqlServers: { ...otherServers, "sql-dev": { ...server, resourceId } },
  };

  it.each(["when nothing is missing", "when it is gone where it was"])(
    "a repair gives nothing there, %s",
    async (when) => {
      const ports = restarted(moved);
      if (when !== "when nothing is missing") cloud.roleAssignments.clear();
      const before = roles();

      const ended = await repair(ports, namespaceRef);

      expect(ended).toMatchObject({ status: "Succeeded" });
      expect(ended.leftInPlace?.map((each) => each.split(":")[0])).toContain("grant target access uploads");
      expect(roles()).toEqual(before);
      expect((await findings(ports)).map(({ code, target }) => [code, target])).toEqual(
        expect.arrayContaining([
          ["TARGET_MOVED", "sql-dev/messages"],
          ["TARGET_MOVED", "uploads"],
        ]),
      );
      expect((await findings(ports)).filter(isRepairable)).toEqual([]);
    },
  );

  it("the same request again gives it there, and takes the earlier one", async () => {
    const ports = restarted({ targets: moved.targets });
    expect(await send(ports, request)).toMatchObject({ status: "Succeeded" });

    expect(roles()).toEqual(["archive"]);
    expect(await findings(ports)).toEqual([]);
  });

  it("a database goes where it was, and then comes where its server is", async () => {
    const ports = restarted({ sqlServers: moved.sqlServers });
    const { databases: _gone, ...rest } = request;
    const refused = { status: "Failed", error: { code: "TARGET_MOVED" } };
    expect(await send(ports, request)).toMatchObject(refused);
    expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({ state: "Onboarded" });

    expect(await send(ports, OnboardingRequest.parse(rest))).toMatchObject({ status: "Succeeded" });
    expect(users()).toEqual([]);
    expect(await send(ports, request)).toMatchObject({ status: "Succeeded" });
    expect(cloud.namespaces.get("aks-dev/team-a")?.servers).toMatchObject({ "sql-dev": { resourceId } });
    expect(await findings(ports)).toEqual([]);
  });

  it("gives nothing there by a timer after somebody asked for it and it was undone", async () => {
    const ports = restarted({ targets: moved.targets });
    cloud.onWrite = ({ when, what }) => {
      if (when === "before" && what === "put role assignment" && cloud.roleAssignments.size > 1)
        throw new PermanentError("ARM_FORBIDDEN", "not this one");
    };
    const wider = { ...request, targets: [uploads, { target: "jobs", access: ["send" as const] }] };
    expect(await send(ports, wider)).toMatchObject({ status: "Failed" });
    cloud.onWrite = () => undefined;
    expect(roles()).toEqual(["uploads"]);

    expect(await repair(ports, namespaceRef)).toMatchObject({ status: "Succeeded" });
    expect(roles()).toEqual(["uploads"]);
  });

  it("an operation that was accepted before gives nothing where nobody remembers it", async () => {
    const ports = restarted({ targets: moved.targets });
    const write = { ...request, targets: [{ ...uploads, access: ["read" as const, "write" as const] }] };
    // The record was written by an instance with the earlier catalog.
    const registry = {
      ...ports.registry,
      replaceNamespace: async (...[record]: Parameters<Ports["registry"]["replaceNamespace"]>) => {
        const places = cloud.namespaces.get("aks-dev/team-a")?.places;
        return await ports.registry.replaceNamespace(places ? { ...record, places } : record);
      },
    };
    const behind = { ...ports, registry };
    providePorts(behind);

    expect(await send(behind, write)).toMatchObject({ status: "Failed", error: { code: "TARGET_MOVED" } });
    expect(roles()).toEqual(["uploads"]);
  });

  it("an offboarding leaves nothing in either place", async () => {
    const ports = restarted({ targets: moved.targets });
    await send(ports, request);

    expect(await offboard(ports, namespaceRef)).toMatchObject({ status: "Succeeded" });
    expect(roles()).toEqual([]);
  });
});

describe("an identity whose resource group the catalog has changed", () => {
  const clusters = { ...catalog.clusters, "aks-dev": { ...cluster, identityResourceGroup: "identities" } };
  const groups = () => [...cloud.identities.values()].map(({ id }) => id.split("/")[3]);

  it("goes in an offboarding", async () => {
    expect(await offboard(restarted({ clusters }), namespaceRef)).toMatchObject({ status: "Succeeded" });
    expect(groups()).toEqual([]);
  });

  it("goes in a repair, which makes the new one", async () => {
    const ports = restarted({ clusters });

    expect(await repair(ports, namespaceRef)).toMatchObject({ status: "Succeeded" });
    expect(groups()).toEqual(["identities"]);
    expect(await findings(ports)).toEqual([]);
  });
});
