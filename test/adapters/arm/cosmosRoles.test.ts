/** Roles of Cosmos DB accounts on ARM's wire: long-running changes, and how they fail. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startArm } from "../../../packages/azure-sim/src/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../../packages/azure-sim/src/simulator.ts";
import { addMooring, armScope, credentialOf, group } from "../../../packages/azure-sim/test/arm/fixture.ts";
import { addIdentity, createContext } from "../../../packages/azure-sim/test/entra/fixture.ts";
import { type ArmOptions, createArm } from "../../../src/adapters/arm/index.ts";
import { PrincipalId } from "../../../src/domain/naming/identityPair.ts";

const reader = "00000000-0000-0000-0000-000000000001";
const contributor = "00000000-0000-0000-0000-000000000002";

let context: SimulatorContext;
let server: Simulator;
/** The same, where changes take a while. */
let slow: Simulator;
let account: string;
let principalId: PrincipalId;

beforeAll(async () => {
  context = await createContext();
  const mooring = addMooring(context.world);
  [server, slow] = await Promise.all([startArm(context), startArm(context, { operationMs: 300 })]);
  adapter = (options = {}) =>
    createArm({
      ...{ credential: credentialOf(context.world, mooring), endpoint: server.url, scope: armScope },
      ...options,
    }).cosmosRoles;
  account = `/subscriptions/${context.world.subscriptionId}/resourceGroups/${group}/providers/Microsoft.DocumentDB/databaseAccounts/cosmos1`;
  for (const id of [account, `${account}/sqlDatabases/shop`, `${account}/sqlDatabases/shop/containers/carts`])
    context.world.targets.set(id.toLowerCase(), { id, location: "westeurope", properties: {} });
  principalId = PrincipalId.parse(addIdentity(context.world, "app").principalId);
});
afterEach(() => {
  context.faults.clear();
  context.world.cosmosAssignments.clear();
  context.world.locks.clear();
});
afterAll(() => Promise.all([server.close(), slow.close()]));

let adapter: (options?: Partial<ArmOptions>) => ReturnType<typeof createArm>["cosmosRoles"];

function assignment(changes: object = {}) {
  return { name: randomUUID(), roleId: reader, principalId, scope: "/dbs/shop/colls/carts", ...changes };
}

it("assigns a role at the account, a database or a container, reads it back and removes it twice", async () => {
  const cosmos = adapter();
  const made = ["", "/dbs/shop", "/dbs/shop/colls/carts"].map((scope) => assignment({ scope }));

  for (const each of made) await cosmos.assign(account, each);

  expect(await cosmos.assignmentsIn(account)).toEqual(made);
  // As Azure compares IDs.
  expect(await cosmos.assignmentsIn(account.toUpperCase())).toEqual(made);
  const [first] = made;
  if (!first) throw new Error("nothing was made");
  await cosmos.assign(account, first);
  await cosmos.remove(account, first.name);
  await cosmos.remove(account, first.name);
  expect(await cosmos.assignmentsIn(account)).toEqual(made.slice(1));
});

it("has made and removed it when it returns, although Azure takes a while; one change of an account at a time", async () => {
  const cosmos = adapter({ endpoint: slow.url });
  const [one, other] = [assignment(), assignment({ roleId: contributor })];

  await Promise.all([cosmos.assign(account, one), cosmos.assign(account, other)]);
  expect(await cosmos.assignmentsIn(account)).toEqual([one, other]);
  await Promise.all([cosmos.remove(account, one.name), cosmos.remove(account, other.name)]);

  expect(await cosmos.assignmentsIn(account)).toEqual([]);
});

it("tries again later while another change has the account for itself", async () => {
  const [mine, theirs] = [adapter({ endpoint: slow.url }), adapter({ endpoint: slow.url })];
  const asked = () => context.faults.journal.filter(({ operation }) => operation.startsWith("PUT")).length;
  const before = asked();
  const begun = theirs.assign(account, assignment());
  await expect.poll(asked, { interval: 5 }).toBeGreaterThan(before);

  const refused = mine.assign(account, assignment({ roleId: contributor }));

  await expect(refused).rejects.toMatchObject({ code: "ARM_CONCURRENT_WRITE", isWithoutEffect: true });
  await begun;
});

it("tries again later while the principal is not known everywhere, which Azure says only after it has accepted", async () => {
  const stranger = PrincipalId.parse(randomUUID());

  for (const endpoint of [server.url, slow.url])
    await expect(adapter({ endpoint }).assign(account, assignment({ principalId: stranger }))).rejects.toMatchObject({
      code: "PRINCIPAL_NOT_YET_VISIBLE",
      isWithoutEffect: true,
    });
});

it("goes on without what it may not see: how the operation is going", async () => {
  const effect = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
  context.faults.add({
    wire: "arm",
    operation: "GET Microsoft.DocumentDB/locations/operationsStatus",
    times: 99,
    effect,
  });

  await adapter({ endpoint: slow.url }).assign(account, assignment());

  expect(context.world.cosmosAssignments.size).toBe(1);
});

it.each([
  ["what is locked", "ARM_LOCKED", {}, "ReadOnly"],
  ["a container that is not there", "ARM_REJECTED", { scope: "/dbs/shop/colls/none" }, undefined],
  ["a role that is not there", "ARM_REJECTED", { roleId: randomUUID() }, undefined],
] as const)("is refused for good: %s", async (_what, code, changes, level) => {
  if (level) context.world.locks.set("frozen", { name: "frozen", scope: account, level });

  await expect(adapter().assign(account, assignment(changes))).rejects.toMatchObject({ code });
  expect(context.world.cosmosAssignments.size).toBe(0);
});

it("is refused where another name has the same, or the same name another: the next look finds it", async () => {
  const cosmos = adapter();
  const made = assignment();
  await cosmos.assign(account, made);

  await expect(cosmos.assign(account, { ...made, name: randomUUID() })).rejects.toMatchObject({
    code: "ARM_UNAVAILABLE",
    isWithoutEffect: true,
  });
  await expect(cosmos.assign(account, { ...made, roleId: contributor })).rejects.toMatchObject({
    code: "ARM_REJECTED",
  });
  expect(await cosmos.assignmentsIn(account)).toEqual([made]);
});

it("finds nothing in an account that is gone, and has nothing to remove there", async () => {
  const gone = `${account}x`;

  expect(await adapter().assignmentsIn(gone)).toEqual([]);
  await adapter().remove(gone, randomUUID());
});
