/** Which credentials are accepted, and how a refusal is answered. The tokens themselves: test/adapters/entra. */
import { createHash } from "node:crypto";
import { HttpRequest, InvocationContext } from "@azure/functions";
import { expect, it } from "vitest";
import { createRefusalTrail } from "../../../src/application/watching/refusalTrail.ts";
import { Queue } from "../../../src/domain/access/access.ts";
import { AppRole } from "../../../src/domain/access/caller.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { Claims } from "../../../src/domain/policy/claims.ts";
import { queueCaller } from "../../../src/domain/policy/queueCaller.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { type Callers, createCallers } from "../../../src/http/callers/authentication.ts";
import { type CallOfCaller, createGuards, type Guarded } from "../../../src/http/guard.ts";
import { type Answer, json } from "../../../src/http/respond.ts";
import type { Tokens } from "../../../src/ports/tokens.ts";
import { catalog as anonymous, createFakeCloud } from "../../support/fakeCloud.ts";
import { groups, catalog as withTeams } from "../../support/teams.ts";

const key = "a key of some length";
const otherKey = "another key of some length";
const keyOf = (text: string) => ({
  sha256: createHash("sha256").update(text).digest("hex"),
  roles: ["Onboarding.Request" as const],
  teams: ["red"],
});
const keys = { ci: keyOf(key), other: keyOf(otherKey) };
const entra = { issuer: "https://login.example/v2.0", audiences: ["mooring"] };
const oid = "bbbbbbbb-0000-4000-8000-000000000001";
const azp = "bbbbbbbb-0000-4000-8000-000000000002";
const tid = withTeams.tenantId;

const tokens: Tokens = {
  async verify(token) {
    if (token !== "good") throw new Refusal("UNAUTHENTICATED", "it is no JWT");
    return Claims.parse({ oid, tid, azp, scp: "access", groups: [groups.red], roles: ["Onboarding.Request"] });
  },
};

let callers: Callers;

function provide(auth: object | undefined, changes: object = {}): void {
  const catalog = Catalog.parse({ ...withTeams, auth, ...changes });
  callers = createCallers({ catalog, ...(catalog.auth?.entra ? { tokens } : {}) });
}

const ask = (headers: Record<string, string>) =>
  callers.identify(new HttpRequest({ method: "GET", url: "http://x/", headers }));

const guardsOf = () =>
  createGuards({ callers, refusals: createRefusalTrail(createFakeCloud().ports), restoreSent: () => true });

const forCallers = (guarded: Guarded, handler: (call: CallOfCaller) => Promise<Answer>) =>
  guardsOf().forCallers(
    guarded,
    async () => undefined,
    (_read, call) => handler(call),
  );

/** The answer of a route. */
async function answer(headers: Record<string, string>, roles: readonly AppRole[] = AppRole.options) {
  const handler = forCallers({ access: roles, query: [] }, async ({ by }) => json(200, by));
  const request = new HttpRequest({ method: "GET", url: "http://x/", headers });
  const { status, headers: given, body } = await handler(request, new InvocationContext({ functionName: "test" }));
  return { status, headers: new Headers(given as Record<string, string>), body: JSON.parse(String(body)) };
}

function principal(...claims: [typ: string, val: string][]): string {
  const body = {
    auth_typ: "aad",
    name_typ: "name",
    role_typ: "roles",
    claims: claims.map(([typ, val]) => ({ typ, val })),
  };
  return Buffer.from(JSON.stringify(body)).toString("base64");
}

const signedInClaims: [typ: string, val: string][] = [
  ["http://schemas.microsoft.com/identity/claims/objectidentifier", oid],
  ["http://schemas.microsoft.com/identity/claims/tenantid", tid],
  ["http://schemas.microsoft.com/identity/claims/scope", "access"],
  ["groups", groups.red],
  ["groups", groups.blue],
  ["roles", "Onboarding.Request"],
  ["preferred_username", "ann@example.com"],
];
const signedIn = principal(...signedInClaims);

