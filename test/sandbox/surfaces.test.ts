/**
 * Whatever the simulated services get, they keep running and never answer with an internal error. They get garbage on the socket,
 * half of a message, and invalid bodies from valid callers, and then an onboarding shows that they still work.
 */
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, TLSSocket } from "node:tls";
import { assignRole } from "azure-sim/world";
import { shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, test } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { serviceOf } from "../support/service.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const dice = createDice(seed);
let sandbox: SuiteSandbox;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it sends garbage to everything that listens",
    logLevel: "warning",
  });
});
afterAll(() => sandbox?.close());

const wires = ["arm", "entra", "kubernetes", "sql", "serviceBus"] as const;
/** Of targets: what is for whom, and the role that may do most there. */
const data = {
  blob: { audience: "https://storage.azure.com", role: "ba92f5b4-2d11-453d-a403-e96b0029c9fe" },
  queue: { audience: "https://storage.azure.com", role: "974c5e8b-45b9-4653-ba55-5f855dd0fb88" },
  table: { audience: "https://storage.azure.com", role: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3" },
  keyVault: { audience: "https://vault.azure.net", role: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7" },
  cosmos: { audience: "https://cosmos.azure.com", role: "00000000-0000-0000-0000-000000000002" },
  appConfiguration: { audience: "https://azconfig.io", role: "5ae67dd6-50cb-40e7-96ff-dc2bfa4b606b" },
  openAi: { audience: "https://cognitiveservices.azure.com", role: "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd" },
} as const;
type DataWire = keyof typeof data;
const dataWires = Object.keys(data) as DataWire[];

/** Without a slash at its end. */
function endpointOf(wire: DataWire): string {
  const { storage, vaults, cosmosAccounts, configurationStores, openAiResources } = sandbox.cloud.data;
  if (wire === "blob" || wire === "queue" || wire === "table") return storage?.endpointOf(wire, "stdev") ?? "";
  const all = {
    keyVault: vaults,
    cosmos: cosmosAccounts,
    appConfiguration: configurationStores,
    openAi: openAiResources,
  };
  return [...all[wire].values()][0]?.endpoint ?? "";
}

/** Everything that listens, by its port. */
function portOf(wire: (typeof wires)[number] | "busOfTargets" | "hubsOfTargets" | DataWire): number {
  const { cloud } = sandbox;
  if (wire === "busOfTargets") return [...cloud.data.busNamespaces.values()][0]?.port ?? 0;
  if (wire === "hubsOfTargets") return [...cloud.data.hubsNamespaces.values()][0]?.port ?? 0;
  return Object.hasOwn(data, wire) ? Number(new URL(endpointOf(wire as DataWire)).port) : cloud[wire as "arm"].port;
}

function bytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => dice.roll(256)));
}

/** First bytes of a connection other than garbage: each protocol's own beginning, cut off or contradicted. */
const beginnings: readonly (() => Buffer)[] = [
  () => bytes(dice.roll(2_000)),
  () => Buffer.alloc(dice.roll(70_000)),
  () => Buffer.from("GET / HTTP/1.1\r\n\r\n"),
  () => Buffer.from(`POST / HTTP/1.1\r\ncontent-length: ${2 ** 53}\r\n\r\n{`),
  () => Buffer.from(`GET /${"a".repeat(100_000)} HTTP/1.1\r\n\r\n`),
  // AMQP, "Version Negotiation": the header, then a frame with a wrong size.
  () => Buffer.concat([Buffer.from("AMQP\0\x01\0\0", "latin1"), bytes(4), bytes(200)]),
  () => Buffer.concat([Buffer.from("AMQP\x03\x01\0\0", "latin1"), Buffer.from([0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0])]),
  // [MS-TDS] 2.2.3.1: a pre-login packet with a length that is too short, or too long.
  () => Buffer.concat([Buffer.from([0x12, 1, 0, 4, 0, 0, 1, 0]), bytes(40)]),
  () => Buffer.concat([Buffer.from([0x12, 1, 0xff, 0xff, 0, 0, 1, 0]), bytes(100)]),
  () => Buffer.concat([Buffer.from([0x10, 1, 0, 40, 0, 0, 1, 0]), bytes(32)]),
];

/** Sends the data and disconnects, gracefully or not, immediately or after a while. */
async function send(socket: Socket, data: Buffer): Promise<void> {
  socket.on("error", () => undefined);
  socket.on("data", () => undefined);
  const closed = once(socket, "close").catch(() => undefined);
  socket.write(data);
  if (dice.chance(0.5)) await Promise.race([closed, sleep(dice.roll(30))]);
  if (dice.chance(0.5)) socket.end();
  else if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
  await Promise.race([closed, sleep(200)]);
  socket.destroy();
}

