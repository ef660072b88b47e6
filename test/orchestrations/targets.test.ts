/** Targets with roles in Azure: taken away where the catalog has dropped, moved or renamed them, or Azure stands in the way. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { planDeletion } from "../../src/application/dryRun/planDeletion.ts";
import { planRequest } from "../../src/application/dryRun/planRequest.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { planRepair } from "../../src/application/plan/planRepair.ts";
import { tidyLeftovers } from "../../src/application/recovery/watchLeftovers.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { findingCatalogue } from "../../src/domain/errors/findings.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { PrincipalId } from "../../src/domain/naming/identityPair.ts";
import { printRoleMark } from "../../src/domain/naming/ownership.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { AzureResource } from "../../src/ports/azureResources.ts";
import type { Ports } from "../../src/ports/index.ts";
import { targetSteps } from "../../src/resources/target/steps.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { assign } from "../support/models/azure.ts";
import { migrateAsAsked, offboard, repair, send } from "../support/operations.ts";
import { quietInput, quietStep } from "../support/quietStep.ts";
import { operator } from "../support/teams.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const uploads = { target: "uploads", access: ["read"] };
const jobs = { target: "jobs", access: ["send", "receive"] };
const request = (...targets: readonly object[]) =>
  OnboardingRequest.parse({ ...namespaceRef, ...(targets.length > 0 ? { targets } : {}), databases: [messages] });
const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

/** The service after a restart with another catalog. */
function restarted(targets: Catalog["targets"]): Ports {
  const next = { ...cloud.ports, catalog: { ...catalog, targets } };
  providePorts(next);
  return next;
}

async function verify(ports: Ports) {
  const record = await ports.registry.getNamespace(namespaceRef);
  if (!record) throw new Error("it is not onboarded");
  const { request: wanted, clientId, things } = record;
  return (await proveNamespace(ports, { request: wanted, clientId, things }, "run")).findings;
}

/** `uploads 2a2b…`, for each role that is given. */
function given() {
  return [...cloud.roleAssignments.values()]
    .map(
      ({ scope, roleDefinitionId }) => `${scope.split("/").at(-1)} ${roleDefinitionId.split("/").at(-1)?.slice(0, 4)}`,
    )
    .toSorted();
}

const all = ["jobs 8a0f", "jobs c6a8", "uploads 2a2b"];

it("says what an offboarding has revoked, though its answer was lost and the next try cannot look", async () => {
  await send(cloud.ports, request(uploads));
  const { roleAssignments } = cloud.ports;
  let isUnseen = false;
  cloud.onWrite = ({ what, when }) => {
    if (when !== "after" || given().length > 0 || isUnseen) return;
    isUnseen = true;
    throw new TransientError("ARM_UNAVAILABLE", `no answer to ${what}`);
  };
  let looks = 0;
  const madeAt: typeof roleAssignments.madeAt = async (...asked) => {
    if (isUnseen) looks += 1;
    if (looks === 1) throw new TransientError("ARM_UNAVAILABLE", "no answer");
    return await roleAssignments.madeAt(...asked);
  };
  const ports = Object.assign(cloud.ports, { roleAssignments: { ...roleAssignments, madeAt } });

  const ended = await offboard(ports, namespaceRef);

  expect(ended.status).toBe("Succeeded");
  expect(looks).toBeGreaterThan(1);
  const steps = await ports.registry.listSteps(ended.id);
  expect(steps.find(({ name }) => name === "revokeTarget")).toMatchObject({ action: "delete" });
  expect(cloud.audit.map(({ what }) => what)).toContain("revokeTarget");
});

describe("a target that the catalog has dropped", () => {
  const { uploads: _dropped, ...others } = catalog.targets;
  beforeEach(async () => {
    await send(cloud.ports, request(uploads, jobs));
  });

  it("is a finding, and is taken away by a change or an offboarding", async () => {
    const ports = restarted(others);

    expect(await verify(ports)).toMatchObject([
      {
        code: "NOT_IN_CATALOG",
        target: "uploads",
        found: expect.stringContaining("read granted by Mooring at storageBlob"),
      },
      // Nobody knows its address any more.
      { code: "NOT_IN_CATALOG", target: "ConfigMap mooring-databases" },
    ]);
    expect((await send(ports, request(jobs)))?.status).toBe("Succeeded");
    expect(given()).toEqual(["jobs 8a0f", "jobs c6a8"]);
    expect((await offboard(ports, namespaceRef))?.status).toBe("Succeeded");
    expect(given()).toEqual([]);
  });

  it("is left by a repair, which says so", async () => {
    const ports = restarted(others);
    cloud.roleAssignments.clear();
    expect((await repair(ports, namespaceRef))?.status).toBe("Succeeded");

    expect(given()).toEqual(["jobs 8a0f", "jobs c6a8"]);
    const left = [...cloud.steps.values()].find(
      ({ name, target, action }) => name === "grantTarget" && target === "uploads" && action === "keep",
    );
    expect(left?.notices).toMatchObject([{ code: "LEFT_IN_PLACE" }]);
  });
});

