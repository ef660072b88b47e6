/** Cosmos DB's data on its wire: whose token it is, what a role at a scope allows, from when, and what an account answers. */
import { randomUUID } from "node:crypto";
import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type CosmosSimulator, cosmosAudience, startCosmos } from "../../src/cosmos/index.ts";
import { mintAccessToken } from "../../src/entra/accessTokens.ts";
import { createFaults } from "../../src/faults.ts";
import { createCertificate } from "../../src/tls.ts";
import { createWorld, type World } from "../../src/world.ts";

const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-dev";
const caller = { displayName: "app", clientId: randomUUID(), principalId: randomUUID() };
const reader = "00000000-0000-0000-0000-000000000001";
const contributor = "00000000-0000-0000-0000-000000000002";
const carts = "dbs/shop/colls/carts";

let world: World;
let account: CosmosSimulator;
const faults = createFaults();

beforeAll(async () => {
  const [created, tls] = await Promise.all([createWorld(), createCertificate()]);
  world = created;
  world.servicePrincipals.set(caller.clientId, caller);
  for (const path of ["", "/sqlDatabases/shop", "/sqlDatabases/shop/containers/carts"])
    world.targets.set(`${id}${path}`.toLowerCase(), { id: `${id}${path}`, location: "westeurope", properties: {} });
  account = await startCosmos({ world, faults, tls }, { id });
});
beforeEach(() => {
  world.cosmosAssignments.clear();
  world.roleDelayMs = 0;
});
afterAll(() => account?.close());

function give(roleId: string, scope = "", createdTime = world.now()) {
  const name = randomUUID();
  const made = { account: id, name, roleId, principalId: caller.principalId, scope: `${id}${scope}`, createdTime };
  world.cosmosAssignments.set(name, made);
}

interface Asked {
  readonly body?: object;
  readonly authorization?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(method: string, path: string, { body, authorization, headers = {} }: Asked = {}) {
  const token = await mintAccessToken(world, caller, cosmosAudience);
  const signed = authorization === undefined ? encodeURIComponent(`type=aad&ver=1.0&sig=${token}`) : authorization;
  const sent = {
    "x-ms-date": new Date().toUTCString().toLowerCase(),
    "x-ms-version": "2018-12-31",
    ...(signed === null ? {} : { authorization: signed }),
    ...headers,
  };
  const url = `${account.endpoint}/${path}`;
  return await new Promise<{ status: number; substatus: unknown; body: unknown }>((resolve, reject) => {
    httpsRequest(url, { method, headers: sent, rejectUnauthorized: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          substatus: answer.headers["x-ms-substatus"],
          body: text === "" ? undefined : JSON.parse(text),
        }),
      );
    })
      .on("error", reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });
}

it("lets in only Microsoft Entra's tokens for Cosmos DB, in its own form", async () => {
  give(reader);
  const token = await mintAccessToken(world, caller, cosmosAudience);
  const other = await mintAccessToken(world, caller, "https://storage.azure.com");
  const unauthorized = { status: 401, body: { code: "Unauthorized" } };

  expect(await ask("GET", carts)).toMatchObject({ status: 200, body: { id: "carts" } });
  const own = await mintAccessToken(world, caller, account.endpoint);
  const signed = encodeURIComponent(`type=aad&ver=1.0&sig=${own}`);
  expect(await ask("GET", carts, { authorization: signed })).toMatchObject({ status: 200 });
  for (const authorization of [null, `Bearer ${token}`, encodeURIComponent(`type=aad&ver=1.0&sig=${other}`)])
    expect(await ask("GET", carts, { authorization })).toMatchObject(unauthorized);
  const master = encodeURIComponent("type=master&ver=1.0&sig=a2V5");
  expect(await ask("GET", carts, { authorization: master })).toMatchObject(unauthorized);
});

it("names principal, action and resource of whom it refuses", async () => {
  expect(await ask("GET", carts)).toMatchObject({
    status: 403,
    substatus: "5301",
    body: {
      code: "Forbidden",
      message: expect.stringContaining(
        `principal [${caller.principalId}] does not have required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/readMetadata] on resource [/dbs/shop/colls/carts]`,
      ),
    },
  });
});

