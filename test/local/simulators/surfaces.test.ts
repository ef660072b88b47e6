/**
 * Whatever the simulated services get, they keep running and never answer with an internal error. They get garbage on the socket,
 * half of a message, and invalid bodies from valid callers, and then an onboarding shows that they still work.
 */
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { names } from "../../../local/cloud.ts";
import { createDice } from "../../proof/support/random.ts";
import { shareOf } from "../../support/proofs.ts";
import { type SuiteSandbox, startSandbox } from "../../support/sandbox.ts";
import { serviceOf } from "../../support/service.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const dice = createDice(seed);
let sandbox: SuiteSandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ logLevel: "warning" });
});
afterAll(() => sandbox?.close());

const wires = ["arm", "entra", "kubernetes", "sql", "serviceBus"] as const;

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

test.each(wires)(
  "survives garbage on the socket of %s",
  async (wire) => {
    const { port } = sandbox.cloud[wire];
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

test("still completes an onboarding", async () => {
  const service = serviceOf(sandbox);
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  const request = { cluster: names.cluster, namespace: "after-all-that", databases };
  sandbox.cloud.serviceBus.queue(names.queue).send({ messageId: "after", body: request });

  const { status, error } = await service.waitFor(await service.onboard(request), 60_000);

  expect(status, JSON.stringify(error)).toBe("Succeeded");
});