it("takes the access away at a part that not every word is given at, when the catalog has dropped it", async () => {
  const bus = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/sb";
  const paid = { kind: "serviceBus", resourceId: bus, topic: "invoices", subscription: "paid", access: ["receive"] };
  const { targets } = Catalog.parse({ ...catalog, targets: { ...catalog.targets, paid } });
  const asked = { target: "paid", access: ["receive"] };
  expect((await send(restarted(targets), request(uploads, asked)))?.status).toBe("Succeeded");
  expect(given()).toEqual(["paid 4f6d", "uploads 2a2b"]);
  const ports = restarted(catalog.targets);

  expect(await verify(ports)).toMatchObject([
    { code: "NOT_IN_CATALOG", target: "paid", found: expect.stringContaining("receive granted by Mooring") },
    { code: "NOT_IN_CATALOG", target: "ConfigMap mooring-databases" },
  ]);
  expect((await send(ports, request(uploads)))?.status).toBe("Succeeded");
  expect(given()).toEqual(["uploads 2a2b"]);
});

describe("a target that the catalog has moved", () => {
  const { uploads: entry, ...others } = catalog.targets;
  if (!entry) throw new Error("the catalog has no uploads");
  const moved = { ...others, uploads: { ...entry, container: "archive" } };
  beforeEach(async () => {
    await send(cloud.ports, request(uploads));
  });

  it("is a finding until its request comes again, which takes the earlier role last", async () => {
    const ports = restarted(moved);

    expect((await verify(ports)).map(({ code, target, field }) => [code, target, field])).toEqual([
      ["TARGET_MOVED", "uploads", "place"],
    ]);
    expect(await send(ports, request(uploads))).toMatchObject({ kind: "change", status: "Succeeded" });
    expect(given()).toEqual(["archive 2a2b"]);
    expect(await verify(ports)).toEqual([]);
  });

  it.each([
    ["the same request", request(uploads)],
    ["another one", request(uploads, jobs)],
  ])("is not what was asked for until the earlier role has gone: %s", async (_what, wanted) => {
    const ports = restarted(moved);
    cloud.onWrite = ({ what, when }) => {
      if (when === "before" && what.startsWith("remove role")) throw new PermanentError("ARM_FORBIDDEN", "refused");
    };
    expect(await send(ports, wanted)).toMatchObject({ status: "Failed", error: { code: "CHANGE_INCOMPLETE" } });
    expect(given()).toEqual(expect.arrayContaining(["archive 2a2b", "uploads 2a2b"]));
    cloud.onWrite = () => undefined;

    expect((await send(ports, wanted)).status).toBe("Succeeded");
    expect(given()).not.toContain("uploads 2a2b");
    expect(given()).toContain("archive 2a2b");
    expect(await verify(ports)).toEqual([]);
  });

  it("is left out by a request that comes after a change that could not take the earlier role", async () => {
    const ports = restarted(moved);
    cloud.onWrite = ({ what, when }) => {
      if (when === "before" && what.startsWith("remove role")) throw new PermanentError("ARM_FORBIDDEN", "refused");
    };
    expect((await send(ports, request(uploads))).status).toBe("Failed");
    cloud.onWrite = () => undefined;

    expect((await send(ports, request(jobs))).status).toBe("Succeeded");
    expect(given()).toEqual(["jobs 8a0f", "jobs c6a8"]);
  });

  it("is in the plan of its request", async () => {
    const context = createAcceptanceContext({ ports: restarted(moved) }, operator);
    const { steps, replaces } = await planRequest(context, request(uploads));

    expect(replaces).toEqual(request(uploads));
    expect(steps.find(({ name }) => name === "narrowTarget")).toMatchObject({ target: "uploads", action: "delete" });
  });

  it("leaves nothing in either place after an offboarding", async () => {
    const ports = restarted(moved);
    expect((await offboard(ports, namespaceRef))?.status).toBe("Succeeded");

    expect(given()).toEqual([]);
  });

  const refused = async () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "refused"));
  it.each<[string, (roles: Ports["roleAssignments"]) => Partial<Ports["roleAssignments"]>]>([
    ["read", ({ madeAt }) => ({ madeAt: (scope) => (scope.endsWith("/archive") ? refused() : madeAt(scope)) })],
    ["written", ({ remove }) => ({ remove: (ref) => (ref.scope.endsWith("/archive") ? refused() : remove(ref)) })],
  ])("loses the role at one place although the other cannot be %s", async (_what, broken) => {
    const earlier = [...cloud.roleAssignments];
    const ports = restarted(moved);
    expect((await send(ports, request(uploads))).status).toBe("Succeeded");
    for (const [id, role] of earlier) cloud.roleAssignments.set(id, role);
    expect(given()).toEqual(["archive 2a2b", "uploads 2a2b"]);
    const { roleAssignments } = ports;
    const there = { ...ports, roleAssignments: { ...roleAssignments, ...broken(roleAssignments) } };
    const target = request(uploads).targets?.[0];
    if (!target) throw new Error("the request has no target");

    const run = targetSteps.retireTarget.run({ ...namespaceRef, ...quietInput, target, kept: [] }, there, quietStep);
    await expect(run).rejects.toMatchObject({ code: "ARM_FORBIDDEN" });

    expect(given()).toEqual(["archive 2a2b"]);
  });

  it("loses the earlier role in a repair although nothing can be given at the new place", async () => {
    const earlier = [...cloud.roleAssignments];
    const ports = restarted(moved);
    expect((await send(ports, request(uploads))).status).toBe("Succeeded");
    cloud.roleAssignments.clear();
    for (const [id, role] of earlier) cloud.roleAssignments.set(id, role);
    const { roleAssignments } = ports;
    const madeAt: typeof roleAssignments.madeAt = (scope) =>
      scope.endsWith("/archive") ? refused() : roleAssignments.madeAt(scope);
    const there = { ...ports, roleAssignments: { ...roleAssignments, madeAt } };
    const target = request(uploads).targets?.[0];
    const { principalId } = earlier[0]?.[1] ?? {};
    const { clientId } = (await ports.registry.getNamespace(namespaceRef)) ?? {};
    if (!target || !principalId || !clientId) throw new Error("the namespace has no role");

    const identity = { clientId, principalId: PrincipalId.parse(principalId) };
    const input = {
      ...namespaceRef,
      ...quietInput,
      target,
      adoptionPolicy: "IfIdentical",
      identity,
      takesBack: true,
    } as const;
    await expect(targetSteps.grantTarget.run(input, there, quietStep)).rejects.toMatchObject({ code: "ARM_FORBIDDEN" });

    expect(given()).toEqual([]);
  });

  it("keeps its role when only the alias is another one", async () => {
    const ports = restarted({ ...others, files: entry });
    expect((await send(ports, request({ target: "files", access: ["read"] })))?.status).toBe("Succeeded");

    expect(given()).toEqual(["uploads 2a2b"]);
    expect(await verify(ports)).toEqual([]);
  });
});

