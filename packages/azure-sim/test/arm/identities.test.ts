import { ManagedIdentityCredential } from "@azure/identity";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { startArm } from "../../src/arm/index.ts";
import { startEntra } from "../../src/entra/index.ts";
import type { Simulator, SimulatorContext } from "../../src/simulator.ts";
import type { ServicePrincipal } from "../../src/world.ts";
import { addCluster, addIdentity, createContext, tokenAudience } from "../entra/fixture.ts";
import { addMooring, clientsFor, collect, credentialOf, group } from "./fixture.ts";

let context: SimulatorContext;
let mooring: ServicePrincipal;
let arm: Simulator;
let msi: ReturnType<typeof clientsFor>["msi"];

beforeAll(async () => {
  context = await createContext();
  mooring = addMooring(context.world);
  arm = await startArm(context);
  msi = clientsFor(credentialOf(context.world, mooring), context.world.subscriptionId, arm.url).msi;
});

afterEach(() => {
  vi.unstubAllEnvs();
  context.faults.clear();
  context.faults.latencyMs = 0;
});

afterAll(() => arm.close());

function credential(subject: string, issuer = "https://issuer.example/") {
  return { issuer, subject, audiences: [tokenAudience] };
}

test("creates, reads, changes, lists and deletes an identity, regardless of the case of its name", async () => {
  const created = await msi.userAssignedIdentities.createOrUpdate(group, "mooring-a", {
    location: "West Europe",
    tags: { owner: "mooring" },
  });
  const read = await msi.userAssignedIdentities.get(group.toUpperCase(), "MOORING-A");
  const updated = await msi.userAssignedIdentities.update(group, "mooring-a", { tags: { owner: "team" } });
  const listed = await collect(msi.userAssignedIdentities.listByResourceGroup(group));

  expect(created).toMatchObject({
    id: `/subscriptions/${context.world.subscriptionId}/resourcegroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mooring-a`,
    name: "mooring-a",
    location: "westeurope",
    tags: { owner: "mooring" },
    tenantId: context.world.tenantId,
  });
  expect(created.clientId).toMatch(/^[0-9a-f-]{36}$/);
  expect(read).toEqual(created);
  expect(updated.tags).toEqual({ owner: "team" });
  expect(listed.map(({ name }) => name)).toEqual(["mooring-a"]);

  await msi.userAssignedIdentities.delete(group, "mooring-a");
  await msi.userAssignedIdentities.delete(group, "mooring-a");

  await expect(msi.userAssignedIdentities.get(group, "mooring-a")).rejects.toMatchObject({
    statusCode: 404,
    code: "ResourceNotFound",
  });
});

test("answers 201 for a new identity and 200 for an existing one", async () => {
  const statuses: number[] = [];
  const onResponse = ({ status }: { status: number }) => statuses.push(status);
  const put = () =>
    msi.userAssignedIdentities.createOrUpdate(group, "twice", { location: "westeurope" }, { onResponse });

  const [first, second] = [await put(), await put()];

  expect(statuses).toEqual([201, 200]);
  expect(second.clientId).toBe(first.clientId);
});

test("gives a new client id to an identity that is recreated under the same name", async () => {
  const put = () => msi.userAssignedIdentities.createOrUpdate(group, "again", { location: "westeurope" });
  const first = await put();
  await msi.userAssignedIdentities.delete(group, "again");

  const second = await put();

  expect(second.clientId).not.toBe(first.clientId);
});

test("pages through a long list by its next links", async () => {
  const { name } = addIdentity(
    context.world,
    "paged",
    Array.from({ length: 5 }, (_, index) => ({ name: `app-${index}`, ...credential(`s-${index}`) })),
  );
  const sizes: number[] = [];

  for await (const items of msi.federatedIdentityCredentials.list(group, name, { top: 2 }).byPage()) {
    sizes.push(items.length);
  }

  expect(sizes).toEqual([2, 2, 1]);
});

test.each([
  ["a missing resource group", "rg-none", "mooring-a", "westeurope", 404, "ResourceGroupNotFound"],
  ["a name that Azure does not allow", group, "-a", "westeurope", 400, "BadRequest"],
])("refuses an identity with %s", async (_, resourceGroup, name, location, statusCode, code) => {
  await expect(msi.userAssignedIdentities.createOrUpdate(resourceGroup, name, { location })).rejects.toMatchObject({
    statusCode,
    code,
  });
});

test("refuses to move an identity to another location", async () => {
  addIdentity(context.world, "settled");

  await expect(
    msi.userAssignedIdentities.createOrUpdate(group, "settled", { location: "northeurope" }),
  ).rejects.toMatchObject({ statusCode: 409, code: "InvalidResourceLocation" });
});

