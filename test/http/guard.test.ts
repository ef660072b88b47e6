/** Which routes authenticate their callers, and whose refusals enter the audit trail. Accepted credentials: ../callers. */
import { createHash } from "node:crypto";
import { HttpRequest, InvocationContext } from "@azure/functions";
import { expect, it } from "vitest";
import { createRefusalTrail } from "../../src/application/watching/refusalTrail.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { Refusal } from "../../src/domain/policy/refusal.ts";
import { createCallers } from "../../src/http/callers/authentication.ts";
import { type CallOfCaller, createGuards, type Guarded } from "../../src/http/guard.ts";
import { readBody } from "../../src/http/parameters/body.ts";
import { type Answer, json } from "../../src/http/respond.ts";
import { catalog as anonymous, createFakeCloud } from "../support/fakeCloud.ts";
import { catalog as withTeams } from "../support/teams.ts";

const key = "a key of some length";
const sha256 = createHash("sha256").update(key).digest("hex");
const auth = { keys: { ci: { sha256, roles: ["Onboarding.Request" as const], teams: ["red"] } } };
const known = { "x-mooring-key": key };

function open(catalog = Catalog.parse({ ...withTeams, auth })) {
  const cloud = createFakeCloud();
  const logged: string[] = [];
  const context = new InvocationContext({
    functionName: "deleteNamespace",
    logHandler: (_level, ...parts) => void logged.push(parts.join(" ")),
  });
  const guardsOf = (ports = cloud.ports, restoreSent = () => true) => {
    const guards = createGuards({
      callers: createCallers({ catalog }),
      refusals: createRefusalTrail(ports),
      restoreSent,
    });
    type Handler = (request: HttpRequest, call: CallOfCaller) => Promise<Answer>;
    return {
      ...guards,
      /** Reads nothing before. */
      forCallers: (guarded: Guarded, handler: Handler) => guards.forCallers(guarded, async (sent) => sent, handler),
      forReaders: guards.forCallers,
    };
  };
  const request = (headers: Record<string, string> = {}) =>
    new HttpRequest({ method: "GET", url: "http://x/", headers, params: { cluster: "aks-dev", namespace: "blue-1" } });
  return { cloud, logged, context, request, guardsOf };
}

const everyone: Guarded = { access: "callers", query: [] };
const requesters: Guarded = { access: ["Onboarding.Request"], query: [] };
const operators: Guarded = { access: ["Onboarding.Operate"], query: [] };

const refuse = async (): Promise<never> => {
  throw new Refusal("NOT_ALLOWED", "Team red may not ask for this.");
};

it("passes the caller to the handler, and the call's trace to the answer", async () => {
  const { context, request, guardsOf } = open();
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const handler = guardsOf().forCallers(everyone, async (_request, call) =>
    json(200, { by: call.by.id, at: call.traceparent }),
  );

  const { status, headers, body } = await handler(request({ ...known, traceparent }), context);

  expect(status).toBe(200);
  expect(JSON.parse(String(body)).by).toBe("key:ci");
  expect(new Headers(headers as Record<string, string>).get("traceparent")).toBe(JSON.parse(String(body)).at);
  expect(JSON.parse(String(body)).at).toContain("0af7651916cd43dd8448eb211c80319c");
});

it("lets nobody keep or guess the type of an answer, whether it succeeds, is refused or fails", async () => {
  const { context, request, guardsOf } = open();
  const { forAnybody, forCallers } = guardsOf();
  const crash = async (): Promise<never> => {
    throw new Error("a defect");
  };
  const file = async () => ({ status: 200, headers: { "cache-control": "public, max-age=31536000, immutable" } });
  const handlers = [
    forAnybody(async () => json(200, {})),
    forCallers(everyone, refuse),
    forAnybody(crash),
    forAnybody(file),
  ];

  const answers = await Promise.all(handlers.map((handler) => handler(request(), context)));

  const headers = answers.map((answer) => new Headers(answer.headers as Record<string, string>));
  expect(headers.map((each) => each.get("x-content-type-options"))).toEqual(Array(4).fill("nosniff"));
  expect(headers.map((each) => each.get("cache-control"))).toEqual([
    ...Array(3).fill("no-store"),
    "public, max-age=31536000, immutable",
  ]);
});

it("does nothing for a client that gave up before anybody knew what it sent", async () => {
  const { cloud, context, request, guardsOf } = open();
  let runs = 0;
  const handler = guardsOf(cloud.ports, () => false).forCallers(everyone, async () => {
    runs += 1;
    return json(200, {});
  });

  expect((await handler(request(known), context)).status).toBe(400);
  expect(runs).toBe(0);
});