describe("a place of another release, which this one cannot read", () => {
  const unknown = { kind: "ofLater", resourceId: "/subscriptions/s/later/x" };
  const { uploads: _dropped, ...others } = catalog.targets;
  const told = expect.stringContaining('target "uploads" at ofLater /subscriptions/s/later/x');
  beforeEach(async () => {
    await send(cloud.ports, request(uploads, jobs));
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (!record) throw new Error("it is not onboarded");
    const uploadsAt = [...(record.places?.["uploads"] ?? []), unknown];
    cloud.namespaces.set("aks-dev/team-a", { ...record, places: { ...record.places, uploads: uploadsAt } });
  });

  it.each([
    ["lists", catalog.targets],
    ["has dropped", others],
  ])("is named by a change that leaves the target out, where the catalog %s it", async (_name, targets) => {
    const ports = restarted(targets);
    const plan = await planOnboarding(ports, {
      ...{ operation: "dry-run", request: request(jobs) },
      ...{ earlier: request(uploads, jobs) },
    });
    const planned = plan.steps.find(({ name }) => name === "retireTarget");
    expect(planned).toMatchObject({ action: "delete", notices: [{ code: "LEFT_IN_PLACE", message: told }] });

    const ended = await send(ports, request(jobs));
    expect(ended).toMatchObject({ status: "Succeeded", leftInPlace: [told] });
    expect(given()).toEqual(["jobs 8a0f", "jobs c6a8"]);
  });

  it("is named by an offboarding where the target was nowhere else", async () => {
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (record) cloud.namespaces.set("aks-dev/team-a", { ...record, places: { ...record.places, uploads: [unknown] } });
    const ended = await offboard(restarted(others), namespaceRef);

    expect(ended).toMatchObject({ status: "Succeeded" });
    expect(ended.leftInPlace).toEqual([expect.stringContaining("It was at ofLater /subscriptions/s/later/x")]);
  });

  it("is named by an offboarding, which takes the rest", async () => {
    const plan = await planOffboarding(cloud.ports, { request: request(uploads, jobs) });
    const notices = plan.steps.flatMap(({ name, notices: said = [] }) => said.map(({ code }) => `${name} ${code}`));
    expect(notices).toEqual(["revokeTarget LEFT_IN_PLACE", "removeNamespace SECRETS_UNCOUNTED"]);

    const ended = await offboard(cloud.ports, namespaceRef);
    expect(ended).toMatchObject({ status: "Succeeded", leftInPlace: [told] });
    expect(given()).toEqual([]);
  });

  it("is a finding, and a repair says that it leaves it", async () => {
    const found = expect.stringContaining("ofLater /subscriptions/s/later/x");
    expect(await verify(cloud.ports)).toMatchObject([{ code: "NOT_IN_CATALOG", target: "uploads", found }]);

    const ended = await repair(cloud.ports, namespaceRef);
    expect(ended).toMatchObject({ status: "Succeeded", leftInPlace: [told] });
    expect(given()).toEqual(all);
  });

  it("is in nobody's way where nothing is taken away", async () => {
    cloud.onWrite = ({ what, when }) => {
      if (when === "before" && what === "change sql-dev/messages") throw new PermanentError("SQL_FORBIDDEN", "refused");
    };
    const wider = { ...request(uploads, jobs), databases: [{ ...messages, roles: ["reader", "writer"] }] };
    expect(await send(cloud.ports, OnboardingRequest.parse(wider))).toMatchObject({ status: "Failed" });
    cloud.onWrite = () => undefined;

    const ended = await send(cloud.ports, OnboardingRequest.parse(wider));
    expect(ended.status).toBe("Succeeded");
    expect(ended.leftInPlace).toBeUndefined();
  });
});

