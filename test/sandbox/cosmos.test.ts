import { afterEach, expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { actsOn } from "../support/namespaceActs.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

const contributor = "00000000-0000-0000-0000-000000000002";
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

function given() {
  return [...sandbox.cloud.world.cosmosAssignments.values()]
    .map(({ scope, roleId }) => `${scope.split("/databaseAccounts/")[1]} ${roleId}`)
    .toSorted();
}

const acts = actsOn(() => service);

async function onboard(namespace: string, targets: Readonly<Record<string, readonly string[]>>) {
  return await acts.onboard(wanted(namespace, targets));
}

it.each([
  ["is told apart from one that failed", { kind: "cutAfter" }, 1],
  ["waits for its turn", { kind: "error", code: "PreconditionFailed", status: 412 }, 2],
  ["is tried again when Azure throttles", { kind: "error", code: 429, retryAfterSeconds: 0 }, 2],
] as const)("a write without a good answer %s", async (what, effect, times) => {
  sandbox.cloud.faults.add({ wire: "arm", operation: put, times, effect });
  const namespace = `shaky-${what.length}`;

  await onboard(namespace, { carts: ["write"] });

  expect(given()).toEqual([`cosmos-dev/dbs/shop/colls/carts ${contributor}`]);
  await acts.offboard(namespace);
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