it("does not run the handler for an unknown caller or one without the role", async () => {
  const { context, request, guardsOf } = open();
  let runs = 0;
  const count = async () => {
    runs += 1;
    return json(200, {});
  };
  const { forAnybody, forCallers } = guardsOf();

  expect((await forCallers(everyone, count)(request(), context)).status).toBe(401);
  expect((await forCallers(operators, count)(request(known), context)).status).toBe(403);
  expect(runs).toBe(0);

  expect((await forAnybody(count)(request(), context)).status).toBe(200);
  expect((await forCallers({ access: ["Onboarding.Request"], query: [] }, count)(request(known), context)).status).toBe(
    200,
  );
  expect(runs).toBe(2);
});

it("records in the audit trail what a known caller was refused, by the handler or for lack of a role", async () => {
  const { cloud, context, request, guardsOf } = open();
  const { forCallers } = guardsOf();

  expect((await forCallers(everyone, refuse)(request(known), context)).status).toBe(403);
  expect((await forCallers(operators, refuse)(request(known), context)).status).toBe(403);

  const refused = { who: "key:ci", what: "deleteNamespace", target: "aks-dev/blue-1", outcome: "Refused" };
  expect(cloud.audit).toMatchObject([
    { ...refused, code: "NOT_ALLOWED" },
    { ...refused, code: "FORBIDDEN" },
  ]);
});

it.each([
  ["for a caller that is not authenticated", undefined],
  ["where access is anonymous", anonymous],
])("records nothing in the audit trail %s", async (_who, catalog) => {
  const { cloud, context, request, guardsOf } = open(catalog);

  await guardsOf().forCallers(everyone, refuse)(request(), context);
  await guardsOf().forAnybody(refuse)(request(known), context);

  expect(cloud.audit).toEqual([]);
});

/** Three callers, and requests whose bodies never end. */
function openForThree() {
  const keys = ["one", "two", "three"].map((name) => ({ name, key: `the key of caller ${name}` }));
  const withThree = Catalog.parse({
    ...withTeams,
    auth: {
      keys: Object.fromEntries(
        keys.map(({ name, key: secret }) => [
          name,
          { sha256: createHash("sha256").update(secret).digest("hex"), roles: ["Onboarding.Request"], teams: ["red"] },
        ]),
      ),
    },
    limits: { changes: { perCaller: 10, inAll: 20 } },
  });
  const world = open(withThree);
  const post = (caller: number, body: string | ReadableStream) => {
    const headers = { "x-mooring-key": keys[caller]?.key ?? "", "content-type": "application/json" };
    const request = new HttpRequest({ method: "POST", url: "http://x/", headers });
    // As the host streams it.
    const value = typeof body === "string" ? new Blob([body]).stream() : body;
    return Object.defineProperty(request, "body", { value });
  };
  return { ...world, post };
}

it("lets nobody keep others from changes with bodies that never end", async () => {
  const { context, guardsOf, post } = openForThree();
  const change = guardsOf().forReaders(requesters, readBody, async (body) => json(202, body));
  const endless = () =>
    new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
  for (const caller of [0, 1])
    for (let count = 0; count < 30; count += 1) void change(post(caller, endless()), context);
  await new Promise((resolve) => setImmediate(resolve));

  expect((await change(post(2, "{}"), context)).status).toBe(202);
  expect((await change(post(1, "{}"), context)).status).toBe(202);
});

it("does not count verifications as changes", async () => {
  const { context, guardsOf, post } = openForThree();
  const { forCallers } = guardsOf();
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const long = async () => {
    await ended;
    return json(200, {});
  };
  const verify = forCallers({ ...requesters, counts: "verification" }, long);
  const change = forCallers(requesters, async () => json(202, {}));

  const running = Array.from({ length: 5 }, () => verify(post(0, ""), context));
  await new Promise((resolve) => setImmediate(resolve));

  expect((await verify(post(0, ""), context)).status).toBe(429);
  expect((await change(post(0, ""), context)).status).toBe(202);
  end();
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
});

it("answers the same when the trail cannot be written, and logs that", async () => {
  const { cloud, logged, context, request, guardsOf } = open();
  const append = () => Promise.reject(new Error("the tables are away"));
  const { forCallers } = guardsOf({ ...cloud.ports, audit: { ...cloud.ports.audit, append } });

  expect((await forCallers(everyone, refuse)(request(known), context)).status).toBe(403);

  expect(logged.join("\n")).toContain("the tables are away");
});