it("reads at the scope of a role and below it, and above it only the account itself", async () => {
  const statuses = async () =>
    Promise.all(["", "dbs/shop", carts].map(async (path) => (await ask("GET", path)).status));

  expect(await statuses()).toEqual([403, 403, 403]);
  give(reader, "/dbs/shop/colls/carts");
  expect(await statuses()).toEqual([200, 403, 200]);
  world.cosmosAssignments.clear();
  give(reader, "/dbs/shop");
  expect(await statuses()).toEqual([200, 200, 200]);
  world.cosmosAssignments.clear();
  give(reader);
  expect(await statuses()).toEqual([200, 200, 200]);
  expect(await ask("GET", "dbs/shop/colls/none")).toMatchObject({ status: 404, body: { code: "NotFound" } });
});

it("lets a contributor write and read items, and a reader read them", async () => {
  const item = { id: "1", owner: "ada" };
  give(reader, "/dbs/shop/colls/carts");
  expect(await ask("POST", `${carts}/docs`, { body: item })).toMatchObject({ status: 403, substatus: "5301" });
  expect(await ask("GET", `${carts}/docs/1`)).toMatchObject({ status: 404 });

  give(contributor, "/dbs/shop/colls/carts");
  expect(await ask("POST", `${carts}/docs`, { body: item })).toMatchObject({ status: 201, body: item });
  expect(await ask("POST", `${carts}/docs`, { body: item })).toMatchObject({ status: 409 });
  const upsert = { "x-ms-documentdb-is-upsert": "true" };
  expect(await ask("POST", `${carts}/docs`, { body: { ...item, owner: "bo" }, headers: upsert })).toMatchObject({
    status: 200,
  });
  world.cosmosAssignments.clear();
  give(reader);
  expect(await ask("GET", `${carts}/docs/1`)).toMatchObject({ status: 200, body: { owner: "bo" } });
  expect(await ask("DELETE", `${carts}/docs/1`)).toMatchObject({ status: 403 });
  give(contributor);
  expect(await ask("DELETE", `${carts}/docs/1`)).toMatchObject({ status: 204 });
  expect(account.items.get("/dbs/shop/colls/carts")?.size).toBe(0);
});

it("lets nobody make a container with a token", async () => {
  give(contributor);

  expect(await ask("POST", "dbs/shop")).toMatchObject({ status: 403, substatus: "5300" });
});

it("lets a role count only after a while", async () => {
  world.roleDelayMs = 60_000;
  give(reader);
  expect(await ask("GET", carts)).toMatchObject({ status: 403 });
  give(reader, "", new Date(world.now().getTime() - 61_000));
  expect(await ask("GET", carts)).toMatchObject({ status: 200 });
});

it("fails where a fault says so, and keeps a journal", async () => {
  faults.add({ wire: "cosmos", effect: { kind: "error", code: "TooManyRequests", status: 429 } });

  expect(await ask("GET", carts)).toMatchObject({ status: 429, body: { code: "TooManyRequests" } });
  expect(faults.journal.at(-1)).toEqual({ wire: "cosmos", operation: "GET", target: `cosmos-dev/${carts}` });
});

it("knows a database and a container by their resource IDs, too, and which ranges of keys there are", async () => {
  give(contributor, "/dbs/shop/colls/carts");
  const { body } = await ask("GET", carts);
  const rid = String((body as { _rid: string })._rid);
  const bytes = Buffer.from(rid.replaceAll("-", "/"), "base64");
  const database = bytes.subarray(0, 4).toString("base64").replaceAll("/", "-");
  const byRid = `dbs/${encodeURIComponent(database)}/colls/${encodeURIComponent(rid)}`;

  expect(bytes).toHaveLength(8);
  expect(bytes.readUInt8(4) & 0x80).toBe(0x80);
  expect(await ask("GET", byRid)).toMatchObject({ status: 200, body: { id: "carts" } });
  expect(await ask("GET", `${byRid}/pkranges`)).toMatchObject({
    status: 200,
    body: { _rid: rid, PartitionKeyRanges: [{ id: "0", minInclusive: "", maxExclusive: "FF" }] },
  });
  expect(await ask("GET", `${byRid}/pkranges`, { headers: { "if-none-match": '"1"' } })).toMatchObject({ status: 304 });
  expect(await ask("POST", `${byRid}/docs`, { body: { id: "7" } })).toMatchObject({ status: 201 });
  expect(await ask("GET", `${carts}/docs/7`)).toMatchObject({ status: 200, body: { id: "7" } });
  expect(await ask("GET", "dbs/AAAAAA==/colls/AAAAAIAAAAA=")).toMatchObject({ status: 403 });
});
