/** Who may assign which roles, and what forbids it: conditions, locks, the limit, and what is gone. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startArm } from "../../src/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../src/simulator.ts";
import type { ServicePrincipal } from "../../src/world.ts";
import { createContext } from "../entra/fixture.ts";
import { credentialOf } from "./fixture.ts";

const reader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const everything = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const version = "2022-04-01";

let context: SimulatorContext;
let arm: Simulator;
let mooring: ServicePrincipal;
let owner: ServicePrincipal;
let account: string;

function principal(displayName: string): ServicePrincipal {
  const made = { displayName, clientId: randomUUID(), principalId: randomUUID() };
  context.world.servicePrincipals.set(made.clientId, made);
  return made;
}

beforeAll(async () => {
  context = await createContext();
  [mooring, owner] = [principal("mooring"), principal("owner")];
  arm = await startArm(context, {
    authorized: new Set([mooring.clientId]),
    owners: new Set([owner.clientId]),
    assignableRoles: new Set([reader]),
  });
  account = `/subscriptions/${context.world.subscriptionId}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st`;
  context.world.targets.set(account.toLowerCase(), { id: account, location: "westeurope", properties: {} });
});
afterEach(() => {
  context.world.roleAssignments.clear();
  context.world.locks.clear();
  context.world.roleAssignmentLimit = 4_000;
});
afterAll(() => arm.close());

async function ask(who: ServicePrincipal, method: string, path: string, body?: object, api = version) {
  const { token } = (await credentialOf(context.world, who).getToken([])) ?? { token: "" };
  const url = `${arm.url}${path}${path.includes("?") ? "&" : "?"}api-version=${api}`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const sent = request(url, { method, ca: context.tls.certificate, headers }).end(body && JSON.stringify(body));
  const [response] = await once(sent, "response");
  const said = await text(response);
  const answer = said === "" ? {} : JSON.parse(said);
  return { status: response.statusCode as number, code: answer.error?.code as string | undefined, answer };
}

function place(name: string = randomUUID(), scope = account): string {
  return `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
}

function grant(role: string, changes: object = {}) {
  const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  const properties = { roleDefinitionId, principalId: randomUUID(), principalType: "ServicePrincipal", ...changes };
  return { properties };
}

it.each([
  ["a role outside the list", everything, {}],
  ["a person", reader, { principalType: "User" }],
  ["whoever it is", reader, { principalType: null, principalId: "owner" }],
])("lets who has the condition give nothing to %s", async (_title, role, changes) => {
  const principalId = "principalId" in changes ? owner.principalId : randomUUID();
  const body = grant(role, { ...changes, principalId });

  expect(await ask(mooring, "PUT", place(), body)).toMatchObject({ status: 403, code: "AuthorizationFailed" });
  expect(
    await ask(owner, "PUT", place(), { properties: { ...body.properties, principalId: owner.principalId } }),
  ).toMatchObject({ status: 201 });
  expect((await ask(mooring, "PUT", place(), grant(reader))).status).toBe(201);
});

it("lets who has the condition take back only what it may give", async () => {
  const [theirs, ours] = [randomUUID(), randomUUID()];
  await ask(owner, "PUT", place(theirs), grant(everything));
  await ask(owner, "PUT", place(ours), grant(reader));

  expect(await ask(mooring, "DELETE", place(theirs))).toMatchObject({ status: 403, code: "AuthorizationFailed" });
  expect((await ask(mooring, "DELETE", place(ours))).status).toBe(200);
});

it("looks a principal up only without its type", async () => {
  const unknown = grant(reader, { principalType: null });

  expect(await ask(owner, "PUT", place(), unknown)).toMatchObject({ status: 400, code: "PrincipalNotFound" });
  expect((await ask(owner, "PUT", place(), grant(reader))).status).toBe(201);
});

it("obeys locks above the scope", async () => {
  const name = randomUUID();
  const group = account.slice(0, account.indexOf("/providers/"));
  const lock = `${group}/providers/Microsoft.Authorization/locks/frozen`;
  await ask(owner, "PUT", place(name), grant(reader));

  await ask(owner, "PUT", lock, { properties: { level: "CanNotDelete" } }, "2020-05-01");
  expect((await ask(owner, "PUT", place(), grant(reader))).status).toBe(201);
  expect(await ask(owner, "DELETE", place(name))).toMatchObject({ status: 409, code: "ScopeLocked" });
  await ask(owner, "PUT", lock, { properties: { level: "ReadOnly" } }, "2020-05-01");
  expect(await ask(owner, "PUT", place(), grant(reader))).toMatchObject({ status: 409, code: "ScopeLocked" });
  const listed = `${account}/providers/Microsoft.Authorization/locks?$filter=atScope()`;
  expect((await ask(mooring, "GET", listed, undefined, "2020-05-01")).answer.value).toMatchObject([
    { id: lock, properties: { level: "ReadOnly" } },
  ]);
});

it("counts the assignments of a subscription, up to its limit", async () => {
  context.world.roleAssignmentLimit = 1;
  const usage = `/subscriptions/${context.world.subscriptionId}/providers/Microsoft.Authorization/roleAssignmentsUsageMetrics`;
  await ask(owner, "PUT", place(), grant(reader));

  expect((await ask(mooring, "GET", usage, undefined, "2019-08-01-preview")).answer).toMatchObject({
    roleAssignmentsLimit: 1,
    roleAssignmentsCurrentCount: 1,
    roleAssignmentsRemainingCount: 0,
  });
  expect(await ask(owner, "PUT", place(), grant(reader))).toMatchObject({ code: "RoleAssignmentLimitExceeded" });
});

it("has nothing at a resource that is gone", async () => {
  const gone = `${account.replace(/st$/, "gone")}/providers/Microsoft.Authorization/roleAssignments`;

  expect(await ask(mooring, "GET", gone)).toMatchObject({ status: 404 });
  expect(await ask(owner, "PUT", `${gone}/${randomUUID()}`, grant(reader))).toMatchObject({ status: 404 });
});
