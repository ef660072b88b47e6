/** Access tokens, checked against the keys of a simulated Entra over TLS. */
import { createHash, createPublicKey, randomUUID } from "node:crypto";
import { decodeProtectedHeader, importJWK, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type EntraSimulator, startEntra } from "../../../packages/azure-sim/src/entra/index.ts";
import type { SimulatorContext } from "../../../packages/azure-sim/src/simulator.ts";
import { createSigningKey } from "../../../packages/azure-sim/src/world.ts";
import { createContext } from "../../../packages/azure-sim/test/entra/fixture.ts";
import { createTokens } from "../../../src/adapters/entra/index.ts";
import type { Tokens } from "../../../src/ports/tokens.ts";

let context: SimulatorContext;
let entra: EntraSimulator;
let tokens: Tokens;
const audience = randomUUID();
const oid = randomUUID();
const clientId = randomUUID();

beforeAll(async () => {
  context = await createContext();
  entra = await startEntra(context);
});
afterAll(() => entra?.close());
beforeEach(() => {
  context.faults.clear();
  tokens = open();
});

function open(): Tokens {
  return createTokens({ issuer: entra.issuer, audiences: [audience], tenantId: context.world.tenantId });
}

const seconds = () => Math.floor(Date.now() / 1_000);
const mint = (changes: object = {}) =>
  entra.apiToken({ audience, oid, clientId, roles: ["Onboarding.Request"], changes: { ...changes } });

/** The claims of a valid token, to be signed in various wrong ways. */
async function rightClaims(): Promise<Record<string, unknown>> {
  const [, payload = ""] = (await mint()).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

it("accepts a token that Entra signed for Mooring and returns its claims", async () => {
  const token = await mint({ groups: ["g"], preferred_username: "ann@example.com" });

  expect(await tokens.verify(token)).toMatchObject({
    oid,
    azp: clientId,
    roles: ["Onboarding.Request"],
    groups: ["g"],
    preferred_username: "ann@example.com",
  });
});

it("passes on a token's hint that its groups did not fit", async () => {
  const elsewhere = {
    _claim_names: { groups: "src1" },
    _claim_sources: { src1: { endpoint: "https://graph.example" } },
  };

  expect(await tokens.verify(await mint(elsewhere))).toMatchObject({ _claim_names: { groups: "src1" }, groups: [] });
  expect(await tokens.verify(await mint({ hasgroups: true }))).toMatchObject({ hasgroups: true });
});

it.each<[string, () => object, RegExp]>([
  ["for another audience", () => ({ aud: randomUUID() }), /claim aud/],
  ["of another issuer", () => ({ iss: "https://login.example/x/v2.0" }), /claim iss/],
  ["of another tenant", () => ({ tid: randomUUID() }), /another tenant/],
  ["that has expired", () => ({ exp: seconds() - 301 }), /has expired/],
  ["that is not valid yet", () => ({ nbf: seconds() + 302 }), /claim nbf/],
  ["without an end", () => ({ exp: undefined }), /claim exp/],
  ["without a beginning", () => ({ nbf: undefined }), /claim nbf/],
  ["that names nobody", () => ({ oid: undefined }), /not an access token/],
  ["that is an ID token, which names no client", () => ({ azp: undefined }), /not an access token/],
])("refuses a token %s", async (_what, changes, why) => {
  await expect(tokens.verify(await mint(changes()))).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
    message: expect.stringMatching(why),
  });
});

it("tolerates five minutes of clock skew, and no more", async () => {
  await expect(tokens.verify(await mint({ exp: seconds() - 290 }))).resolves.toBeDefined();
  await expect(tokens.verify(await mint({ nbf: seconds() + 290 }))).resolves.toBeDefined();
});

