/** Targets in Cosmos DB, on the whole system: planned, given, put right, undone, and gone, over ARM's long-running operations. */
import { randomUUID } from "node:crypto";
import { afterEach, expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { actsOn, pathOf } from "../support/namespaceActs.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

const contributor = "00000000-0000-0000-0000-000000000002";
const reader = "00000000-0000-0000-0000-000000000001";
const put = "PUT Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments";

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  sandbox.cloud.world.cosmosAssignments.clear();
  service = serviceOf(sandbox);
});
afterEach(() => {
  sandbox.cloud.faults.clear();
  sandbox.cloud.world.locks.clear();
  sandbox.cloud.world.cosmosAssignments.clear();
});

function wanted(namespace: string, targets: Readonly<Record<string, readonly string[]>>) {
  const list = Object.entries(targets).map(([target, access]) => ({ target, access }));
  return { cluster: names.cluster, namespace, targets: list };
}

const both = { carts: ["read", "write"], shop: ["read"] };

function identityOf(namespace: string) {
  const name = identityName({ cluster: names.cluster, namespace });
  return [...sandbox.cloud.world.identities].find(([, each]) => each.name === name);
}

function given(principalId?: string) {
  return [...sandbox.cloud.world.cosmosAssignments.values()]
    .filter((each) => principalId === undefined || each.principalId === principalId)
    .map(({ scope, roleId }) => `${scope.split("/databaseAccounts/")[1]} ${roleId}`)
    .toSorted();
}

const bothGiven = [`cosmos-dev/dbs/shop ${reader}`, `cosmos-dev/dbs/shop/colls/carts ${contributor}`];

const acts = actsOn(() => service);
const { verify, repair, offboard } = acts;

async function onboard(namespace: string, targets: Readonly<Record<string, readonly string[]>> = both) {
  return await acts.onboard(wanted(namespace, targets));
}

it("gives what was planned on two parts of one account at once, misses and repairs it, exports it, and leaves nothing", async () => {
  const namespace = "shopping";
  const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted(namespace, both));
  const steps = plan.body["steps"] as { name: string; target: string; action: string }[];
  const planned = steps.filter(({ name }) => name === "grantTarget");
  expect(planned.map(({ target, action }) => `${action} ${target}`).toSorted()).toEqual([
    "create carts",
    "create shop",
  ]);
  await onboard(namespace);
  const [, identity] = identityOf(namespace) ?? [];
  expect(given(identity?.principalId)).toEqual(bothGiven);
  expect(await verify(namespace)).toEqual([]);

  sandbox.cloud.world.cosmosAssignments.clear();
  expect(await verify(namespace)).toMatchObject([
    { code: "GRANT_MISSING", target: "carts", field: "write" },
    { code: "GRANT_MISSING", target: "shop", field: "read" },
  ]);
  await repair(namespace);
  expect(given(identity?.principalId)).toEqual(bothGiven);

  const text = await (await fetch(`${sandbox.url}${pathOf(namespace)}/export?format=azurecli`)).text();
  const commands = text.split("\n").filter((line) => line.startsWith("az cosmosdb sql role assignment create"));
  const exported = commands.map((line) => {
    const flag = (name: string) => new RegExp(`--${name} (\\S+)`).exec(line)?.[1] ?? "";
    expect(flag("principal-id")).toBe(identity?.principalId);
    return `${flag("scope").split("/databaseAccounts/")[1]} ${flag("role-definition-id")}`;
  });
  expect(exported.toSorted()).toEqual(bothGiven);
  const map = await sandbox.cloud.kubernetes.objects.get("v1", "ConfigMap", "mooring-databases", namespace);
  expect(map?.["data"]).toMatchObject({
    COSMOS_ENDPOINT: expect.stringMatching(/^https:\/\/localhost:\d+$/),
    COSMOS_DATABASE: "shop",
    COSMOS_CONTAINER: "carts",
  });
  await offboard(namespace);
  expect(given()).toEqual([]);
});

it("replaces the role of an identity that was made anew", async () => {
  const namespace = "renewed-shop";
  await onboard(namespace, { carts: ["read"] });
  const [key, old] = identityOf(namespace) ?? [];
  if (key === undefined || !old) throw new Error("there is no identity");
  const next = { ...old, clientId: randomUUID(), principalId: randomUUID(), federatedCredentials: new Map() };
  sandbox.cloud.world.identities.set(key, next);

  expect(await verify(namespace)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ code: "GRANT_MISSING", target: "carts" }),
      expect.objectContaining({ code: "GRANT_STALE", expected: next.principalId, found: old.principalId }),
    ]),
  );
  await repair(namespace);
  expect(given(old.principalId)).toEqual([]);
  expect(given(next.principalId)).toEqual([`cosmos-dev/dbs/shop/colls/carts ${reader}`]);
  await offboard(namespace);
});

it("takes back what it gave when a later step may not, and nothing of somebody else's", async () => {
  const [account] = [...sandbox.cloud.world.targets.values()].filter(({ id }) => id.endsWith("/cosmos-dev"));
  if (!account) throw new Error("there is no account");
  const { principalId } = sandbox.cloud.principals.operator;
  const foreign = { account: account.id, name: randomUUID(), roleId: reader, principalId, scope: account.id };
  sandbox.cloud.world.cosmosAssignments.set("theirs", foreign);
  sandbox.cloud.faults.add({
    wire: "kubernetes",
    operation: "PATCH serviceaccounts",
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: 403, message: "Not today." },
  });

  const failed = await service.waitFor(await service.onboard(wanted("undone-shop", both)));

  expect(failed.status).toBe("Failed");
  expect(failed.steps).toContainEqual(expect.objectContaining({ name: "revokeTarget", action: "delete" }));
  expect([...sandbox.cloud.world.cosmosAssignments.values()]).toEqual([foreign]);
});

it.each([
  ["is told apart from one that failed", { kind: "cutAfter" }, 1],
  ["waits for its turn", { kind: "error", code: "PreconditionFailed", status: 412 }, 2],
  ["is tried again when Azure throttles", { kind: "error", code: 429, retryAfterSeconds: 0 }, 2],
] as const)("a write without a good answer %s", async (what, effect, times) => {
  sandbox.cloud.faults.add({ wire: "arm", operation: put, times, effect });
  const namespace = `shaky-${what.length}`;

  await onboard(namespace, { carts: ["write"] });

  expect(given()).toEqual([`cosmos-dev/dbs/shop/colls/carts ${contributor}`]);
  await offboard(namespace);
  expect(given()).toEqual([]);
});

it("names what stands in the way, before anything is written", async () => {
  const { world } = sandbox.cloud;
  const [containerId = "", container] = [...world.targets].find(([id]) => id.endsWith("/containers/carts")) ?? [];
  if (!container) throw new Error("there is no container");
  world.targets.delete(containerId);
  const scope = container.id.split("/sqlDatabases/")[0] ?? "";
  world.locks.set("frozen", { name: "frozen", scope, level: "ReadOnly" });

  const plan = await service.call(
    "POST",
    "/api/onboardings?dryRun=true",
    wanted("obstructed-shop", { carts: ["read"] }),
  );
  world.targets.set(containerId, container);

  const steps = plan.body["steps"] as { blockers?: { code: string }[] }[];
  const blockers = steps.flatMap(({ blockers: found = [] }) => found.map(({ code }) => code));
  expect([...new Set(blockers)].toSorted()).toEqual(["ARM_LOCKED", "TARGET_MISSING"]);
  expect(given()).toEqual([]);
});
