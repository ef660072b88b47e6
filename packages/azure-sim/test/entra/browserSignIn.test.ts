/** The authorization code flow with PKCE of a single-page application, as a page and its user go through it. */
import { createHash, randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type EntraSimulator, startEntra } from "../../src/entra/index.ts";
import type { SimulatorContext } from "../../src/simulator.ts";
import { createContext } from "./fixture.ts";

const clientId = randomUUID();
const origin = "https://mooring.example";
const redirectUri = `${origin}/dashboard`;
const person = { name: "Rita", oid: randomUUID(), roles: ["Onboarding.Request"], groups: [randomUUID()] };
const verifier = "a-verifier-of-the-length-that-rfc-7636-asks-for-0123456789";
const challenge = createHash("sha256").update(verifier).digest("base64url");

let offsetMs = 0;
let context: SimulatorContext;
let entra: EntraSimulator;

beforeAll(async () => {
  context = await createContext({ now: () => new Date(Date.now() + offsetMs) });
  entra = await startEntra(context);
  entra.browser.clients.set(clientId, { clientId, redirectUris: [redirectUri] });
  entra.browser.people.push(person);
});
afterAll(() => entra?.close());

async function authorize(changes: Readonly<Record<string, string>> = {}): Promise<Response> {
  const query = {
    client_id: clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: `${clientId}/.default offline_access`,
    state: "state",
    code_challenge: challenge,
    code_challenge_method: "S256",
    login_hint: person.name,
    ...changes,
  };
  const url = `${entra.url}/${context.world.tenantId}/oauth2/v2.0/authorize?${new URLSearchParams(query)}`;
  return await fetch(url, { redirect: "manual" });
}

async function takeCode(): Promise<string> {
  const { headers } = await authorize();
  return new URL(headers.get("location") ?? "").searchParams.get("code") ?? "";
}

async function redeem(form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = { origin }) {
  const response = await fetch(`${entra.url}/${context.world.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    headers,
    body: new URLSearchParams({ client_id: clientId, ...form }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, string>,
  };
}
const codeGrant = (code: string, changes = {}) => ({
  grant_type: "authorization_code",
  code,
  redirect_uri: redirectUri,
  code_verifier: verifier,
  ...changes,
});

it("lets the user pick a person, and sends the browser back with a code", async () => {
  const page = await authorize({ login_hint: "" });
  expect(page.headers.get("content-type")).toContain("text/html");
  const [, href = ""] = /href="([^"]+)">Rita</.exec(await page.text()) ?? [];

  const chosen = await fetch(new URL(href.replaceAll("&amp;", "&"), entra.url), { redirect: "manual" });

  expect(chosen.status).toBe(302);
  const back = new URL(chosen.headers.get("location") ?? "");
  expect(back.origin + back.pathname).toBe(redirectUri);
  expect(back.searchParams.get("state")).toBe("state");
  expect(back.searchParams.get("code")).toMatch(/./);
});

it("does not ask again after an earlier sign-in, unless the application wants it", async () => {
  const [cookie = ""] = (await authorize()).headers.get("set-cookie")?.split(";") ?? [];
  const ask = async (prompt: string) => {
    const url = new URL((await authorize({ login_hint: "nobody", prompt })).url);
    url.searchParams.delete("login_hint");
    return await fetch(url, { redirect: "manual", headers: { cookie } });
  };

  expect([(await ask("")).status, (await ask("none")).status, (await ask("select_account")).status]).toEqual([
    302, 302, 200,
  ]);
});

it("exchanges a code and its verifier for that person's token, readable only by the page's origin", async () => {
  const { status, headers, body } = await redeem(codeGrant(await takeCode()));

  expect(status).toBe(200);
  expect(headers.get("access-control-allow-origin")).toBe(origin);
  expect(decodeJwt(body["access_token"] ?? "")).toMatchObject({
    aud: clientId,
    azp: clientId,
    iss: entra.issuer,
    oid: person.oid,
    name: "Rita",
    roles: person.roles,
    groups: person.groups,
    scp: "access",
    ver: "2.0",
  });
});

it("renews a token for a day at most, however often it was renewed", async () => {
  const { body } = await redeem(codeGrant(await takeCode()));
  const renew = (token: string | undefined) => redeem({ grant_type: "refresh_token", refresh_token: token ?? "" });
  const renewed = await renew(body["refresh_token"]);
  expect(decodeJwt(renewed.body["access_token"] ?? "")).toMatchObject({ oid: person.oid });

  offsetMs = 25 * 3_600_000;

  expect(await renew(renewed.body["refresh_token"])).toMatchObject({
    status: 400,
    body: { error: "invalid_grant", error_description: expect.stringContaining("AADSTS700084") },
  });
  offsetMs = 0;
});

it.each<[string, object, Record<string, string>, string]>([
  ["another verifier", { code_verifier: "another" }, { origin }, "AADSTS501481"],
  ["another redirect URI", { redirect_uri: `${origin}/other` }, { origin }, "AADSTS500112"],
  ["no origin", {}, {}, "AADSTS9002327"],
  ["the origin of another site", {}, { origin: "https://evil.example" }, "AADSTS9002326"],
])("gives no token for a code with %s", async (_, changes, headers, number) => {
  const answer = await redeem(codeGrant(await takeCode(), changes), headers);

  expect(answer).toMatchObject({ status: 400, body: { error_description: expect.stringContaining(number) } });
});

it("accepts a code only once", async () => {
  const code = await takeCode();
  await redeem(codeGrant(code));

  expect((await redeem(codeGrant(code))).body["error_description"]).toContain("AADSTS54005");
});

it("does not redirect to an unregistered address, and requires PKCE", async () => {
  const elsewhere = await authorize({ redirect_uri: "https://evil.example/dashboard" });
  expect([elsewhere.status, elsewhere.headers.get("location")]).toEqual([400, null]);
  expect(await elsewhere.text()).toContain("AADSTS50011");

  const plain = await authorize({ code_challenge_method: "plain" });

  expect(plain.headers.get("location")).toContain("AADSTS9002325");
});

it("lets only a registered page read the metadata", async () => {
  const metadata = `${entra.issuer}/.well-known/openid-configuration`;
  const allowed = async (from: string) =>
    (await fetch(metadata, { headers: { origin: from } })).headers.get("access-control-allow-origin");

  expect([await allowed(origin), await allowed("https://evil.example")]).toEqual([origin, null]);
});
