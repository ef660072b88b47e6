/** What fails after Azure has accepted a write says nothing of the write: it may still take effect, however it failed. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startArm } from "../../../packages/azure-sim/src/arm/index.ts";
import type { Effect } from "../../../packages/azure-sim/src/faults.ts";
import type { Simulator, SimulatorContext } from "../../../packages/azure-sim/src/simulator.ts";
import {
  addMooring,
  addSqlServer,
  armScope,
  credentialOf,
  group,
} from "../../../packages/azure-sim/test/arm/fixture.ts";
import {
  addCluster,
  addIdentity,
  createContext,
  tokenAudience,
} from "../../../packages/azure-sim/test/entra/fixture.ts";
import { createCaller } from "../../../src/adapters/arm/caller.ts";
import { createCosmosRoles } from "../../../src/adapters/arm/cosmosRoles.ts";
import { createArm } from "../../../src/adapters/arm/index.ts";
import { mayStillLand } from "../../../src/domain/errors.ts";
import { PrincipalId } from "../../../src/domain/naming/identityPair.ts";

let context: SimulatorContext;
let server: Simulator;
let arm: ReturnType<typeof createArm>;
/** The ID of a resource, by provider, type and name. */
let idOf: (inGroup: string, what: string) => string;

beforeAll(async () => {
  context = await createContext();
  const { world } = context;
  const credential = credentialOf(world, addMooring(world));
  server = await startArm(context);
  arm = createArm({ credential, endpoint: server.url, scope: armScope, identityWriteIntervalMs: 0 });
  idOf = (inGroup, what) => `/subscriptions/${world.subscriptionId}/resourceGroups/${inGroup}/providers/${what}`;
  await addCluster(world, "aks-dev");
  addSqlServer(world);
  addIdentity(world, "app");
  const account = idOf(group, "Microsoft.DocumentDB/databaseAccounts/cosmos1");
  world.targets.set(account.toLowerCase(), { id: account, location: "westeurope", properties: {} });
  const id = `${clusterId()}/managedNamespaces/team-a`;
  world.managedNamespaces.set(id.toLowerCase(), {
    ...{ id, name: "team-a", cluster: "aks-dev", location: "westeurope", tags: {} },
    ...{ properties: { adoptionPolicy: "Always", deletePolicy: "Keep" }, eTag: "first", state: "Succeeded" },
  });
});
afterEach(() => {
  context.faults.clear();
  context.world.cosmosAssignments.clear();
});
afterAll(() => server.close());

const clusterId = () => idOf("rg-aks-dev", "Microsoft.ContainerService/managedClusters/aks-dev");
const principalId = PrincipalId.parse(randomUUID());
const identity = () => ({ subscriptionId: context.world.subscriptionId, resourceGroup: group, name: "app" });

/** Each write, with the type of what it reads afterwards. */
const writes: Readonly<Record<string, readonly [type: string, write: () => Promise<void>]>> = {
  "a federated credential": [
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    () =>
      arm.identities.putFederatedCredential(identity(), {
        ...{ name: "app", issuer: "https://issuer.example/", audiences: [tokenAudience] },
        subject: `system:serviceaccount:${randomUUID()}:app`,
      }),
  ],
  "a role in Cosmos DB": [
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
    () =>
      arm.cosmosRoles.assign(idOf(group, "Microsoft.DocumentDB/databaseAccounts/cosmos1"), {
        ...{ name: randomUUID(), roleId: "00000000-0000-0000-0000-000000000001", scope: "" },
        principalId: PrincipalId.parse([...context.world.identities.values()][0]?.principalId),
      }),
  ],
  "an identity binding": [
    "Microsoft.ContainerService/managedClusters/identityBindings",
    () =>
      arm.identityBindings.put(
        { clusterId: clusterId(), name: "binding" },
        { identityId: idOf(group, "Microsoft.ManagedIdentity/userAssignedIdentities/app") },
      ),
  ],
  "a managed namespace": [
    "Microsoft.ContainerService/managedClusters/managedNamespaces",
    () =>
      arm.managedNamespaces.replace(
        { clusterId: clusterId(), name: "team-a" },
        { location: "westeurope", properties: {} },
        [...context.world.managedNamespaces.values()][0]?.eTag ?? "",
      ),
  ],
  "the administrator of a SQL server": [
    "Microsoft.Sql/servers/administrators",
    () =>
      arm.sqlServers.setEntraAdmin(
        {
          ...{ alias: "sql-dev", host: "localhost", port: 1433, userCreation: "sid", databases: {} },
          resourceId: idOf("rg-data", "Microsoft.Sql/servers/sql-dev"),
        },
        { login: "other", objectId: randomUUID() },
      ),
  ],
};

function fail(operation: string, effect: Effect): void {
  context.faults.add({ wire: "arm", operation, times: Number.POSITIVE_INFINITY, effect });
}

const ways: Readonly<Record<string, Effect>> = {
  "is forbidden": { kind: "error", code: "AuthorizationFailed", status: 403 },
  "is rejected": { kind: "error", code: "InvalidRequestContent", status: 400 },
  "reaches nobody": { kind: "cutBefore" },
};

it.each(
  Object.entries(writes).flatMap(([what, [type, write]]) =>
    Object.entries(ways).map(([how, effect]) => [what, how, type, write, effect] as const),
  ),
)("may still land: %s, where the look after it %s", async (_what, _how, type, write, effect) => {
  fail(`GET ${type}`, effect);

  const error = await write().catch((caught: unknown) => caught);

  expect(error).toBeInstanceOf(Error);
  expect(mayStillLand(error), String(error)).toBe(true);
});

it.each(Object.entries(writes))("does not land: %s that Azure refuses", async (_what, [type, write]) => {
  fail(`PUT ${type}`, { kind: "error", code: "AuthorizationFailed", status: 403 });

  const error = await write().catch((caught: unknown) => caught);

  expect(error).toMatchObject({ code: "ARM_FORBIDDEN" });
  expect(mayStillLand(error)).toBe(false);
});

it("may still land: what is accepted, with another host to follow it", async () => {
  const answer = { status: 202, body: undefined, progress: "https://elsewhere.example/operation" };
  const roles = createCosmosRoles({
    endpoint: server.url,
    caller: createCaller({ timeoutMs: 1_000, patienceMs: 0 }),
    pipeline: async () => async () => answer,
  });

  const error = await roles
    .assign("/account", { name: "role", roleId: "reader", principalId, scope: "" })
    .catch((caught: unknown) => caught);

  expect(error).toMatchObject({ code: "ARM_REJECTED" });
  expect(mayStillLand(error)).toBe(true);
});
