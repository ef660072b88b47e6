import { assignRole } from "azure-sim/world";
import { afterEach, describe, expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import type { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import { actsOn, pathOf } from "../support/namespaceActs.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
});
afterEach(() => {
  sandbox.cloud.faults.clear();
  sandbox.cloud.world.locks.clear();
});

const blobReader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const blobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

function namespaceRefOf(namespace: string) {
  return { cluster: names.cluster, namespace };
}

function wanted(namespace: string, targets: Record<string, TargetRequest["access"]>) {
  const list = Object.entries(targets).map(([target, access]) => ({ target, access }));
  return { ...namespaceRefOf(namespace), targets: list };
}

function identityOf(namespace: string) {
  const name = identityName(namespaceRefOf(namespace));
  return [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
}

/** Roles by the last part of their scope, of whoever is meant. */
function rolesOf(principalId: string | undefined) {
  return [...sandbox.cloud.world.roleAssignments.values()]
    .filter((each) => each.principalId === principalId)
    .map(({ scope, role }) => `${scope.split("/").at(-1)} ${role}`)
    .toSorted();
}

const acts = actsOn(() => service);
const { verify, offboard } = acts;

async function onboard(namespace: string, targets: Record<string, TargetRequest["access"]>) {
  return await acts.onboard(wanted(namespace, targets));
}

function assignedScope(part: string): string {
  const [account = ""] = [...sandbox.cloud.world.targets.values()].map(({ id }) => id);
  return `${account}/blobServices/default/containers/${part}`;
}

describe("what somebody else gave", () => {
  it("is used as it is, and stays", async () => {
    const namespace = "adopting";
    await onboard(namespace, { jobs: ["send"] });
    const principalId = identityOf(namespace)?.principalId ?? "";
    const scope = assignedScope("uploads");
    const theirs = assignRole(sandbox.cloud.world, { role: blobReader, principalId, scope });
    const next = wanted(namespace, { jobs: ["send"], uploads: ["read"] });

    const never = await service.call("POST", "/api/onboardings?dryRun=true", { ...next, adoptionPolicy: "Never" });
    expect(blockersOf(never.body)).toEqual(["TARGET_ACCESS_CONFLICT"]);
    const plan = await service.call("POST", "/api/onboardings?dryRun=true", next);
    expect(stepOf(plan.body, "uploads")).toMatchObject({ action: "adopt", differences: [] });
    const changed = await service.waitFor(await service.onboard(next));
    expect(stepOf(changed, "uploads")).toMatchObject({ action: "adopt" });
    expect(await verify(namespace)).toEqual([]);

    // The identity would go, and their role with it: that is said first.
    const refused = await service.waitFor(await service.offboard(names.cluster, namespace));
    expect(refused.error).toMatchObject({ message: expect.stringContaining("Someone else gave identity") });
    const ended = await service.call("DELETE", `${pathOf(namespace)}?ignoreDependants=true`);
    expect((await service.waitFor(String(ended.body["id"]))).status).toBe("Succeeded");
    expect(sandbox.cloud.world.roleAssignments.get(theirs.name)).toEqual(theirs);
    expect(rolesOf(principalId)).toEqual([`uploads ${blobReader}`]);
    sandbox.cloud.world.roleAssignments.delete(theirs.name);
  });

  it("is named beside what the namespace asked for, and stays", async () => {
    const namespace = "added";
    await onboard(namespace, { uploads: ["read"] });
    const principalId = identityOf(namespace)?.principalId ?? "";
    const theirs = assignRole(sandbox.cloud.world, {
      role: blobContributor,
      principalId,
      scope: assignedScope("uploads"),
    });

    expect(await verify(namespace)).toMatchObject([
      { code: "GRANT_ADDED", target: "uploads", field: "write", found: "granted by somebody else" },
    ]);
    sandbox.cloud.world.roleAssignments.delete(theirs.name);
    await offboard(namespace);
  });

  it("is in the way where a condition limits it", async () => {
    const namespace = "limited";
    await onboard(namespace, { jobs: ["send"] });
    const principalId = identityOf(namespace)?.principalId ?? "";
    const limited = { role: blobReader, principalId, scope: assignedScope("uploads"), condition: "@Resource[…]" };
    const theirs = assignRole(sandbox.cloud.world, limited);
    const next = wanted(namespace, { jobs: ["send"], uploads: ["read"] });

    const plan = await service.call("POST", "/api/onboardings?dryRun=true", next);
    expect(blockersOf(plan.body)).toEqual(["TARGET_ACCESS_CONFLICT"]);
    sandbox.cloud.world.roleAssignments.delete(theirs.name);
    await offboard(namespace);
  });
});

describe("an operation that fails", () => {
  it("takes back what it gave, and nothing that somebody else did", async () => {
    const namespace = "undone";
    const scope = assignedScope("uploads");
    const { principalId } = sandbox.cloud.principals.operator;
    const foreign = assignRole(sandbox.cloud.world, { role: blobReader, principalId, scope });
    const before = new Map(sandbox.cloud.world.roleAssignments);
    sandbox.cloud.faults.add({
      wire: "kubernetes",
      operation: "PATCH serviceaccounts",
      times: Number.POSITIVE_INFINITY,
      effect: { kind: "error", code: 403, message: "Not today." },
    });

    const failed = await service.waitFor(await service.onboard(wanted(namespace, { uploads: ["read", "write"] })));

    expect(failed.status).toBe("Failed");
    expect(failed.steps).toContainEqual(expect.objectContaining({ name: "revokeTarget", action: "delete" }));
    expect(sandbox.cloud.world.roleAssignments).toEqual(before);
    sandbox.cloud.world.roleAssignments.delete(foreign.name);
  });
});

describe("a change", () => {
  it("narrows and retires, and says what it removes", async () => {
    const namespace = "changing";
    const first = wanted(namespace, { uploads: ["read", "write"] });
    const planned = await service.call("POST", "/api/onboardings?dryRun=true", first);
    expect(stepOf(planned.body, "uploads")).toMatchObject({
      differences: [{ field: "write", current: null, desired: "granted, read with it" }],
    });
    await onboard(namespace, { uploads: ["read", "write"], jobs: ["send"] });
    const next = wanted(namespace, { uploads: ["read"] });
    const refused = await service.call("POST", "/api/onboardings", next);
    expect(refused.body).toMatchObject({ code: "REMOVAL_NOT_CONFIRMED" });

    const plan = await service.call("POST", "/api/onboardings?dryRun=true", next);
    expect(plan.body).toMatchObject({
      removes: [
        { thing: "target", name: "jobs", access: ["send"], isWhole: true },
        { thing: "target", name: "uploads", access: ["write"], isWhole: false },
      ].toSorted((a, b) => b.name.localeCompare(a.name)),
    });
    await onboardOver(next);
    expect(rolesOf(identityOf(namespace)?.principalId)).toEqual([`uploads ${blobReader}`]);
    expect(await verify(namespace)).toEqual([]);
  });

  async function onboardOver(request: object) {
    const accepted = await service.call("POST", "/api/onboardings?confirmRemoval=true", request);
    const operation = await service.waitFor(String(accepted.body["id"]));
    expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
  }
});

describe("preflight", () => {
  afterEach(() => {
    const { world } = sandbox.cloud;
    world.roleAssignmentLimit = 4_000;
    for (const [id, each] of world.targets)
      world.targets.set(id, { ...each, properties: { enableRbacAuthorization: true } });
  });

  it("names what stands in the way, before anything is written", async () => {
    const { world } = sandbox.cloud;
    const [vaultId = "", vault] = [...world.targets].find(([id]) => id.includes("/vaults/")) ?? [];
    const [hubId = "", hub] = [...world.targets].find(([id]) => id.includes("microsoft.eventhub")) ?? [];
    if (!vault || !hub) throw new Error("the catalog has no vault, or no event hub");
    world.targets.set(vaultId, { ...vault, properties: {} });
    world.targets.delete(hubId);
    world.locks.set("frozen", { name: "frozen", scope: assignedScope("uploads"), level: "ReadOnly" });
    world.roleAssignmentLimit = world.roleAssignments.size;
    const before = new Map(world.roleAssignments);

    const request = wanted("obstructed", { uploads: ["read"], secrets: ["read"], clicks: ["send"], gpt: ["use"] });
    const plan = await service.call("POST", "/api/onboardings?dryRun=true", request);
    world.targets.set(hubId, hub);

    expect(plan.body).toMatchObject({ blocked: true });
    expect(blockersOf(plan.body)).toEqual(
      ["ARM_LOCKED", "ROLE_ASSIGNMENT_LIMIT", "TARGET_MISSING", "TARGET_WITHOUT_ROLES"].toSorted(),
    );
    expect(world.roleAssignments).toEqual(before);
    expect(identityOf("obstructed")).toBeUndefined();
  });

  it("misses the part that each target names, and a verification does later", async () => {
    const { world } = sandbox.cloud;
    const parts = {
      uploads: ["read", "/blobServices/default/containers/uploads"],
      jobs: ["send", "/queueServices/default/queues/jobs"],
      sessions: ["read", "/tableServices/default/tables/sessions"],
      invoices: ["send", "/topics/invoices"],
      clicks: ["receive", "/eventhubs/clicks"],
      carts: ["read", "/containers/carts"],
    } as const;
    const targets = Object.fromEntries(Object.entries(parts).map(([target, [access]]) => [target, [access]]));
    const there = Object.values(parts).map(([, id]) => {
      const found = [...world.targets].find(([each]) => each.endsWith(id.toLowerCase()));
      if (!found) throw new Error(`Azure has no ${id}`);
      return found;
    });
    const lose = () => there.forEach(([key]) => void world.targets.delete(key));
    const giveBack = () => there.forEach(([key, each]) => void world.targets.set(key, each));

    lose();
    const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted("without-parts", targets));
    giveBack();
    await onboard("without-parts", targets);
    lose();
    const found = await verify("without-parts");
    giveBack();

    expect(blockersOf(plan.body)).toEqual(["TARGET_MISSING"]);
    for (const [, { id }] of there) expect(JSON.stringify(plan.body)).toContain(id);
    expect(found).toHaveLength(there.length);
    for (const [index, target] of Object.keys(parts).entries())
      expect(found).toContainEqual(
        expect.objectContaining({ code: "TARGET_GONE", target, expected: there[index]?.[1].id }),
      );
    expect(await verify("without-parts")).toEqual([]);
    await offboard("without-parts");
  });
});

interface Told {
  readonly name: string;
  readonly target: string;
  readonly blockers?: readonly { readonly code: string }[];
}

function stepsOf(document: object): readonly Told[] {
  return (document as { steps: readonly Told[] }).steps;
}

function stepOf(document: object, target: string): Told | undefined {
  return stepsOf(document).find((each) => each.name === "grantTarget" && each.target === target);
}

function blockersOf(plan: object): readonly string[] {
  const codes = stepsOf(plan).flatMap(({ blockers = [] }) => blockers.map(({ code }) => code));
  return [...new Set(codes)].toSorted();
}
