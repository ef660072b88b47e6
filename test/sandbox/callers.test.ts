/** Who may do what, over the wire: every route called by every kind of caller, and teams against each other. */
import { createPublicKey, randomUUID } from "node:crypto";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createSigningKey } from "azure-sim/world";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Callers } from "../../sandbox/callers.ts";
import { names } from "../../sandbox/cloud.ts";
import { bearer, type Claimant, type Person, roleOf, serviceAs, tokenOf } from "../support/people.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Answer, type Service, serviceOf } from "../support/service.ts";
import { createRoutes, fullName, occupy, open, people, request } from "./support/routes.ts";

let sandbox: SuiteSandbox;
let callers: Callers;
let operator: Service;
const log: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it tells callers apart and reads the log",
    callers: "keys",
    onLog: (line) => log.push(line),
  });
  if (!sandbox.cloud.callers) throw new Error("the sandbox has no callers");
  callers = sandbox.cloud.callers;
  setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
  operator = serviceOf(sandbox);
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

const as = (person: Person) => serviceAs(sandbox, person);
const tokenFor = (person: Claimant) => tokenOf(sandbox, person);

const seconds = () => Math.floor(Date.now() / 1_000);

async function claimsOf(person: Claimant): Promise<Record<string, unknown>> {
  const [, payload = ""] = (await tokenFor(person)).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

/** The person whom every forgery claims to be: an operator of the team that owns the namespace. */
const almighty: Person = { team: "red", role: "operate" };

const forgeries: Record<string, () => Promise<Record<string, string>>> = {
  "no credential": async () => ({}),
  garbage: async () => bearer("garbage"),
  "an empty bearer token": async () => ({ authorization: "Bearer " }),
  "another scheme": async () => ({ authorization: `Basic ${Buffer.from("operator:operator").toString("base64")}` }),
  "a key that is not the catalog's": async () => ({ "x-mooring-key": "operator" }),
  "no signature": async () => bearer(new UnsecuredJWT(await claimsOf(almighty)).encode()),
  "HS256 with the public key": async () => {
    const { kid, publicJwk } = sandbox.cloud.world.entraKey;
    const key = createPublicKey({ key: { ...publicJwk, kty: "RSA" }, format: "jwk" });
    const secret = Buffer.from(key.export({ type: "spki", format: "pem" }));
    return bearer(await new SignJWT(await claimsOf(almighty)).setProtectedHeader({ alg: "HS256", kid }).sign(secret));
  },
  "an unknown key": async () => {
    const { kid, privateKey } = await createSigningKey();
    return bearer(
      await new SignJWT(await claimsOf(almighty)).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey),
    );
  },
  "another audience": async () => bearer(await tokenFor({ ...almighty, changes: { aud: randomUUID() } })),
  "another issuer": async () =>
    bearer(await tokenFor({ ...almighty, changes: { iss: "https://login.example/common/v2.0" } })),
  "another tenant": async () => bearer(await tokenFor({ ...almighty, changes: { tid: randomUUID() } })),
  "an expired token": async () => bearer(await tokenFor({ ...almighty, changes: { exp: seconds() - 400 } })),
  "a token of the future": async () => bearer(await tokenFor({ ...almighty, changes: { nbf: seconds() + 400 } })),
  "a forged X-MS-CLIENT-PRINCIPAL": async () => {
    const claims = ["oid", "tid", "roles"].map((typ, index) => ({
      typ,
      val: [randomUUID(), sandbox.cloud.world.tenantId, roleOf.operate][index],
    }));
    return {
      "x-ms-client-principal": Buffer.from(JSON.stringify({ auth_typ: "aad", claims })).toString("base64"),
      "x-ms-client-principal-id": randomUUID(),
    };
  },
};

let operation: string;
const routes = createRoutes(() => operation);