describe("a target whose resource is gone", () => {
  /** Azure lists nothing at what is gone; above it, it may still list what was assigned there. */
  function gone(changes: Partial<Ports["roleAssignments"]> = {}): Ports {
    const { roleAssignments } = cloud.ports;
    const madeAt: typeof roleAssignments.madeAt = async (scope) =>
      scope.endsWith("/uploads") ? undefined : await roleAssignments.madeAt(scope);
    const ports = { ...cloud.ports, roleAssignments: { ...roleAssignments, madeAt, ...changes } };
    providePorts(ports);
    return ports;
  }
  const back = () => {
    providePorts(cloud.ports);
    return cloud.ports;
  };
  const log = { log: () => undefined, warn: () => undefined };
  beforeEach(async () => {
    await send(cloud.ports, request(uploads, jobs));
  });

  it.each([
    ["a change", () => send(gone(), request(jobs)), ["jobs 8a0f", "jobs c6a8"]],
    ["an offboarding", () => offboard(gone(), namespaceRef), []],
  ])("is revoked by %s all the same: it counts again when it comes back", async (_what, act, left) => {
    const ended = await act();

    expect(ended).toMatchObject({ status: "Succeeded" });
    expect(ended.leftInPlace).toBeUndefined();
    expect(given()).toEqual(left);
  });

  it.each<[string, Partial<Ports["roleAssignments"]>]>([
    [
      "may not read it",
      { givenTo: async () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "roleAssignments/read")) },
    ],
    [
      "may not delete it",
      { remove: async () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "the scope is invalid")) },
    ],
    ["sees no effect", { remove: async () => undefined }],
  ])("is told and remembered where Mooring %s, and taken away by the watch", async (_why, changes) => {
    const scoped: typeof changes = changes.remove
      ? {
          remove: async (ref) =>
            await (ref.scope.endsWith("/uploads") ? changes : cloud.ports.roleAssignments).remove?.(ref),
        }
      : changes;
    const ended = await send(gone(scoped), request(jobs));

    const told = expect.stringContaining("/uploads is gone. What Mooring gave there may still be listed");
    expect(ended).toMatchObject({ status: "Succeeded", leftInPlace: [told] });
    await tidyLeftovers(gone(scoped), log);
    expect(await cloud.ports.registry.listLeftovers()).toMatchObject([{ target: "uploads", what: [told] }]);
    expect(given()).toEqual(all);

    await tidyLeftovers(back(), log);
    expect(given()).toEqual(["jobs 8a0f", "jobs c6a8"]);
    expect(await cloud.ports.registry.listLeftovers()).toEqual([]);
  });
});