it("accepts a bearer token, a key, and nothing else", async () => {
  provide({ entra, keys });

  expect(await ask({ authorization: "Bearer good" })).toMatchObject({ id: oid, teams: ["red"] });
  expect(await ask({ authorization: "bearer  good" })).toMatchObject({ id: oid });
  expect(await ask({ "x-mooring-key": key })).toMatchObject({ id: "key:ci", teams: ["red"] });
  for (const headers of [
    {},
    { authorization: "good" },
    { authorization: "Basic good" },
    { authorization: "Bearer" },
    { authorization: "Bearer good good" },
    { authorization: "Bearer bad" },
    { "x-mooring-key": "" },
    { "x-mooring-key": key.toUpperCase() },
    { "x-ms-client-principal": signedIn },
    { "x-ms-client-principal-id": oid },
  ]) {
    await expect(ask(headers), JSON.stringify(headers)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  }
});

it("knows until when a token is valid, and of no such time for a key", async () => {
  const exp = 1_900_000_000;
  const ending: Tokens = { verify: async (token) => ({ ...(await tokens.verify(token)), exp }) };
  callers = createCallers({ catalog: Catalog.parse({ ...withTeams, auth: { entra, keys } }), tokens: ending });

  expect(callers.validUntil(await ask({ authorization: "Bearer good" }))).toBe(exp * 1_000);
  expect(callers.validUntil(await ask({ "x-mooring-key": key }))).toBeUndefined();
});

it("knows until when the token is valid from which App Service has the principal; a session may outlive it", async () => {
  provide({ easyAuth: true });
  const validUntil = async (exp: string) =>
    callers.validUntil(await ask({ "x-ms-client-principal": principal(...signedInClaims, ["exp", exp]) }));

  expect(await validUntil("1900000000")).toBe(1_900_000_000_000);
  expect(await validUntil("1600000000")).toBeUndefined();
  expect(callers.validUntil(await ask({ "x-ms-client-principal": signedIn }))).toBeUndefined();
  await expect(validUntil("soon")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

it("does not let a valid credential make up for an invalid one of higher precedence", async () => {
  provide({ entra, keys, easyAuth: true });

  await expect(ask({ authorization: "Bearer bad", "x-mooring-key": key })).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
  await expect(ask({ "x-ms-client-principal": "e30=", "x-mooring-key": key })).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
});

it("trusts App Service authentication only where the catalog enables it", async () => {
  provide({ easyAuth: true });

  expect(await ask({ "x-ms-client-principal": signedIn })).toEqual({
    id: oid,
    name: "ann@example.com",
    teams: ["red", "blue"],
    roles: ["Onboarding.Request"],
  });
});

it.each([
  ["_claim_names", `{"groups":"src1"}`],
  ["hasgroups", "true"],
])("answers a person in too many groups for a token with a separate code (%s)", async (...claim) => {
  provide({ easyAuth: true });
  const inMany = principal(["oid", oid], ["tid", tid], ["roles", "Onboarding.Request"], claim);

  expect(await answer({ "x-ms-client-principal": inMany })).toMatchObject({
    status: 403,
    body: { code: "GROUPS_OVERAGE", fix: expect.stringContaining("npm run azure -- entra") },
  });
});

it.each([
  ["of another tenant", principal(["oid", oid], ["tid", oid], ["roles", "Onboarding.Operate"])],
  ["of nobody", principal(["tid", tid], ["roles", "Onboarding.Operate"])],
  ["that is not base64 of JSON", "%%%"],
  ["of another identity provider", Buffer.from(`{"auth_typ":"github","claims":[]}`).toString("base64")],
])("refuses a client principal %s", async (_what, header) => {
  provide({ easyAuth: true });

  await expect(ask({ "x-ms-client-principal": header })).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

it("says with every 401 how to authenticate", async () => {
  provide({ entra, keys });

  const { status, headers, body } = await answer({});
  expect({ status, code: body.code }).toEqual({ status: 401, code: "UNAUTHENTICATED" });
  expect(headers.get("www-authenticate")).toBe(
    'Bearer realm="mooring", MooringKey realm="mooring", header="x-mooring-key"',
  );
  expect((await answer({ authorization: "Bearer bad" })).headers.get("www-authenticate")).toContain(
    'Bearer realm="mooring", error="invalid_token"',
  );
});

it("answers 403 to a known caller without the role, and names the role", async () => {
  provide({ keys });

  expect(await answer({ "x-mooring-key": key }, ["Onboarding.Approve"])).toMatchObject({
    status: 403,
    body: { code: "FORBIDDEN", detail: "This needs the app role Onboarding.Approve." },
  });
});

it("answers 503 without the table SDK's message, which names the service's own hosts", async () => {
  provide({ keys });
  const handler = guardsOf().forAnybody(async () => {
    throw new TransientError("REGISTRY_UNAVAILABLE", "getaddrinfo ENOTFOUND stmooring.table.core.windows.net");
  });
  const context = new InvocationContext({ functionName: "test", logHandler: () => undefined });

  const { status, body } = await handler(new HttpRequest({ method: "GET", url: "http://x/" }), context);

  expect(status).toBe(503);
  expect(JSON.parse(String(body))).toMatchObject({ code: "REGISTRY_UNAVAILABLE", fix: expect.any(String) });
  expect(body).not.toContain("stmooring");
});

it("answers 429 with Retry-After to a caller that asks too often, and still serves others", async () => {
  provide({ entra, keys }, { limits: { requestsPerSecond: 0.1, burst: 2 } });

  const greedy = [];
  for (let round = 0; round < 3; round += 1) greedy.push(await answer({ "x-mooring-key": key }));

  expect(greedy.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(Number(greedy[2]?.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await answer({ authorization: "Bearer good" })).status).toBe(200);
});

it("charges a request's cost beyond the first token, and never more than a full bucket holds", async () => {
  provide({ entra, keys }, { limits: { requestsPerSecond: 0.1, burst: 5 } });
  const caller = await ask({ "x-mooring-key": key });

  callers.expectAllowed(caller, AppRole.options);
  callers.charge(caller, 0);
  callers.charge(caller, 999);

  expect(() => callers.charge(caller, 1)).toThrow(expect.objectContaining({ code: "RATE_LIMITED" }));
});

it("limits concurrent changes and refuses the others immediately, but does not limit reads", async () => {
  provide({ entra, keys }, { limits: { changes: { perCaller: 1, inAll: 2 } } });
  const logged: string[] = [];
  const ends: (() => void)[] = [];
  const send = async (method: "GET" | "POST", headers: Record<string, string>) => {
    const handler = forCallers({ access: "callers", query: [] }, async () => {
      if (method === "POST") await new Promise<void>((resolve) => ends.push(resolve));
      return json(200, {});
    });
    const context = new InvocationContext({ functionName: "test", logHandler: (level) => logged.push(level) });
    const {
      status,
      headers: given,
      body,
    } = await handler(new HttpRequest({ method, url: "http://x/", headers }), context);
    const { code } = JSON.parse(String(body));
    return { status, code, retryAfter: new Headers(given as Record<string, string>).get("retry-after") };
  };
  const [byKey, byToken] = [{ "x-mooring-key": key }, { authorization: "Bearer good" }];
  const first = send("POST", byKey);
  await expect.poll(() => ends.length).toBe(1);

  expect(await send("POST", byKey)).toEqual({ status: 429, code: "RATE_LIMITED", retryAfter: "1" });
  expect(await send("GET", byKey)).toMatchObject({ status: 200 });

  const second = send("POST", byToken);
  await expect.poll(() => ends.length).toBe(2);
  expect(await send("POST", { "x-mooring-key": otherKey })).toEqual({
    status: 503,
    code: "SERVICE_BUSY",
    retryAfter: "1",
  });
  // Being busy is not the service's fault, so it logs nothing.
  expect(logged).toEqual([]);

  for (const end of ends.splice(0)) end();
  expect(await Promise.all([first, second])).toMatchObject([{ status: 200 }, { status: 200 }]);
  const again = send("POST", byKey);
  await expect.poll(() => ends.length).toBe(1);
  ends[0]?.();
  expect(await again).toMatchObject({ status: 200 });
});

it("allows everything to everyone when the catalog has no auth", async () => {
  callers = createCallers({ catalog: anonymous });

  expect(await ask({})).toMatchObject({ id: "anonymous", roles: expect.arrayContaining(["Onboarding.Operate"]) });
});

it("accepts from the queue what the queue's team may ask for, and nothing when no team is named", () => {
  expect(queueCaller({ auth: withTeams.auth, queue: Queue.parse({ team: "red" }) })).toMatchObject({
    teams: ["red"],
    roles: ["Onboarding.Request"],
  });
  expect(queueCaller({ auth: withTeams.auth })).toMatchObject({ teams: [], roles: ["Onboarding.Request"] });
  expect(queueCaller({}).roles).toContain("Onboarding.Operate");
});