describe("every route", () => {
  beforeAll(async () => {
    operation = await occupy(await as({ team: "red", role: "request" }));
  });

  it("is in this matrix, and documents its refusals", async () => {
    const { body } = await operator.call("GET", "/api/openapi.json");
    const paths = Object.values(
      body["paths"] as Record<string, Record<string, { operationId: string; responses: object }>>,
    );
    const operations = paths.flatMap((methods) => Object.values(methods));

    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(
      [...new Set([...routes.map(({ operationId }) => operationId), ...open])].toSorted(),
    );
    for (const { operationId, responses } of operations.filter((each) => !open.includes(each.operationId))) {
      expect(Object.keys(responses), operationId).toEqual(expect.arrayContaining(["401", "403", "429"]));
    }
  });

  it.each(Object.keys(forgeries))("answers 401 to %s", async (what) => {
    const headers = (await forgeries[what]?.()) ?? {};
    const service = serviceOf({ url: sandbox.url }, headers);
    // Each is refused at one place, which no route can go round.
    for (const { ask, operationId } of what === "no credential" ? routes : routes.slice(0, 1)) {
      const answer = await ask(service);

      expect({ operationId, status: answer.status, code: answer.body["code"] }).toEqual({
        operationId,
        status: 401,
        code: "UNAUTHENTICATED",
      });
      expect(answer.headers.get("www-authenticate")).toContain('realm="mooring"');
    }
  });

  it.each(people)("answers %s according to their rights", async (_who, person, expected) => {
    const service = await as(person);
    for (const route of routes) {
      const { status, body } = await route.ask(service);

      expect({ route: route.operationId, status, body: status < 300 ? undefined : body["code"] }).toMatchObject({
        route: route.operationId,
        status: expected(route),
      });
    }
  });

  it("lets the operator in with the sandbox's key", async () => {
    for (const route of routes) expect((await route.ask(operator)).status).toBe(route.key ?? route.operator);
  });

  it("lists each team's own to the team, and everything to the operator", async () => {
    const blue = await as({ team: "blue", role: "request" });
    const id = await blue.onboard(request("blue-1"));
    await blue.waitFor(id);
    const list = async (service: Service, path: string) => (await service.call("GET", path)).body["value"] as object[];
    const red = await as({ team: "red", role: "approve" });
    const nobody = await as({ role: "request" });

    for (const path of ["/api/operations", "/api/namespaces"]) {
      expect(await list(nobody, path)).toEqual([]);
      expect(new Set((await list(red, path)).map((each) => (each as { team: string }).team))).toEqual(new Set(["red"]));
      // Its batch from the matrix also belongs to it, although the whole batch was refused.
      const ofBlue = (await list(blue, path)).filter((each) => (each as { kind?: string }).kind !== "batch");
      expect(ofBlue).toMatchObject([{ namespace: "blue-1", team: "blue" }]);
      expect((await list(operator, path)).length).toBeGreaterThan(2);
    }
    expect(await blue.call("GET", `/api/namespaces?cluster=${names.cluster}`)).toMatchObject({
      body: { value: [{ namespace: "blue-1" }] },
    });
    expect((await blue.call("GET", "/api/operations?namespace=red-owned")).body).toEqual({ value: [] });
    expect(new Set((await list(blue, "/api/audit")).map((each) => (each as { team: string }).team))).toEqual(
      new Set(["blue"]),
    );
    expect(await list(nobody, "/api/audit")).toEqual([]);
    // The refusals of its own requests for another team's namespace, and nothing that happened there.
    const ofOther = await list(blue, "/api/audit?namespace=red-owned");
    expect(new Set(ofOther.map((each) => (each as { action: string }).action))).toEqual(new Set(["refused"]));
    const nothing = { clusters: [], sqlServers: [], targets: [], profiles: [] };
    expect((await nobody.call("GET", "/api/catalog")).body).toEqual(nothing);
    expect((await blue.call("GET", "/api/catalog")).body).toMatchObject({ clusters: [{ name: names.cluster }] });
  });

  it("streams to a team only its own events", async () => {
    const [red, blue] = [
      await tokenFor({ team: "red", role: "request" }),
      await tokenFor({ team: "blue", role: "request" }),
    ];
    const abort = new AbortController();
    const seen = await Promise.all(
      [red, blue].map((token) => fetch(`${sandbox.url}/api/events`, { headers: bearer(token), signal: abort.signal })),
    );
    const texts = ["", ""];
    const reading = seen.map(async ({ body }, index) => {
      for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) texts[index] += chunk;
    });
    const service = serviceOf({ url: sandbox.url }, bearer(blue));
    await service.waitFor(await service.onboard(request("blue-streamed")));
    await expect.poll(() => texts[1]).toContain("Succeeded");
    abort.abort();
    await Promise.allSettled(reading);

    expect(texts[1]).toContain("blue-streamed");
    expect(texts[1]).not.toContain("red-");
    expect(texts[0]).not.toContain("blue-");
  });

  it("gives the same answer for another team's and for something that does not exist", async () => {
    const blue = await as({ team: "blue", role: "request" });
    const pairs = [
      [`/api/operations/${operation}`, `/api/operations/${operation.slice(0, -1)}x`],
      [fullName, `${fullName}-not`],
    ];
    for (const [there, notThere] of pairs) {
      const [one, other] = await Promise.all([blue.call("GET", there ?? ""), blue.call("GET", notThere ?? "")]);
      const told = ({ status, body: { traceId: _, detail: __, ...body } }: Answer) => ({ status, body });

      expect(told(one)).toEqual(told(other));
    }
  });
});