it("refuses a token without a signature", async () => {
  const token = new UnsecuredJWT(await rightClaims()).encode();

  for (const each of [token, `${token}e30`]) {
    await expect(tokens.verify(each)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  }
});

it("refuses a token signed with the public key as if it were a secret", async () => {
  const { kid, publicJwk } = context.world.entraKey;
  const pem = createPublicKey({ key: { ...publicJwk, kty: "RSA" }, format: "jwk" }).export({
    type: "spki",
    format: "pem",
  });
  const secrets = [Buffer.from(pem), Buffer.from(JSON.stringify(publicJwk)), createHash("sha256").update(pem).digest()];

  for (const secret of secrets) {
    const token = await new SignJWT(await rightClaims()).setProtectedHeader({ alg: "HS256", kid }).sign(secret);
    await expect(tokens.verify(token)).rejects.toMatchObject({ message: expect.stringContaining("RS256") });
  }
});

it("refuses another algorithm with the right key, and another key under the right name", async () => {
  const { kid, privateKey } = context.world.entraKey;
  const other = await createSigningKey();
  const claims = await rightClaims();
  const pss = await importJWK(
    { ...(await crypto.subtle.exportKey("jwk", privateKey)), alg: "PS256", kty: "RSA" },
    "PS256",
  );

  const forged = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(other.privateKey);
  const unknown = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: other.kid }).sign(other.privateKey);
  const embedded = await new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", jwk: other.publicJwk })
    .sign(other.privateKey);

  await expect(
    tokens.verify(await new SignJWT(claims).setProtectedHeader({ alg: "PS256", kid }).sign(pss)),
  ).rejects.toMatchObject({ message: expect.stringContaining("RS256") });
  await expect(tokens.verify(forged)).rejects.toMatchObject({ message: expect.stringContaining("signature") });
  await expect(tokens.verify(unknown)).rejects.toMatchObject({ message: expect.stringContaining("key") });
  await expect(tokens.verify(embedded)).rejects.toMatchObject({ message: expect.stringContaining("signature") });
});

it("refuses a token whose payload was changed", async () => {
  const [header, payload = "", signature] = (await mint()).split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  const changed = Buffer.from(JSON.stringify({ ...claims, roles: ["Onboarding.Operate"] })).toString("base64url");

  await expect(tokens.verify([header, changed, signature].join("."))).rejects.toMatchObject({
    message: expect.stringContaining("signature"),
  });
});

it.each(["", "x", "a.b.c", "..", `${"a".repeat(8_000)}.b.c`])("refuses a malformed token: %.20s", async (token) => {
  await expect(tokens.verify(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

it.each(["discovery", "keys"])(
  "accepts no token while the issuer's %s cannot be read, and every valid one afterwards",
  async (operation) => {
    const token = await mint();
    context.faults.add({ wire: "entra", operation, times: 2, effect: { kind: "error", code: 503, status: 503 } });

    for (let round = 0; round < 2; round += 1) {
      await expect(tokens.verify(token)).rejects.toMatchObject({
        code: "UNAUTHENTICATED",
        message: expect.stringContaining("cannot be read"),
      });
    }
    await expect(tokens.verify(token)).resolves.toBeDefined();
  },
);

it("reads the keys once for many tokens, and not again for each unknown key", async () => {
  const before = context.faults.journal.length;
  await Promise.all([mint(), mint(), mint()].map(async (token) => tokens.verify(await token)));
  const stranger = await createSigningKey();
  const unknown = await new SignJWT(await rightClaims())
    .setProtectedHeader({ ...decodeProtectedHeader(await mint()), alg: "RS256", kid: stranger.kid })
    .sign(stranger.privateKey);

  for (let round = 0; round < 20; round += 1) await tokens.verify(unknown).catch(() => undefined);

  const calls = context.faults.journal.slice(before).map(({ operation }) => operation);
  expect(calls).toEqual(["discovery", "keys"]);
});

it("ignores the keys in a discovery document of another issuer", async () => {
  const astray = createTokens({
    issuer: `${entra.issuer}/`,
    audiences: [audience],
    tenantId: context.world.tenantId,
  });

  await expect(astray.verify(await mint())).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});