it.each(["change", "offboarding"])(
  "one role that cannot be taken away keeps no other at the same place: %s",
  async (kind) => {
    await send(cloud.ports, request(uploads, jobs));
    const { roleAssignments } = cloud.ports;
    const kept = [...cloud.roleAssignments.values()].find(({ scope }) => scope.endsWith("/jobs"));
    const remove: typeof roleAssignments.remove = async (ref) => {
      if (kept?.id.endsWith(ref.name)) throw new PermanentError("ARM_FORBIDDEN", "not this one");
      await roleAssignments.remove(ref);
    };
    const ports = { ...cloud.ports, roleAssignments: { ...roleAssignments, remove } };
    providePorts(ports);

    const ended = kind === "change" ? await send(ports, request()) : await offboard(ports, namespaceRef);

    expect(ended).toMatchObject({ status: "Failed" });
    expect([...cloud.roleAssignments.values()]).toEqual([kept]);
  },
);

describe("a lock in Azure", () => {
  /** On the container `uploads`. The cloud refuses what it forbids. */
  function locked(level: "CanNotDelete" | "ReadOnly"): Ports {
    const id = "/locks/keep";
    const { azureResources, roleAssignments } = cloud.ports;
    const isLocked = (scope: string) => scope.endsWith("/uploads");
    const ports = {
      ...cloud.ports,
      azureResources: {
        ...azureResources,
        locksAt: async (scope: string) => (isLocked(scope) ? [{ id, level }] : []),
      },
      roleAssignments: {
        ...roleAssignments,
        async put(...[ref, given]: Parameters<typeof roleAssignments.put>) {
          if (isLocked(ref.scope) && level === "ReadOnly") throw new PermanentError("ARM_LOCKED", "it is locked");
          await roleAssignments.put(ref, given);
        },
        async remove(ref: Parameters<typeof roleAssignments.remove>[0]) {
          if (isLocked(ref.scope)) throw new PermanentError("ARM_LOCKED", "it is locked");
          await roleAssignments.remove(ref);
        },
      },
    };
    providePorts(ports);
    return ports;
  }

  it("against deletion lets access be given, and the plan says that it cannot be taken back", async () => {
    const ports = locked("CanNotDelete");
    const plan = await planOnboarding(ports, { operation: "dry-run", request: request(uploads) });
    const ended = await send(ports, request(uploads));

    const preflight = plan.steps.find(({ name }) => name === "preflight");
    expect(preflight).toMatchObject({ action: "none", blockers: [], notices: [{ code: "TARGET_KEPT_BY_LOCK" }] });
    expect(preflight?.notices?.[0]?.message).toContain("/locks/keep");
    expect(ended).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual(["uploads 2a2b"]);
  });

  const levels = ["CanNotDelete", "ReadOnly"] as const;
  const error = (code: string) => ({ code, message: expect.stringContaining("it is locked") });

  it.each(levels)("keeps an offboarding from nothing else that gives access: %s", async (level) => {
    await send(cloud.ports, request(uploads, jobs));
    const ports = locked(level);

    const plan = await planDeletion({ ports, by: operator }, namespaceRef);
    const ended = await offboard(ports, namespaceRef);

    const left = plan.steps.filter(({ action }) => action === "conflict");
    expect([plan.blocked, left]).toMatchObject([
      false,
      [{ name: "revokeTarget", target: "uploads", notices: [{ code: "ARM_LOCKED" }] }],
    ]);
    expect(ended).toMatchObject({ status: "Failed", error: error("ARM_LOCKED") });
    expect(given()).toEqual(["uploads 2a2b"]);
    const [identity = ""] = cloud.identities.keys();
    expect([cloud.users.get("sql-dev/messages")?.size, cloud.credentials.get(identity)]).toEqual([0, []]);
    expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Incomplete");

    providePorts(cloud.ports);
    expect(await offboard(cloud.ports, namespaceRef)).toMatchObject({ status: "Succeeded" });
    expect([given(), cloud.identities.size]).toEqual([[], 0]);
  });

  it.each(levels)("keeps a change from taking back nothing else: %s", async (level) => {
    await send(cloud.ports, request(uploads, jobs));
    const ports = locked(level);

    const plan = await planRequest(createAcceptanceContext({ ports }), request());
    const ended = await send(ports, request());

    const left = plan.steps.filter(({ action }) => action === "conflict");
    expect([plan.blocked, left]).toMatchObject([
      false,
      [{ name: "retireTarget", target: "uploads", notices: [{ code: "ARM_LOCKED" }] }],
    ]);
    expect(ended).toMatchObject({ status: "Failed", error: error("CHANGE_INCOMPLETE") });
    expect(given()).toEqual(["uploads 2a2b"]);

    providePorts(cloud.ports);
    expect(await send(cloud.ports, request())).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual([]);
  });

  it.each(levels)("stops a change that could take back nothing before its first write: %s", async (level) => {
    await send(cloud.ports, request(uploads, jobs));
    const ports = locked(level);

    const message = expect.stringContaining("/locks/keep");
    expect(await send(ports, request(jobs))).toMatchObject({
      status: "Failed",
      error: { code: "ARM_LOCKED", message },
    });
    expect(given()).toEqual(all);
    expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Onboarded");
  });

  const surplus = () => {
    const [read] = [...cloud.roleAssignments.values()].filter(({ scope }) => scope.endsWith("/uploads"));
    if (!read) throw new Error("nothing is given on uploads");
    const roleDefinitionId = read.roleDefinitionId.replace(/[^/]+$/, "ba92f5b4-2d11-453d-a403-e96b0029c9fe");
    assign(cloud, { ...read, id: `${read.id}-write`, roleDefinitionId });
  };
  it.each([
    ["gives a role that is missing", "ReadOnly", () => cloud.roleAssignments.clear()],
    [
      "writes a mark again",
      "ReadOnly",
      () => [...cloud.roleAssignments.values()].map((each) => assign(cloud, { ...each, description: "tidied up" })),
    ],
    ["takes back a role that is surplus", "CanNotDelete", surplus],
  ] as const)("stops a repair that %s before its first write: %s", async (_what, level, spoil) => {
    await send(cloud.ports, request(uploads, jobs));
    spoil();
    cloud.objects.delete("v1 ServiceAccount team-a/app");
    const before = structuredClone([...cloud.roleAssignments]);
    const ports = locked(level);
    const message = expect.stringContaining("/locks/keep");

    const { clientId } = (await ports.registry.getNamespace(namespaceRef)) ?? {};
    const repairing = { operation: "dry-run", request: request(uploads, jobs), clientId };
    const plan = await planRepair(ports, repairing);
    expect(plan.steps.flatMap(({ name, blockers }) => blockers.map(({ code }) => `${name} ${code}`))).toEqual([
      "grantTarget ARM_LOCKED",
    ]);
    expect(await repair(ports, namespaceRef)).toMatchObject({
      status: "Failed",
      error: { code: "ARM_LOCKED", message },
    });
    expect([...cloud.roleAssignments]).toEqual(before);
    expect(cloud.objects.has("v1 ServiceAccount team-a/app")).toBe(false);
  });

  it.each(["CanNotDelete", "ReadOnly"] as const)(
    "is in no repair's way that changes nothing there: %s",
    async (level) => {
      await send(cloud.ports, request(uploads, jobs));
      const ofJobs = [...cloud.roleAssignments.values()].filter(({ scope }) => scope.endsWith("/jobs"));
      for (const { id } of ofJobs) cloud.roleAssignments.delete(id);
      cloud.objects.delete("v1 ServiceAccount team-a/app");

      expect(await repair(locked(level), namespaceRef)).toMatchObject({ status: "Succeeded" });
      expect(given()).toEqual(all);
      expect(cloud.objects.has("v1 ServiceAccount team-a/app")).toBe(true);
    },
  );

  it("is in no migration's way, which changes nothing on targets", async () => {
    await send(cloud.ports, { ...request(uploads, jobs), identityMode: "podIdentity", selector: "team-a" });
    const ports = locked("ReadOnly");
    const acceptance = createAcceptanceContext({ ports });
    const migrated = await migrateAsAsked(acceptance, namespaceRef, { asked: {} });

    expect(migrated).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual(all);
  });

  it("is in nobody's way where nothing is taken back", async () => {
    await send(cloud.ports, request(uploads, jobs));
    const ports = locked("CanNotDelete");

    expect(await send(ports, request(uploads))).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual(["uploads 2a2b"]);
  });

  it("that Mooring cannot read is a notice, and the removal tries", async () => {
    await send(cloud.ports, request(uploads));
    const { azureResources } = cloud.ports;
    const locksAt = () => Promise.reject(new PermanentError("ARM_REJECTED", "Azure answered 400."));
    const ports = { ...cloud.ports, azureResources: { ...azureResources, locksAt } };
    providePorts(ports);

    const plan = await planOffboarding(ports, { request: request(uploads) });
    expect(plan.steps.find(({ name }) => name === "revokeTarget")).toMatchObject({
      ...{ action: "delete", blockers: [], notices: [{ code: "TARGET_UNSEEN" }] },
    });
    expect(await offboard(ports, namespaceRef)).toMatchObject({ status: "Succeeded" });
  });
});

