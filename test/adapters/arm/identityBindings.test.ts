import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startArm } from "../../../packages/azure-sim/src/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../../packages/azure-sim/src/simulator.ts";
import { automaticCredential, type Identity } from "../../../packages/azure-sim/src/world.ts";
import { addMooring, armScope, credentialOf } from "../../../packages/azure-sim/test/arm/fixture.ts";
import { addCluster, addIdentity, createContext } from "../../../packages/azure-sim/test/entra/fixture.ts";
import { createArm } from "../../../src/adapters/arm/index.ts";

let context: SimulatorContext;
let server: Simulator;
let bindings: ReturnType<typeof createArm>["identityBindings"];
let identity: Identity;
let clusterId: string;

beforeAll(async () => {
  context = await createContext();
  const { world } = context;
  await addCluster(world, "aks-dev");
  identity = addIdentity(world, "team-a");
  clusterId = `/subscriptions/${world.subscriptionId}/resourceGroups/rg-aks-dev/providers/Microsoft.ContainerService/managedClusters/aks-dev`;
  // Two looks see it in the making.
  server = await startArm(context, { operationMs: 1_500 });
  const credential = credentialOf(world, addMooring(world));
  bindings = createArm({ credential, endpoint: server.url, scope: armScope }).identityBindings;
});
afterEach(() => context.faults.clear());
afterAll(() => server.close());

const ref = (name: string) => ({ clusterId, name });

it("makes a binding, and is done when Azure is; lists and removes it", async () => {
  expect(await bindings.get(ref("mooring1"))).toBeUndefined();
  expect(await bindings.listAt(clusterId)).toEqual([]);

  await bindings.put(ref("mooring1"), { identityId: identity.id });

  const made = { name: "mooring1", identityId: identity.id, clientId: identity.clientId, isReady: true };
  expect(await bindings.get(ref("mooring1"))).toEqual(made);
  expect(await bindings.listAt(clusterId)).toEqual([made]);
  expect([...identity.federatedCredentials.keys()]).toEqual([automaticCredential]);

  await bindings.remove(ref("mooring1"));
  await bindings.remove(ref("mooring1"));
  expect(await bindings.listAt(clusterId)).toEqual([]);
  expect([...identity.federatedCredentials.keys()]).toEqual([automaticCredential]);
});

it("finds nothing at a cluster that is not there", async () => {
  const elsewhere = clusterId.replace("aks-dev", "aks-gone");

  expect(await bindings.listAt(elsewhere)).toEqual([]);
  expect(await bindings.get({ clusterId: elsewhere, name: "mooring1" })).toBeUndefined();
});

it.each([
  ["NoRegisteredProviderFound", 400],
  ["InvalidResourceType", 404],
  ["MissingSubscriptionRegistration", 409],
])("says that a subscription does not have the API: %s", async (code, status) => {
  const type = "Microsoft.ContainerService/managedClusters/identityBindings";
  const effect = { kind: "error", code, status } as const;
  for (const method of ["GET", "PUT"]) context.faults.add({ wire: "arm", operation: `${method} ${type}`, effect });

  const unavailable = { code: "IDENTITY_BINDING_UNAVAILABLE", message: expect.stringContaining(code) };
  await expect(bindings.get(ref("mooring2"))).rejects.toMatchObject(unavailable);
  await expect(bindings.put(ref("mooring2"), { identityId: identity.id })).rejects.toMatchObject(unavailable);
});

it("passes on what AKS refuses", async () => {
  const { world } = context;
  const cluster = await addCluster(world, "aks-vnet");
  world.clusters.set("aks-vnet", { ...cluster, hasVnetIntegration: true });
  const theirs = { clusterId: clusterId.replaceAll("aks-dev", "aks-vnet"), name: "mooring3" };

  await expect(bindings.put(theirs, { identityId: identity.id })).rejects.toMatchObject({
    code: "ARM_REJECTED",
    message: expect.stringContaining("VNet integration"),
  });
  await expect(bindings.put(ref("with-hyphen"), { identityId: identity.id })).rejects.toMatchObject({
    code: "ARM_REJECTED",
  });
});