test("assumes that a cluster's node resource group exists", async () => {
  const { nodeResourceGroup } = await addCluster(context.world, "aks-dev");

  const { id } = await msi.userAssignedIdentities.createOrUpdate(nodeResourceGroup, "node", { location: "westeurope" });

  expect(id).toContain(nodeResourceGroup);
});

test("writes, lists and deletes federated credentials", async () => {
  const { name } = addIdentity(context.world, "federated");
  const written = await msi.federatedIdentityCredentials.createOrUpdate(group, name, "app", credential("a"));

  expect(written).toMatchObject({ name: "app", ...credential("a") });
  expect(await msi.federatedIdentityCredentials.get(group, name, "APP")).toMatchObject(credential("a"));
  expect(await collect(msi.federatedIdentityCredentials.list(group, name))).toHaveLength(1);

  await msi.federatedIdentityCredentials.delete(group, name, "app");
  await msi.federatedIdentityCredentials.delete(group, name, "app");

  expect(await collect(msi.federatedIdentityCredentials.list(group, name))).toEqual([]);
});

test.each([
  ["a second one for the same issuer and subject", "other", credential("taken")],
  ["a name that starts with a hyphen", "-app", credential("free")],
  ["a name of two characters", "ab", credential("free")],
  ["two audiences", "app", { ...credential("free"), audiences: [tokenAudience, "api://other"] }],
  ["no audience", "app", { ...credential("free"), audiences: [] }],
  ["a subject of 601 characters", "app", credential("x".repeat(601))],
])("refuses a federated credential: %s", async (title, name, parameters) => {
  const identity = addIdentity(context.world, `rules-${title.length}`, [{ name: "first", ...credential("taken") }]);

  await expect(
    msi.federatedIdentityCredentials.createOrUpdate(group, identity.name, name, parameters),
  ).rejects.toMatchObject({ statusCode: 400, code: "BadRequest" });
});

test("refuses the 21st federated credential, and still updates the 20th", async () => {
  const { name } = addIdentity(
    context.world,
    "crowded",
    Array.from({ length: 20 }, (_, index) => ({ name: `app-${index}`, ...credential(`s-${index}`) })),
  );
  const put = (credentialName: string, subject: string) =>
    msi.federatedIdentityCredentials.createOrUpdate(group, name, credentialName, credential(subject));

  await expect(put("app-20", "s-20")).rejects.toMatchObject({ statusCode: 400 });
  await expect(put("app-19", "s-changed")).resolves.toMatchObject({ subject: "s-changed" });
});

test("refuses the later of two concurrent writes to one identity, and no write to another", async () => {
  const [one, two] = [addIdentity(context.world, "busy"), addIdentity(context.world, "idle")];
  context.faults.latencyMs = 100;
  const put = (identity: string, name: string) =>
    msi.federatedIdentityCredentials.createOrUpdate(group, identity, name, credential(name));

  const [first, second, third] = await Promise.allSettled([
    put(one.name, "app-1"),
    put(one.name, "app-2"),
    put(two.name, "app-1"),
  ]);

  expect([first.status, second.status].toSorted()).toEqual(["fulfilled", "rejected"]);
  expect([first, second].find(({ status }) => status === "rejected")).toMatchObject({
    reason: {
      statusCode: 409,
      code: "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
    },
  });
  expect(third.status).toBe("fulfilled");
  context.faults.latencyMs = 0;
  await expect(put(one.name, "app-2")).resolves.toBeDefined();
});

test("refuses a federated credential of an identity that does not exist", async () => {
  await expect(
    msi.federatedIdentityCredentials.createOrUpdate(group, "nobody", "app", credential("a")),
  ).rejects.toMatchObject({ statusCode: 404, code: "ParentResourceNotFound" });
});

test("lets Mooring in through the managed identity of its Function App", async () => {
  const entra = await startEntra(context);
  const { endpoint, header } = entra.appServiceIdentity(mooring.clientId);
  vi.stubEnv("IDENTITY_ENDPOINT", endpoint);
  vi.stubEnv("IDENTITY_HEADER", header);
  const client = clientsFor(new ManagedIdentityCredential(), context.world.subscriptionId, arm.url).msi;

  await expect(collect(client.userAssignedIdentities.listBySubscription())).resolves.toBeDefined();
  await entra.close();
});

test("refuses a workload's identity with a 403 that names the action and the scope", async () => {
  const workload = addIdentity(context.world, "workload");
  const client = clientsFor(credentialOf(context.world, workload), context.world.subscriptionId, arm.url).msi;

  await expect(client.userAssignedIdentities.delete(group, "workload")).rejects.toMatchObject({
    statusCode: 403,
    code: "AuthorizationFailed",
    message: expect.stringMatching(
      /perform action 'Microsoft.ManagedIdentity\/userAssignedIdentities\/delete' over scope '\/subscriptions\/.+workload'/,
    ),
  });
});