it.each(["change", "offboarding"])("a SQL server that does not answer keeps no other access: %s", async (kind) => {
  await send(cloud.ports, request(uploads, jobs));
  const down = () => Promise.reject(new TransientError("SQL_UNAVAILABLE", "it does not answer"));
  const ports = { ...cloud.ports, databases: { ...cloud.ports.databases, inspect: down } };
  providePorts(ports);

  const without = OnboardingRequest.parse({ ...request(uploads), databases: [] });
  const ended = kind === "change" ? await send(ports, without) : await offboard(ports, namespaceRef);

  const code = kind === "change" ? "CHANGE_INCOMPLETE" : "SQL_UNAVAILABLE";
  expect(ended).toMatchObject({ status: "Failed", error: { code } });
  expect(given()).toEqual(kind === "change" ? ["uploads 2a2b"] : []);
  const [identity = ""] = cloud.identities.keys();
  expect(cloud.users.get("sql-dev/messages")?.size).toBe(1);
  expect(cloud.credentials.get(identity)).toHaveLength(kind === "change" ? 1 : 0);
});

describe("a subscription with little room for role assignments", () => {
  function withRoomFor(free: number): Ports {
    const { roleAssignments } = cloud.ports;
    const usage = async () => ({ made: cloud.roleAssignments.size, limit: cloud.roleAssignments.size + free });
    const next = { ...cloud.ports, roleAssignments: { ...roleAssignments, usage } };
    providePorts(next);
    return next;
  }

  it("keeps nobody from taking access away", async () => {
    await send(cloud.ports, request(uploads, jobs));
    const full = withRoomFor(0);

    expect(await send(full, request(uploads, { ...jobs, access: ["send"] }))).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual(["jobs c6a8", "uploads 2a2b"]);
    expect(await send(full, request(uploads))).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual(["uploads 2a2b"]);
  });

  it.each([
    ["none", 0, [uploads], "1 more"],
    ["one, where two targets need three", 1, [uploads, jobs], "3 more"],
    ["two, where two targets need three", 2, [uploads, jobs], "3 more"],
  ])("stops a request before its first write: %s", async (_room, free, targets, needed) => {
    const operation = await send(withRoomFor(free), request(...targets));

    expect(operation).toMatchObject({ status: "Failed", error: { code: "ROLE_ASSIGNMENT_LIMIT" } });
    expect(operation.error?.message).toContain(needed);
    expect([...cloud.identities]).toEqual([]);
  });

  it("is one, whatever the case of its ID", async () => {
    const { jobs: entry, ...others } = catalog.targets;
    if (!entry) throw new Error("the catalog has no jobs");
    const resourceId = entry.resourceId.replace(/^\/subscriptions\/[^/]+/, (start) => start.toUpperCase());
    const full = withRoomFor(2);
    const ports = { ...full, catalog: { ...catalog, targets: { ...others, jobs: { ...entry, resourceId } } } };
    providePorts(ports);

    const operation = await send(ports, request(uploads, jobs));
    expect(operation).toMatchObject({ status: "Failed", error: { code: "ROLE_ASSIGNMENT_LIMIT" } });
    expect(operation.error?.message).toContain("3 more");
  });

  it("lets through what fits exactly, and counts only what is not there yet", async () => {
    expect(await send(withRoomFor(1), request(uploads))).toMatchObject({ status: "Succeeded" });
    expect(await send(withRoomFor(2), request(uploads, jobs))).toMatchObject({ status: "Succeeded" });
    expect(given()).toEqual(all);
  });
});