test.each([...wires, "busOfTargets", "hubsOfTargets", ...dataWires] as const)(
  "survives garbage on the socket of %s",
  async (wire) => {
    const port = portOf(wire);
    for (let round = 0; round < shareOf(120); round += 1) {
      const data = dice.pick(beginnings)();
      const socket = dice.chance(0.5)
        ? connect(port, "127.0.0.1")
        : connectTls({ port, host: "127.0.0.1", ca: sandbox.cloud.tls.certificate, servername: "localhost" });
      await send(socket, data);
    }
  },
  120_000,
);

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(url: string, method: string, headers: Record<string, string>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, ca: sandbox.cloud.tls.certificate, agent: false, insecureHTTPParser: true };
    const sent = httpsRequest(url, options, async (response) => {
      let text = "";
      for await (const chunk of response) text += String(chunk);
      resolve({ status: response.statusCode ?? 0, text });
    });
    sent.setTimeout(10_000, () => sent.destroy(new Error(`${method} ${url} was not answered`)));
    sent.on("error", reject);
    sent.end(method === "GET" ? undefined : body);
  });
}

const bodies: readonly (() => string)[] = [
  () => "",
  () => "null",
  () => "[]",
  () => '"text"',
  () => "{",
  () => "{}",
  () => "[".repeat(20_000),
  () => '{"__proto__":{"a":1},"constructor":{"prototype":{}}}',
  () => '{"metadata":null,"spec":[]}',
  () => '{"metadata":{"name":{},"labels":[1],"finalizers":"x","uid":1},"spec":{"serviceAccountName":7}}',
  () => '{"properties":{"issuer":{},"audiences":"none"},"location":7,"tags":[1]}',
  () => '{"kind":"List","apiVersion":"v1","items":[{}]}',
  () => "apiVersion: v1\nkind: Namespace\nmetadata: &a {name: *a}\n",
  () => "grant_type=client_credentials&scope=%00&client_assertion=a.b.c",
  () => bytes(300).toString("latin1"),
];
const contentTypes = [
  "application/json",
  "application/apply-patch+yaml",
  "application/merge-patch+json",
  "application/json-patch+json",
  "application/strategic-merge-patch+json",
  "application/x-www-form-urlencoded",
  "text/plain; charset=nothing",
  "",
];
const pieces = ["%00", "%ff", "..", "%2e%2e", "a".repeat(300), "🔑", "*", "$(x)", "' or 1=1", "default"];
const methods = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"];

function pathsOf(wire: "arm" | "entra" | "kubernetes"): readonly string[] {
  const { subscriptionId, tenantId } = sandbox.cloud.world;
  const piece = encodeURI(dice.pick(pieces));
  const group = `/subscriptions/${subscriptionId}/resourceGroups/rg-dev/providers`;
  return {
    arm: [
      `/${piece}`,
      `/subscriptions/${piece}`,
      `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/${piece}?api-version=2023-01-31`,
      `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/a/federatedIdentityCredentials/${piece}?api-version=${piece}`,
      `${group}/Microsoft.Sql/servers/${piece}?api-version=2021-11-01`,
      `${group}/Microsoft.Authorization/roleAssignments/${piece}?api-version=2022-04-01&$filter=${piece}`,
    ],
    entra: [
      `/${piece}`,
      `/${tenantId}/oauth2/v2.0/token`,
      `/${tenantId}/${piece}`,
      `/${piece}/.well-known/openid-configuration`,
    ],
    kubernetes: [
      `/${piece}`,
      `/api/v1/namespaces/${piece}`,
      `/api/v1/namespaces?limit=${piece}&continue=${piece}&labelSelector=${piece}&fieldSelector=${piece}`,
      `/api/v1/namespaces/default/serviceaccounts/${piece}?fieldManager=${piece}&force=${piece}&dryRun=${piece}`,
      `/api/v1/namespaces/default/serviceaccounts/default/token`,
      `/apis/batch/v1/namespaces/default/jobs?resourceVersion=${piece}`,
      `/apis/${piece}/v1/${piece}`,
    ],
  }[wire];
}

