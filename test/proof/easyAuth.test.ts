/**
 * App Service authentication instead of access tokens: every caller calls every route, identified by X-MS-CLIENT-PRINCIPAL in
 * every form in which it may be written, and then with forged principals. The default run takes a sample of both;
 * `npm run soak` takes all, and 2,000 principals that were tampered with (`MOORING_TEST_SEED` draws others).
 */
import { randomUUID } from "node:crypto";
import { isSoak, shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { createRoutes, occupy, people, type Route } from "../sandbox/support/routes.ts";
import { type Person, roleOf } from "../support/people.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { dialects, forgeries, mutate, type Principal, principalOf, print } from "./support/principals.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const tampered = isSoak ? 2_000 : shareOf(400);

let sandbox: SuiteSandbox;
let operation: string;
const routes = createRoutes(() => operation);
const log: string[] = [];
/** The number of answers that were compared with their expected values. */
let checks = 0;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "App Service authenticates its callers",
    callers: "easyAuth",
    onLog: (line) => log.push(line),
  });
  operation = await occupy(as(principal({ team: "red", role: "request" })));
}, 120_000);
afterAll(async () => {
  if (isSoak) console.log(`Easy Auth: ${checks} answers as they had to be`);
  await sandbox?.close();
});

function principal({ team, role }: Person): Principal {
  const { callers, world } = sandbox.cloud;
  return principalOf({
    tenant: world.tenantId,
    oid: randomUUID(),
    groups: [randomUUID(), ...(team && callers ? [callers.groups[team]] : [])],
    roles: role ? [roleOf[role]] : [],
  });
}

const headersOf = (value: Principal | string) => ({
  "x-ms-client-principal": typeof value === "string" ? value : print(value),
  // The platform also sends these, but they prove nothing without the principal.
  "x-ms-client-principal-id": randomUUID(),
  "x-ms-client-principal-name": "operator",
  "x-ms-client-principal-idp": "aad",
});

const as = (value: Principal | string): Service => serviceOf({ url: sandbox.url }, headersOf(value));

async function expectAnswer(
  route: Route,
  service: Service,
  wanted: { readonly status: number; readonly code?: string },
) {
  const { status, body } = await route.ask(service);
  const code = wanted.code === undefined ? undefined : body["code"];
  expect({ route: route.operationId, status, code }).toEqual({ route: route.operationId, code: undefined, ...wanted });
  checks += 1;
}

it.each(people)(
  "answers %s according to their rights",
  async (_who, person, expected) => {
    const dice = createDice(seed);
    const written = Object.values(dialects);
    for (const write of isSoak ? written : dice.shuffle(written).slice(0, 2)) {
      const service = as(write(principal(person)));
      for (const route of routes) await expectAnswer(route, service, { status: expected(route) });
    }
  },
  120_000,
);

it("answers 401 on every route to anything but a principal of the tenant", async () => {
  const dice = createDice(seed);
  for (const [what, value] of Object.entries(forgeries(principal({ team: "red", role: "operate" })))) {
    for (const route of isSoak ? routes : dice.shuffle(routes).slice(0, 6)) {
      await expectAnswer(route, as(value), { status: 401, code: "UNAUTHENTICATED" }).catch((cause: unknown) => {
        throw new Error(`a principal that is ${what} was let in`, { cause });
      });
    }
  }
}, 120_000);

it("accepts no other proof when the principal is invalid", async () => {
  const [, forged = ""] =
    Object.entries(forgeries(principal({ role: "operate" }))).find(([what]) => what === "null") ?? [];
  const both = serviceOf(sandbox, { ...headersOf(forged), "x-mooring-key": sandbox.key ?? "" });

  for (const route of routes) await expectAnswer(route, both, { status: 401, code: "UNAUTHENTICATED" });
  // The platform passes on the token that it has verified; without `entra` in the catalog, Mooring cannot verify it.
  const withToken = {
    ...headersOf(principal({ team: "blue", role: "request" })),
    authorization: "Bearer of.the.platform",
  };
  for (const route of routes) await expectAnswer(route, serviceOf(sandbox, withToken), { status: route.other });
});

it.each(["Headers", "headers"])("takes no principal from a query parameter named %s", async (name) => {
  const forged = new URLSearchParams({ [name]: JSON.stringify(headersOf(principal({ role: "operate" }))) });
  const read = (headers: Record<string, string>) => fetch(`${sandbox.url}/api/catalog?${forged}`, { headers });

  expect((await read({})).status).toBe(401);
  const own = await fetch(`${sandbox.url}/api/caller?${forged}`, {
    headers: headersOf(print(principal({ team: "red", role: "request" }))),
  });
  // Refused like any parameter that the route does not have, and not taken for a header.
  expect(await own.json()).toMatchObject({ code: "INVALID_PARAMETER" });
});

it.each(["Headers", "headers"])("takes no principal from a property of a JSON body named %s", async (name) => {
  const body = JSON.stringify({ [name]: headersOf(principal({ role: "operate" })), cluster: names.cluster });
  const post = (headers: Record<string, string>) =>
    fetch(`${sandbox.url}/api/onboardings`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });

  expect((await post({})).status).toBe(401);
  const own = await post(headersOf(print(principal({ team: "red", role: "request" }))));
  // Read as what it is: a field that a request does not have.
  expect(await own.json()).toMatchObject({
    code: "INVALID_REQUEST",
    errors: expect.arrayContaining([expect.objectContaining({ pointer: `/${name}` })]),
  });
});

it(`gives ${tampered} principals that were tampered with no access to another team's`, async () => {
  const dice = createDice(seed);
  const closed = routes.filter(({ other }) => other >= 400);
  expect(closed.length).toBeGreaterThan(15);
  for (let index = 0; index < tampered; index += 1) {
    const value = mutate(dice, principal({ team: "blue", role: "request" }));
    const route = dice.pick(closed);
    const { status, body } = await route.ask(as(value));

    const what = `${index}: ${route.operationId} ${status} ${JSON.stringify(body).slice(0, 200)} for ${Buffer.from(value, "base64")}`;
    expect([400, 401, 403, 404, 409], what).toContain(status);
    if (status === 409) expect(body["code"], what).not.toBe("OPERATION_IN_PROGRESS");
    checks += 1;
  }
}, 1_200_000);

/** The host takes 32 KB of headers; Entra's tokens have 200 groups at most (docs/callers.md). */
it.each([
  [200, 200],
  [350, 200],
  [400, 431],
  [5_000, 431],
])("answers a principal of %i groups with %i", async (groups, expected) => {
  const person = principal({ team: "red", role: "request" });
  const many = Array.from({ length: groups }, () => ({ typ: "groups", val: randomUUID() }));
  const headers = headersOf({ ...person, claims: [...many, ...person.claims] });
  const { status, body } = await fetch(`${sandbox.url}/api/operations/${operation}`, { headers });
  await body?.cancel();

  expect(status).toBe(expected);
  checks += 1;
});

it("logged no unexpected error", () => {
  expect(log.filter((line) => /unhandled|uncaught|TypeError|RangeError|request failed/i.test(line))).toEqual([]);
});