it("lets only those whom the team's rule names see the request and decide", async () => {
  const red = await as({ team: "red", role: "request" });
  const id = await red.onboard(
    request("red-approved", { databases: [{ server: names.sqlServer, database: "orders", roles: ["executor"] }] }),
  );
  await expect.poll(async () => (await red.operation(id)).phase).toBe("awaitingApproval");
  const { approval } = (await red.call("GET", `/api/operations/${id}`)).body as { approval?: { requestHash: string } };
  const approve = (service: Service) =>
    service.call("POST", `/api/operations/${id}/approve`, { requestHash: approval?.requestHash });

  expect(approval).toMatchObject({
    reasons: [`Role executor on ${names.sqlServer}/orders needs approval by team "blue".`],
  });
  expect((await approve(await as({ team: "blue", role: "request" }))).status).toBe(403);
  expect((await approve(await as({ role: "approve" }))).status).toBe(404);
  expect((await approve(await as({ team: "red", role: "approve" }))).status).toBe(403);
  const blue = await as({ team: "blue", role: "approve" });
  expect((await blue.operation(id)).phase).toBe("awaitingApproval");
  expect((await approve(blue)).status).toBe(202);
  expect(await red.waitFor(id)).toMatchObject({ status: "Succeeded" });
});

it("accepts from the queue what the queue's team may request, whatever the message says about its sender", async () => {
  const queue = sandbox.cloud.serviceBus.queue(names.queue);
  queue.send({ messageId: "plain", body: request("from-queue") });
  queue.send({ messageId: "forged", body: request("red-from-queue", { team: "red" }) });
  queue.send({ messageId: "sender", body: { ...request("red-by"), requestedBy: "operator" } });

  await expect
    .poll(async () => (await operator.call("GET", `/api/namespaces/${names.cluster}/from-queue`)).body)
    .toMatchObject({ state: "Onboarded", team: "queue", requestedBy: "queue" });
  await expect
    .poll(() =>
      queue
        .deadLetters()
        .map(({ messageId, applicationProperties }) => `${messageId} ${applicationProperties?.["DeadLetterReason"]}`)
        .toSorted(),
    )
    .toEqual(["forged NOT_ALLOWED", "sender INVALID_REQUEST"]);
});