it("uses the assignment of whoever was faster", async () => {
  const { roleAssignments } = cloud.ports;
  const put: typeof roleAssignments.put = async ({ scope }, { roleId, principalId }) => {
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
    assign(cloud, { id: `${scope}/theirs`, scope, roleDefinitionId, principalId });
    throw new PermanentError("ROLE_ASSIGNMENT_EXISTS", "The role assignment already exists.");
  };
  const ports = { ...cloud.ports, roleAssignments: { ...roleAssignments, put } };
  providePorts(ports);

  expect((await send(ports, request(uploads)))?.status).toBe("Succeeded");
  expect([...cloud.roleAssignments.values()].map(({ id }) => id.split("/").at(-1))).toEqual(["theirs"]);
});

it("takes back what an operation of no record gave on the target, and the request does not ask for", async () => {
  await send(cloud.ports, request({ target: "uploads", access: ["write"] }));
  const [made] = cloud.roleAssignments.values();
  const [identity] = cloud.identities.values();
  if (!made || !identity) throw new Error("nothing was given");
  cloud.namespaces.clear();
  expect(made.description).toMatch(printRoleMark(namespaceRef, "x").replace(/x$/, ""));
  cloud.identities.set(identity.name, { ...identity, tags: {} });

  expect((await send(cloud.ports, request(uploads), { adoptIdentity: identity.clientId }))?.status).toBe("Succeeded");
  expect(given()).toEqual(["uploads 2a2b"]);
});

