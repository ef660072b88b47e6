/** Targets with roles in Azure, on the whole system: planned, given, put right, adopted, changed, undone, exported, and gone. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../local/cloud.ts";
import { assignRole } from "../../local/simulators/world.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { azureRoleKindNames, rolesFor } from "../../src/domain/targets/azureRoles.ts";
import type { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = serviceOf(sandbox);
});
afterEach(() => {
  sandbox.cloud.faults.clear();
  sandbox.cloud.world.locks.clear();
});
afterAll(() => sandbox?.close());

const blobReader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const blobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

function berthOf(namespace: string) {
  return { cluster: names.cluster, namespace };
}

function pathOf(namespace: string): string {
  return `/api/namespaces/${names.cluster}/${namespace}`;
}

function wanted(namespace: string, targets: Record<string, TargetRequest["access"]>) {
  const list = Object.entries(targets).map(([target, access]) => ({ target, access }));
  return { ...berthOf(namespace), targets: list };
}

function identityOf(namespace: string) {
  const name = identityName(berthOf(namespace));
  return [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
}

/** Roles by the last part of their scope, of whoever is meant. */
function rolesOf(principalId: string | undefined) {
  return [...sandbox.cloud.world.roleAssignments.values()]
    .filter((each) => each.principalId === principalId)
    .map(({ scope, role }) => `${scope.split("/").at(-1)} ${role}`)
    .toSorted();
}

function assignedTo(namespace: string) {
  const principalId = identityOf(namespace)?.principalId;
  return [...sandbox.cloud.world.roleAssignments.values()].filter((each) => each.principalId === principalId);
}

async function onboard(namespace: string, targets: Record<string, TargetRequest["access"]>) {
  const operation = await service.waitFor(await service.onboard(wanted(namespace, targets)));
  expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
  return operation;
}

async function verify(namespace: string) {
  return (await service.call("POST", `${pathOf(namespace)}/verify`)).body["findings"];
}

async function repair(namespace: string) {
  const { body } = await service.call("POST", `${pathOf(namespace)}/repair`);
  const operation = await service.waitFor(String(body["id"]));
  expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
}

async function offboard(namespace: string) {
  const operation = await service.waitFor(await service.offboard(names.cluster, namespace));
  expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
}

const everything = {
  uploads: ["read", "write"],
  jobs: ["send", "receive"],
  sessions: ["write"],
  secrets: ["read"],
  invoices: ["send"],
  clicks: ["receive"],
  settings: ["read"],
  gpt: ["use"],
} as const satisfies Record<string, TargetRequest["access"]>;

describe("a namespace with targets and no database", () => {
  it("gets what was planned, on a target of each kind, and leaves nothing", async () => {
    const namespace = "each-kind";
    const targets = Object.fromEntries(Object.entries(everything).map(([name, access]) => [name, [...access]]));
    const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted(namespace, targets));
    expect(plan.body, JSON.stringify(plan.body)).toMatchObject({ blocked: false });
    const planned = (plan.body["steps"] as { name: string; target: string; action: string }[]).filter(
      ({ name }) => name === "grantTarget",
    );
    expect(planned.map(({ target, action }) => `${action} ${target}`).toSorted()).toEqual(
      Object.keys(everything)
        .map((target) => `create ${target}`)
        .toSorted(),
    );

    const operation = await onboard(namespace, targets);
    const done = operation.steps.filter(({ name }) => name === "grantTarget");
    expect(done.map(({ target, action }) => `${action} ${target}`).toSorted()).toEqual(
      planned.map(({ target, action }) => `${action} ${target}`).toSorted(),
    );
    const kinds = {
      uploads: "storageBlob",
      jobs: "storageQueue",
      sessions: "storageTable",
      secrets: "keyVaultSecrets",
    };
    const more = { invoices: "serviceBus", clicks: "eventHubs", settings: "appConfiguration", gpt: "openAi" };
    const kindOf: Record<string, (typeof azureRoleKindNames)[number]> = { ...kinds, ...more } as never;
    const expected = Object.entries(everything).flatMap(([target, access]) =>
      rolesFor(kindOf[target] ?? "openAi", access).map(({ id }) => id),
    );
    expect(Object.values(kindOf).toSorted()).toEqual(azureRoleKindNames.toSorted());
    expect(
      assignedTo(namespace)
        .map(({ role }) => role)
        .toSorted(),
    ).toEqual(expected.toSorted());
    expect(await verify(namespace)).toEqual([]);
    const { body: shown } = await service.call("GET", pathOf(namespace));
    expect(shown).toMatchObject({
      databases: [],
      targets: expect.arrayContaining([{ target: "gpt", access: ["use"] }]),
    });

    const principalId = identityOf(namespace)?.principalId;
    await offboard(namespace);
    expect(rolesOf(principalId)).toEqual([]);
    expect(identityOf(namespace)).toBeUndefined();
  });
});