test.each(["arm", "entra", "kubernetes"] as const)(
  "answers an invalid request to %s without an internal error",
  async (wire) => {
    const { cloud } = sandbox;
    const { token } = (await cloud.credentialOf("mooring").getToken("https://management.azure.com/.default")) ?? {};
    const bearer = { arm: token, entra: undefined, kubernetes: cloud.kubernetes.adminToken }[wire];
    const defects: string[] = [];

    for (let round = 0; round < shareOf(1_200); round += 1) {
      const [path, method] = [dice.pick(pathsOf(wire)), dice.pick(methods)];
      const headers = {
        "content-type": dice.pick(contentTypes),
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      };
      const body = dice.pick(bodies)();
      const { status, text } = await ask(`${cloud[wire].url}${path}`, method, headers, body);
      if (status === 500)
        defects.push(`${method} ${path} ${headers["content-type"]} ${body.slice(0, 80)} → ${text.slice(0, 200)}`);
    }

    expect([...new Set(defects)]).toEqual([]);
  },
  180_000,
);

const dataPaths: { readonly [Wire in DataWire]: (piece: string) => readonly string[] } = {
  blob: (piece) => [
    `/${piece}`,
    "/uploads?restype=container&comp=list",
    `/uploads/${piece}`,
    `/${piece}/${piece}?restype=${piece}&comp=${piece}`,
  ],
  queue: (piece) => [
    `/${piece}`,
    "/jobs/messages?peekonly=true",
    `/jobs/${piece}`,
    `/jobs/messages?numofmessages=${piece}`,
  ],
  table: (piece) => [`/${piece}`, `/sessions()?$filter=${piece}`, "/sessions", `/Tables?$top=${piece}`],
  keyVault: (piece) => [
    `/${piece}?api-version=7.4`,
    `/secrets/${piece}?api-version=7.4`,
    `/secrets?maxresults=${piece}&api-version=7.4`,
    `/secrets/${piece}/versions?api-version=${piece}`,
  ],
  cosmos: (piece) => [
    `/${piece}`,
    "/dbs/shop/colls/carts/docs",
    `/dbs/${piece}/colls/${piece}`,
    `/dbs/shop/colls/carts/docs/${piece}`,
  ],
  appConfiguration: (piece) => [
    `/kv/${piece}?api-version=1.0`,
    `/kv?key=${piece}&label=${piece}&$select=${piece}&api-version=1.0`,
    `/keys?name=${piece}&after=${piece}&api-version=1.0`,
    `/${piece}?api-version=${piece}`,
  ],
  openAi: (piece) => [
    `/openai/${piece}`,
    `/openai/deployments/${piece}/chat/completions?api-version=${piece}`,
    "/openai/deployments/chat/chat/completions?api-version=1",
    "/openai/v1/embeddings",
  ],
};

/** What is no UTF-8, too. */
function encoded(piece: string): string {
  return piece.startsWith("%") ? piece : encodeURI(piece);
}

test.each(dataWires)(
  "answers an invalid request to %s without an internal error",
  async (wire) => {
    const { world, principals } = sandbox.cloud;
    const { principalId } = principals.owner;
    const { audience, role } = data[wire];
    for (const { id: account } of sandbox.cloud.data.cosmosAccounts.values())
      world.cosmosAssignments.set("owner", { account, name: "owner", roleId: role, principalId, scope: account });
    assignRole(world, { role, principalId, scope: `/subscriptions/${world.subscriptionId}` });
    const { token } = (await sandbox.cloud.credentialOf("owner").getToken(`${audience}/.default`)) ?? {};
    const authorization = wire === "cosmos" ? encodeURIComponent(`type=aad&ver=1.0&sig=${token}`) : `Bearer ${token}`;
    const defects: string[] = [];

    for (let round = 0; round < shareOf(1_200); round += 1) {
      const path = dice.pick(dataPaths[wire](encoded(dice.pick(pieces))));
      const method = dice.pick(methods);
      const headers = { "content-type": dice.pick(contentTypes), "x-ms-version": "2018-12-31", authorization };
      const body = dice.pick(bodies)();
      const { status, text } = await ask(`${endpointOf(wire)}${path}`, method, headers, body);
      if (status === 500) defects.push(`${method} ${path} ${body.slice(0, 60)} → ${text.slice(0, 160)}`);
    }

    expect([...new Set(defects)]).toEqual([]);
  },
  180_000,
);

test("still completes an onboarding", async () => {
  const service = serviceOf(sandbox);
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  const request = { cluster: names.cluster, namespace: "after-all-that", databases };
  sandbox.cloud.serviceBus.queue(names.queue).send({ messageId: "after", body: request });

  const { status, error } = await service.waitFor(await service.onboard(request), 60_000);

  expect(status, JSON.stringify(error)).toBe("Succeeded");
});