it("is a catalog error when a word gives nothing at the scope of the part", () => {
  const resourceId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n";
  const entry = { kind: "serviceBus", resourceId, topic: "t", subscription: "s", access: ["receive", "send"] };

  expect(Catalog.safeParse({ ...catalog, targets: { entry } }).error?.issues).toMatchObject([
    {
      path: ["targets", "entry", "access", 1],
      message: "send gives nothing at a subscription: name it in a target without subscription",
    },
  ]);
});

it("is a catalog error when an entry names two parts, or a part without the one that it is in", () => {
  const bus = {
    kind: "serviceBus",
    resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n",
  };
  const problemsOf = (entry: object) =>
    Catalog.safeParse({ ...catalog, targets: { bus: { ...bus, access: ["send"], ...entry } } }).error?.issues.map(
      ({ path, message }) => `${path.join(".")} ${message}`,
    );

  expect(problemsOf({ queue: "q", topic: "t" })).toEqual(["targets.bus.topic excludes queue: name one of them"]);
  expect(problemsOf({ subscription: "s", access: ["receive"] })).toEqual(["targets.bus.subscription needs a topic"]);
  expect(problemsOf({ topic: "t", subscription: "s", access: ["receive"] })).toBeUndefined();
  expect(problemsOf({ access: ["read"] })).toHaveLength(1);
  expect(problemsOf({ queue: "../../x" })).toHaveLength(1);
});

describe("a target's resource that has changed since the onboarding", () => {
  const secrets = { target: "secrets", access: ["read"] };
  const vault = {
    kind: "keyVaultSecrets" as const,
    resourceId: "/subscriptions/s/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/kv",
  };
  const { targets } = Catalog.parse({ ...catalog, targets: { secrets: { ...vault, access: ["read"] } } });
  let now: Ports;
  const withResource = (resource: AzureResource | undefined): Ports => ({
    ...now,
    azureResources: { ...now.azureResources, find: async () => resource },
  });
  beforeEach(async () => {
    now = restarted(targets);
    await send(now, request(secrets));
  });

  it("is an error where it ignores roles now, which a repair cannot mend", async () => {
    const ports = withResource({ properties: { enableRbacAuthorization: false } });
    providePorts(ports);

    expect(await verify(ports)).toEqual([
      { code: "ROLES_IGNORED", target: "secrets", field: "enableRbacAuthorization", expected: "true", found: "false" },
    ]);
    expect(findingCatalogue.ROLES_IGNORED).toMatchObject({ severity: "Error", repairable: false });
    await repair(ports, namespaceRef);
    expect((await verify(ports)).map(({ code }) => code)).toEqual(["ROLES_IGNORED"]);
    expect(await verify(now)).toEqual([]);
  });
});
