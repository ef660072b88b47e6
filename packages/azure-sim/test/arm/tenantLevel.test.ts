/** Requests of a client that knows no subscription yet (learn.microsoft.com: Subscriptions, Tenants, Resource Groups - List). */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:https";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startArm } from "../../src/arm/index.ts";
import type { Simulator, SimulatorContext } from "../../src/simulator.ts";
import type { ServicePrincipal } from "../../src/world.ts";
import { createContext } from "../entra/fixture.ts";
import { addMooring, clientsFor, collect, credentialOf, group } from "./fixture.ts";

const another = randomUUID();
let context: SimulatorContext;
let arm: Simulator;
let mooring: ServicePrincipal;

beforeAll(async () => {
  context = await createContext();
  const { world } = context;
  mooring = addMooring(world);
  world.subscriptionIds.add(another);
  world.resourceGroups.set("there", { name: "rg-there", location: "northeurope", subscriptionId: another });
  arm = await startArm(context, {
    authorityHost: "https://127.0.0.1:1/",
    authorized: new Set([mooring.clientId]),
  });
});
afterAll(() => arm.close());

async function get(path: string, who?: ServicePrincipal) {
  const credential = who && (await credentialOf(context.world, who).getToken([]));
  const sent = request(`${arm.url}${path}?api-version=2022-12-01`, {
    ca: context.tls.certificate,
    headers: credential ? { authorization: `Bearer ${credential.token}` } : {},
  }).end();
  const [response] = await once(sent, "response");
  return { status: response.statusCode, body: await json(response) };
}

test("tells every caller where to get tokens", async () => {
  const { status, body } = await get("/metadata/endpoints");

  expect(status).toBe(200);
  expect(body).toMatchObject({ authentication: { loginEndpoint: "https://127.0.0.1:1/" } });
});

test("lists tenants and subscriptions, and each subscription's own groups", async () => {
  const { tenantId, subscriptionId } = context.world;
  const namesIn = async (id: string) => {
    const { body } = await get(`/subscriptions/${id}/resourcegroups`, mooring);
    return (body as { value: { name: string }[] }).value.map(({ name }) => name);
  };

  expect(await get("/tenants", mooring)).toMatchObject({ status: 200, body: { value: [{ tenantId }] } });
  expect(await get("/subscriptions", mooring)).toMatchObject({
    body: { value: [{ subscriptionId, tenantId, state: "Enabled" }, { subscriptionId: another }] },
  });
  expect(await get(`/subscriptions/${another}`, mooring)).toMatchObject({ body: { subscriptionId: another } });
  expect(await namesIn(subscriptionId)).toEqual([group]);
  expect(await namesIn(another)).toEqual([group, "rg-there"]);
});

test("shows no subscription to a caller without a role there, and nothing without a token", async () => {
  const stranger = { displayName: "stranger", clientId: randomUUID(), principalId: randomUUID() };
  context.world.servicePrincipals.set(stranger.clientId, stranger);

  expect(await get("/subscriptions", stranger)).toMatchObject({ status: 200, body: { value: [] } });
  expect((await get(`/subscriptions/${another}`, stranger)).status).toBe(404);
  expect((await get("/subscriptions")).status).toBe(401);
});

test("keeps the identities of two subscriptions separate", async () => {
  const { world } = context;
  const here = clientsFor(credentialOf(world, mooring), world.subscriptionId, arm.url).msi;
  const there = clientsFor(credentialOf(world, mooring), another, arm.url).msi;

  await there.userAssignedIdentities.createOrUpdate("rg-there", "one", { location: "northeurope" });
  await expect(
    here.userAssignedIdentities.createOrUpdate("rg-there", "two", { location: "northeurope" }),
  ).rejects.toMatchObject({ statusCode: 404 });

  expect(await collect(here.userAssignedIdentities.listBySubscription())).toEqual([]);
  expect(await collect(there.userAssignedIdentities.listBySubscription())).toMatchObject([{ name: "one" }]);
});