describe("drift", () => {
  it("of each field is found and repaired", async () => {
    const namespace = "drifting";
    await onboard(namespace, { uploads: ["read"], jobs: ["send"] });
    const { roleAssignments } = sandbox.cloud.world;
    const uploads = () => assignedTo(namespace).find(({ scope }) => scope.endsWith("/uploads"));
    const first = uploads();
    if (!first) throw new Error("no role on uploads");

    roleAssignments.delete(first.name);
    expect(await verify(namespace)).toMatchObject([{ code: "GRANT_MISSING", target: "uploads", field: "read" }]);
    await repair(namespace);
    expect(uploads()?.name).toBe(first.name);

    roleAssignments.set(first.name, { ...(uploads() ?? first), description: "tidied up" });
    expect(await verify(namespace)).toMatchObject([{ code: "MARK_MISSING", target: "uploads", field: "description" }]);
    await repair(namespace);
    expect(uploads()?.description).toMatch(/^Mooring aks-dev\/drifting, operation /);

    roleAssignments.set(first.name, { ...(uploads() ?? first), condition: "@Resource[…]" });
    expect(await verify(namespace)).toMatchObject([{ code: "GRANT_LIMITED", target: "uploads", field: "read" }]);
    await repair(namespace);
    expect(uploads()?.condition).toBeUndefined();

    const principalId = identityOf(namespace)?.principalId ?? "";
    const added = assignRole(sandbox.cloud.world, { role: blobContributor, principalId, scope: first.scope });
    expect(await verify(namespace)).toMatchObject([
      { code: "GRANT_ADDED", target: "uploads", field: "write", found: "granted by somebody else" },
    ]);
    roleAssignments.delete(added.name);
    expect(await verify(namespace)).toEqual([]);
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

function assignedScope(part: string): string {
  const [account = ""] = [...sandbox.cloud.world.targets.values()].map(({ id }) => id);
  return `${account}/blobServices/default/containers/${part}`;
}

describe("a change", () => {
  it("narrows and retires, and says what it removes", async () => {
    const namespace = "changing";
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

describe("a request", () => {
  it.each([
    [{ targets: [{ target: "elsewhere", access: ["read"] }] }, "UNKNOWN_TARGET", "/targets/0/target"],
    [{ targets: [{ target: "gpt", access: ["read"] }] }, "ACCESS_NOT_ALLOWED", "/targets/0/access"],
    [{ targets: [{ target: "uploads", access: ["fly"] }] }, "INVALID_REQUEST", "/targets/0/access/0"],
    [
      { targets: ["read", "write"].map((word) => ({ target: "uploads", access: [word] })) },
      "INVALID_REQUEST",
      "/targets",
    ],
    [{ targets: [] }, "INVALID_REQUEST", "/targets"],
    [{ targets: [{ target: "uploads", access: ["read", "read"] }] }, "INVALID_REQUEST", "/targets/0/access"],
    [{}, "INVALID_REQUEST", "/databases"],
  ])("is refused before anything is written: %#", async (request, code, pointer) => {
    const { body } = await service.call("POST", "/api/onboardings", { ...berthOf("refused"), ...request });

    expect(body).toMatchObject({ code, errors: expect.arrayContaining([expect.objectContaining({ pointer })]) });
  });
});