test("refuses an action that the role does not hold", async () => {
  const reader = await startArm(context, { actions: ["Microsoft.ManagedIdentity/userAssignedIdentities/read"] });
  const client = clientsFor(credentialOf(context.world, mooring), context.world.subscriptionId, reader.url).msi;
  const { name } = addIdentity(context.world, "readable");

  await expect(client.userAssignedIdentities.get(group, name)).resolves.toMatchObject({ name });
  await expect(client.userAssignedIdentities.delete(group, name)).rejects.toMatchObject({ statusCode: 403 });
  await reader.close();
});

test("refuses a token for another service", async () => {
  const credentials = credentialOf(context.world, mooring, "https://database.windows.net");
  const client = clientsFor(credentials, context.world.subscriptionId, arm.url).msi;

  await expect(client.userAssignedIdentities.get(group, "any")).rejects.toMatchObject({
    statusCode: 401,
    code: "InvalidAuthenticationTokenAudience",
  });
});

test.each([
  ["no api-version", "", 400, "MissingApiVersionParameter"],
  ["an api-version that never was", "?api-version=2001-01-01", 400, "InvalidApiVersionParameter"],
])("refuses %s", async (_, query, status, code) => {
  expect(await fetchArm(`/resourceGroups/${group}${identities}/any${query}`)).toMatchObject({
    status,
    error: { code },
  });
});

test("answers 429 with Retry-After beyond the published limits, and later accepts the caller again", async () => {
  let now = Date.now();
  const limited = await createContext({ now: () => new Date(now) });
  const principal = addMooring(limited.world);
  const server = await startArm(limited, { enforceLimits: true });
  const client = clientsFor(credentialOf(limited.world, principal), limited.world.subscriptionId, server.url).msi;
  const put = (name: string) => client.userAssignedIdentities.createOrUpdate(group, name, { location: "westeurope" });

  await put("one-a");
  await put("two-a");
  await expect(put("three-a")).rejects.toMatchObject({ statusCode: 429, code: "TooManyRequests" });
  now += 1000;
  await expect(put("three-a")).resolves.toBeDefined();
  // Each resource allows one write in four seconds.
  await expect(put("three-a")).rejects.toMatchObject({
    statusCode: 429,
    message: expect.stringContaining("try again after '4' seconds"),
  });
  await server.close();
});

test("produces scripted errors by operation and target", async () => {
  const { name } = addIdentity(context.world, "scripted");
  context.faults.add({
    wire: "arm",
    operation: "PUT Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    target: `${name}/app`,
    effect: { kind: "error", code: "TooManyRequests", status: 429, retryAfterSeconds: 7 },
  });
  const seen: (string | undefined)[] = [];

  await expect(
    msi.federatedIdentityCredentials.createOrUpdate(group, name, "app", credential("a"), {
      onResponse: ({ headers }) => seen.push(headers.get("retry-after")),
    }),
  ).rejects.toMatchObject({ statusCode: 429, code: "TooManyRequests" });
  expect(seen).toEqual(["7"]);
});

test("keeps the effect of a call whose answer was cut off", async () => {
  context.faults.add({ wire: "arm", target: "mooring-cut", effect: { kind: "cutAfter" } });
  const put = () => msi.userAssignedIdentities.createOrUpdate(group, "mooring-cut", { location: "westeurope" });

  await expect(put()).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|REQUEST_SEND_ERROR/) });

  await expect(msi.userAssignedIdentities.get(group, "mooring-cut")).resolves.toBeDefined();
});

test("gives a call its effect after its connection was cut", async () => {
  context.faults.add({ wire: "arm", target: "mooring-late", effect: { kind: "cutLate", ms: 50 } });
  const get = () => msi.userAssignedIdentities.get(group, "mooring-late");

  await expect(
    msi.userAssignedIdentities.createOrUpdate(group, "mooring-late", { location: "westeurope" }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|REQUEST_SEND_ERROR/) });

  await expect(get()).rejects.toMatchObject({ statusCode: 404 });
  await expect.poll(get).toMatchObject({ name: "mooring-late" });
  expect(() => context.faults.add({ wire: "sql", effect: { kind: "cutLate", ms: 50 } })).toThrow("cannot take effect");
});

const identities = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities";

async function fetchArm(path: string): Promise<Record<string, unknown>> {
  const token = await credentialOf(context.world, mooring).getToken("");
  const response = await fetch(`${arm.url}/subscriptions/${context.world.subscriptionId}${path}`, {
    headers: { authorization: `Bearer ${token?.token}` },
  });
  const body: unknown = await response.json();
  return { status: response.status, ...(typeof body === "object" ? body : {}) };
}