it("lets a workload call on behalf of its team with its own token", async () => {
  const oid = randomUUID();
  const token = await sandbox.cloud.entra.apiToken({
    audience: callers.audience,
    oid,
    clientId: callers.redApplication,
    roles: [roleOf.request],
  });
  const workload = serviceOf({ url: sandbox.url }, bearer(token));

  const id = await workload.onboard(request("red-by-workload"));

  expect(await workload.waitFor(id)).toMatchObject({ status: "Succeeded", team: "red", requestedBy: oid });
});

describe("what a refusal reveals of the catalog", () => {
  const known = [names.cluster, names.sqlServer, "messages", "orders"];
  const unknown = "nothing-like-it";
  const [database] = request("red-asked").databases;
  const asks = [
    request("red-asked", { cluster: unknown }),
    request("red-asked", { databases: [{ ...database, server: unknown }] }),
    request("red-asked", { databases: [{ ...database, database: unknown }] }),
    request("red-asked", { databases: [{ ...database, roles: ["owner"] }] }),
  ];
  /** All answers to the request, from each HTTP route that accepts one. */
  const told = async (service: Service, body: object) => {
    const batch = await service.call("POST", "/api/onboardings/batch?dryRun=true", { requests: [body] });
    return [
      ...(await Promise.all(
        ["/api/onboardings", "/api/onboardings?dryRun=true"].map((path) => service.call("POST", path, body)),
      )),
      batch,
      // A plan's tag is derived from the request.
    ].map(({ body: { traceId: _trace, etag: _tag, ...answer } }) => JSON.stringify(answer));
  };

  it("is nothing to a caller in no team, not even whether a name exists", async () => {
    const nobody = await as({ role: "request" });
    const ofThere = await told(nobody, request("red-asked"));
    expect(ofThere[0]).toContain("NOT_ALLOWED");
    for (const ask of asks) {
      const asked = JSON.stringify(ask);
      const answers = await told(nobody, ask);

      expect(known.filter((name) => !asked.includes(name) && answers.join().includes(name))).toEqual([]);
      expect(answers.map((text) => text.replaceAll(unknown, "…"))).toEqual(
        ofThere.map((text) => (ask.cluster === unknown ? text.replaceAll(names.cluster, "…") : text)),
      );
    }
  });

  it("is what the team has to its members, and everything to an operator", async () => {
    const [red, all] = [await as({ team: "red", role: "request" }), await as({ role: "operate" })];
    const [cluster = {}, server = {}] = asks;

    for (const answer of await told(red, cluster)) expect(answer).toContain(`it has ${names.cluster}`);
    for (const answer of await told(red, server)) expect(answer).toContain(`${names.sqlServer}/messages`);
    for (const answer of await told(all, server)) expect(answer).toContain(`it has ${names.sqlServer}`);
  });

  it("is what the queue's team has to those who read the dead letters", async () => {
    const queue = sandbox.cloud.serviceBus.queue(names.queue);
    asks.forEach((body, index) => void queue.send({ messageId: `asked-${index}`, body }));
    const reasons = () =>
      queue
        .deadLetters()
        .filter(({ messageId }) => String(messageId).startsWith("asked-"))
        .map(({ applicationProperties }) => applicationProperties["DeadLetterReason"]);

    await expect.poll(reasons).toEqual(asks.map(() => "NOT_ALLOWED"));
  });
});

it("has put no token and no key into any answer or log", async () => {
  const answers = [
    await operator.call("GET", "/api/operations?top=200"),
    await operator.call("GET", "/api/namespaces"),
  ];
  const text = `${log.join("\n")}${answers.map(({ headers, body }) => JSON.stringify([[...headers], body])).join("\n")}`;

  expect(text.length).toBeGreaterThan(10_000);
  // Reports only the match, not the text around it.
  expect(text.match(/.{0,80}eyJ[\w-]{10,}\.eyJ/g)).toBeNull();
  expect(text.includes(callers.key)).toBe(false);
});
