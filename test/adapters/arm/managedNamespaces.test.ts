import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startArm } from "../../../packages/azure-sim/src/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../../packages/azure-sim/src/simulator.ts";
import { addMooring, armScope, credentialOf } from "../../../packages/azure-sim/test/arm/fixture.ts";
import { addCluster, createContext } from "../../../packages/azure-sim/test/entra/fixture.ts";
import { createArm } from "../../../src/adapters/arm/index.ts";
import type { ManagedDocument } from "../../../src/ports/managedNamespaces.ts";

const type = "Microsoft.ContainerService/managedClusters/managedNamespaces";
let context: SimulatorContext;
let server: Simulator;
let managed: ReturnType<typeof createArm>["managedNamespaces"];
let clusterId: string;

beforeAll(async () => {
  context = await createContext();
  const { world } = context;
  await addCluster(world, "aks-dev");
  clusterId = `/subscriptions/${world.subscriptionId}/resourceGroups/rg-aks-dev/providers/Microsoft.ContainerService/managedClusters/aks-dev`;
  // Two looks see it in the making.
  server = await startArm(context, { operationMs: 1_500 });
  const credential = credentialOf(world, addMooring(world));
  managed = createArm({ credential, endpoint: server.url, scope: armScope }).managedNamespaces;
});
afterEach(() => context.faults.clear());
afterAll(() => server.close());

const ref = (name: string) => ({ clusterId, name });

/** Somebody has it managed. */
function add(name: string, properties: object = {}): void {
  const id = `${clusterId}/managedNamespaces/${name}`;
  context.world.managedNamespaces.set(id.toLowerCase(), {
    ...{ id, name, cluster: "aks-dev", location: "westeurope", tags: { cost: "42" } },
    properties: { adoptionPolicy: "Always", deletePolicy: "Keep", ...properties },
    ...{ eTag: `first-${name}`, state: "Succeeded" },
  });
}

const withQuota = ({ properties, ...rest }: ManagedDocument, cpuRequest: string): ManagedDocument => ({
  ...rest,
  properties: { ...properties, defaultResourceQuota: { cpuRequest } },
});

it("reads one, and writes back the whole with a change; it is done when Azure is", async () => {
  const theirs = { annotations: { note: "theirs" }, labels: { owner: "platform" } };
  add("team-a", theirs);
  const found = await managed.get(ref("team-a"));
  expect(found).toMatchObject({ eTag: "first-team-a", state: "Succeeded" });
  expect(found?.document.properties).not.toHaveProperty("provisioningState");

  await managed.replace(ref("team-a"), withQuota(found?.document ?? { properties: {} }, "500m"), "first-team-a");

  const changed = await managed.get(ref("team-a"));
  expect(changed).toMatchObject({
    state: "Succeeded",
    document: {
      location: "westeurope",
      tags: { cost: "42" },
      properties: {
        ...theirs,
        adoptionPolicy: "Always",
        deletePolicy: "Keep",
        defaultResourceQuota: { cpuRequest: "500m" },
      },
    },
  });
  expect(changed?.eTag).not.toBe("first-team-a");
});

it("overwrites nobody who has written since", async () => {
  add("team-b");
  const found = await managed.get(ref("team-b"));
  add("team-b", { labels: { changed: "since" } });
  context.world.managedNamespaces.forEach((each, key, all) => {
    if (each.name === "team-b") all.set(key, { ...each, eTag: "second" });
  });

  await expect(
    managed.replace(ref("team-b"), withQuota(found?.document ?? { properties: {} }, "500m"), found?.eTag ?? ""),
  ).rejects.toMatchObject({ code: "ARM_CONCURRENT_WRITE", isWithoutEffect: true });
  expect((await managed.get(ref("team-b")))?.document.properties.labels).toEqual({ changed: "since" });
});

it("says why Azure could not bring the cluster to it, and follows the namespace itself without a right to the operation", async () => {
  add("team-c");
  const stop = context.world.managedNamespaces.managedBy("aks-dev", {
    bring: () => "KubeClient failed to update resource quota due to internal server error",
    release: () => undefined,
  });
  const write = async () => {
    const found = await managed.get(ref("team-c"));
    await managed.replace(ref("team-c"), withQuota(found?.document ?? { properties: {} }, "500m"), found?.eTag ?? "");
  };
  await expect(write()).rejects.toMatchObject({
    code: "ARM_UNAVAILABLE",
    message: expect.stringContaining("KubeClient failed to update resource quota"),
  });
  context.faults.add({
    wire: "arm",
    operation: "GET Microsoft.ContainerService/locations/operations",
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: 403 },
  });
  await expect(write()).rejects.toMatchObject({
    code: "ARM_UNAVAILABLE",
    message: expect.stringContaining("it ended as Failed"),
  });
  stop();
  await write();
  expect((await managed.get(ref("team-c")))?.state).toBe("Succeeded");
});

it("finds nothing where there is none", async () => {
  expect(await managed.get(ref("nobody"))).toBeUndefined();
  expect(await managed.get({ clusterId: clusterId.replace("aks-dev", "aks-gone"), name: "a" })).toBeUndefined();
});

it.each([
  ["NoRegisteredProviderFound", 400],
  ["InvalidResourceType", 404],
])("says that a subscription does not have the API: %s", async (code, status) => {
  context.faults.add({ wire: "arm", operation: `GET ${type}`, effect: { kind: "error", code, status } });
  await expect(managed.get(ref("team-a"))).rejects.toMatchObject({
    code: "MANAGED_NAMESPACES_UNAVAILABLE",
    message: expect.stringContaining(code),
  });
});
