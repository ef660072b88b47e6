/** App Configuration's wire: whose token it is, what a role allows and from when, and how a store keeps and lists key-values. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import {
  type ConfigurationStoreSimulator,
  configurationAudience,
  startAppConfiguration,
} from "../../src/appConfiguration/index.ts";
import { mintAccessToken } from "../../src/entra/accessTokens.ts";
import { createFaults } from "../../src/faults.ts";
import { createCertificate } from "../../src/tls.ts";
import { assignRole, createWorld, type World } from "../../src/world.ts";
import { askHttps, type Sent } from "../askHttps.ts";

const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.AppConfiguration/configurationStores/appcs-dev";
const caller = { displayName: "app", clientId: randomUUID(), principalId: randomUUID() };
const reader = "516239f1-63e1-4d78-a4de-a74fb236a071";
const owner = "5ae67dd6-50cb-40e7-96ff-dc2bfa4b606b";

let world: World;
let store: ConfigurationStoreSimulator;
const faults = createFaults();

beforeAll(async () => {
  const [created, tls] = await Promise.all([createWorld(), createCertificate()]);
  world = created;
  world.servicePrincipals.set(caller.clientId, caller);
  store = await startAppConfiguration({ world, faults, tls }, { id });
});
beforeEach(() => {
  world.roleAssignments.clear();
  world.roleDelayMs = 0;
});
afterAll(() => store?.close());

function give(role: string, createdTime?: Date) {
  assignRole(world, { role, principalId: caller.principalId, scope: id, createdTime });
}

async function ask(method: string, path: string, sent: Sent = {}) {
  const token = await mintAccessToken(world, caller, configurationAudience);
  const url = `${store.endpoint}/${path}${path.includes("?") ? "&" : "?"}api-version=2023-11-01`;
  return await askHttps(method, url, { token, ...sent });
}

it("lets in only Microsoft Entra's tokens, for the service or for the store itself", async () => {
  give(reader);
  const other = await mintAccessToken(world, caller, "https://storage.azure.com");
  const own = await mintAccessToken(world, caller, store.endpoint);

  expect(await ask("GET", "kv", { token: undefined })).toMatchObject({
    status: 401,
    headers: { "www-authenticate": "HMAC-SHA256, Bearer" },
  });
  expect(await ask("GET", "kv", { token: other })).toMatchObject({
    status: 401,
    headers: { "www-authenticate": expect.stringContaining('Bearer error="invalid_token"') },
  });
  expect(await ask("GET", "kv", { token: own })).toMatchObject({ status: 200, body: { items: [] } });
});

it("lets a reader read and an owner write, from the time at which the role is in effect", async () => {
  world.roleDelayMs = 60_000;
  give(owner, world.now());
  expect(await ask("PUT", "kv/colour", { body: { value: "blue" } })).toMatchObject({ status: 403, body: undefined });
  world.roleDelayMs = 0;
  expect(await ask("PUT", "kv/colour", { body: { value: "blue" } })).toMatchObject({
    status: 200,
    headers: { "sync-token": expect.stringMatching(/;sn=\d+$/) },
    body: { key: "colour", label: null, value: "blue", locked: false },
  });
  world.roleAssignments.clear();
  give(reader);

  expect(await ask("GET", "kv/colour")).toMatchObject({ status: 200, body: { value: "blue" } });
  expect(await ask("GET", "kv/none")).toMatchObject({ status: 404, body: undefined });
  expect(await ask("PUT", "kv/colour", { body: { value: "red" } })).toMatchObject({ status: 403 });
  expect(await ask("DELETE", "kv/colour")).toMatchObject({ status: 403 });
});

it("writes and deletes under a condition", async () => {
  give(owner);
  const first = await ask("PUT", "kv/size", { body: { value: "1" }, headers: { "if-none-match": "*" } });
  const etag = String(first.headers.etag);

  expect(first.status).toBe(200);
  expect(await ask("PUT", "kv/size", { body: { value: "2" }, headers: { "if-none-match": "*" } })).toMatchObject({
    status: 412,
  });
  expect(await ask("GET", "kv/size", { headers: { "if-none-match": etag } })).toMatchObject({ status: 304 });
  expect(await ask("PUT", "kv/size", { body: { value: "2" }, headers: { "if-match": etag } })).toMatchObject({
    status: 200,
  });
  expect(await ask("DELETE", "kv/size", { headers: { "if-match": etag } })).toMatchObject({ status: 412 });
  expect(await ask("DELETE", "kv/size")).toMatchObject({ status: 200, body: { value: "2" } });
  expect(await ask("DELETE", "kv/size")).toMatchObject({ status: 204 });
});

it("lists by filters of key and label, page by page, with the fields that are asked for", async () => {
  give(owner);
  for (let index = 0; index < 101; index += 1) store.keyValues.set({ key: `many/${index}`, value: String(index) });
  store.keyValues.set({ key: "a,b*", label: "prod", value: "odd" });
  const list = async (query: string) => {
    const { body } = await ask("GET", `kv?${query}`);
    return body as { items: Record<string, unknown>[]; "@nextLink"?: string };
  };

  const first = await list("key=many/*");
  expect(first.items).toHaveLength(100);
  const { body } = await ask("GET", String(first["@nextLink"]).slice(1));
  expect(body).toMatchObject({ items: [{ key: "many/99" }] });
  expect(await list(`key=${encodeURIComponent("a\\,b\\*,none")}&$select=key,label`)).toEqual({
    items: [{ key: "a,b*", label: "prod" }],
  });
  expect((await list("key=a*&label=%00")).items).toEqual([]);
  expect((await list("label=prod,dev")).items).toMatchObject([{ value: "odd" }]);
  expect(await ask("GET", `keys?name=${encodeURIComponent("a\\,*")}`)).toMatchObject({
    body: { items: [{ name: "a,b*" }] },
  });
});

it("refuses what it cannot read, answers scripted faults, and knows its calls", async () => {
  give(owner);
  expect(await ask("PUT", "kv/colour", { body: { value: 7 } })).toMatchObject({ status: 400, body: { name: "body" } });
  expect(
    await askHttps("GET", `${store.endpoint}/kv`, {
      token: await mintAccessToken(world, caller, configurationAudience),
    }),
  ).toMatchObject({
    status: 400,
    body: { type: "https://azconfig.io/errors/invalid-argument", name: "api-version" },
  });
  faults.add({ wire: "appConfiguration", effect: { kind: "error", code: "too-many-requests", status: 429 } });

  expect(await ask("GET", "kv/colour")).toMatchObject({ status: 429 });
  expect(faults.journal.at(-1)).toEqual({ wire: "appConfiguration", operation: "GET kv", target: "appcs-dev/colour" });
});
