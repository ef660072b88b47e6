/** Batches over the wire: many outcomes in one batch, kills, cancel, teams, repeated requests. */
import { setTimeout as sleep } from "node:timers/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { isShort } from "test-support/proofs";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { checkEvent } from "../support/feed.ts";
import { validate } from "../support/jsonSchema.ts";
import { type Person, serviceAs, type Team } from "../support/people.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Answer, type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let operator: Service;

/** Few, so that a short batch has to wait for them. */
const lanes = 4;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its batches have few lanes",
    callers: "keys",
    batch: { lanes },
  });
  setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
  operator = serviceOf(sandbox);
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

interface Item {
  readonly index: number;
  readonly namespace: string;
  readonly status: string;
  readonly operation?: string;
  readonly isOwn?: boolean;
  readonly needsApproval?: boolean;
  readonly outcome?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

interface Batch {
  readonly status: string;
  readonly phase: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly items: readonly Item[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly nextLink?: string;
  readonly traceId: string;
  readonly action: string;
}

const as = (team: Team, role: Person["role"] = "request") => serviceAs(sandbox, { team, role });

function request(namespace: string, changes: object = {}) {
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  return { cluster: names.cluster, namespace, databases, ...changes };
}

const several = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => request(`${prefix}-${at}`));

const send = (service: Service, requests: readonly unknown[], headers?: Record<string, string>) =>
  service.call("POST", "/api/onboardings/batch", { requests }, headers);

async function accepted(answer: Promise<Answer>): Promise<string> {
  const { status, body, headers } = await answer;
  expect(status, JSON.stringify(body)).toBe(202);
  const id = String(body["id"]);
  expect(headers.get("location")).toBe(`/api/operations/${id}`);
  expect(headers.get("operation-location")).toBe(`/api/operations/${id}`);
  return id;
}

async function read(id: string, query = "?top=1000", service = operator): Promise<Batch> {
  const { status, body } = await service.call("GET", `/api/operations/${id}${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as object as Batch;
}

const patiently = { timeout: 60_000, interval: 250 };

async function finish(id: string, timeout = 120_000): Promise<Batch> {
  await operator.waitFor(id, timeout);
  return await read(id);
}

const count = (items: readonly Item[], status: string) => items.filter((item) => item.status === status).length;

/** More than run at the same time. */
const many = isShort ? 8 : 36;

it(`brings ${3 + many} namespaces to every possible outcome, despite a kill in the middle`, async () => {
  const red = await as("red");
  const before = await red.onboard(request("red-before"));
  await red.waitFor(before);
  const blue = await as("blue");
  await blue.waitFor(await blue.onboard(request("shared-theirs")));
  // The database refuses one of them permanently.
  const refused = identityName({ cluster: names.cluster, namespace: "red-refused" });
  sandbox.cloud.faults.add({
    wire: "sql",
    operation: "CREATE USER",
    target: `${names.sqlServer}/orders`,
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: 15247 },
  });
  const requests = [
    request("red-before"),
    request("shared-theirs"),
    request("red-refused", { databases: [{ server: names.sqlServer, database: "orders", roles: ["reader"] }] }),
    ...several("red-many", many),
  ];

  const id = await accepted(send(red, requests, { "idempotency-key": "all", traceparent }));
  const again = await accepted(send(red, requests, { "idempotency-key": "all" }));
  await expect.poll(async () => (await read(id)).totals["succeeded"], patiently).toBeGreaterThan(2);
  await sandbox.killHost();
  await sandbox.restartHost();
  const afterwards = await accepted(send(red, requests, { "idempotency-key": "all" }));
  const batch = await finish(id);

  expect([again, afterwards]).toEqual([id, id]);
  expect(batch).toMatchObject({
    status: "Failed",
    phase: "done",
    error: { code: "BATCH_INCOMPLETE" },
    totals: {
      ...{ requests: 3 + many, succeeded: 1 + many, unchanged: 1, failed: 2 },
      ...{ canceled: 0, running: 0, notStarted: 0 },
    },
    traceId: traceparent.split("-")[1],
  });
  expect(batch.items.slice(0, 3)).toMatchObject([
    { namespace: "red-before", outcome: "unchanged", operation: before, isOwn: false },
    { namespace: "shared-theirs", error: { code: "NAMESPACE_TAKEN" } },
    { namespace: "red-refused", error: { code: "SQL_FORBIDDEN" }, isOwn: true },
  ]);
  const own = batch.items.filter(({ isOwn }) => isOwn).map(({ operation = "" }) => operation);
  expect(new Set(own).size).toBe(1 + many);
  // Each item has exactly one operation, with the trace of the batch.
  const { body } = await operator.call("GET", "/api/operations?top=200");
  const children = (body["value"] as Record<string, unknown>[]).filter((each) => each["batch"] === id);
  expect(children.map((each) => each["id"]).toSorted()).toEqual(own.toSorted());
  expect(new Set(children.map((each) => each["traceId"]))).toEqual(new Set([batch.traceId]));
  const identities = [...sandbox.cloud.world.identities.values()].map(({ name }) => name);
  expect(new Set(identities).size).toBe(identities.length);
  expect(identities).not.toContain(refused);
  for (const { namespace } of batch.items.slice(3)) {
    expect(identities).toContain(identityName({ cluster: names.cluster, namespace }));
  }
  const { body: trail } = await operator.call("GET", `/api/audit?operation=${id}`);
  expect((trail["value"] as { action: string }[]).map(({ action }) => action)).toEqual([
    "ended",
    "refused",
    "accepted",
  ]);
  const events = sandbox.cloud.serviceBus.subscription(names.topic, "all").messages();
  expect(events.map(({ messageId }) => messageId)).toEqual(
    expect.arrayContaining([`${id}/Running`, `${id}/Failed`, ...own.map((each) => expect.stringContaining(each))]),
  );
  const { body: schema } = await operator.call("GET", "/api/events/schema.json");
  expect(events.flatMap((event) => validate(schema, event.body))).toEqual([]);
}, 240_000);

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

it("ends correctly after kills at any moment", async () => {
  const red = await as("red");
  for (const delayMs of isShort ? [120] : [0, 30, 120, 400, 900, 1_500]) {
    const id = await accepted(send(red, several(`red-killed-${delayMs}`, 4)));
    await new Promise((resolve) => setTimeout(resolve, delayMs));

    await sandbox.killHost();
    await sandbox.restartHost();

    const batch = await finish(id);
    expect(batch, `killed after ${delayMs} ms`).toMatchObject({ status: "Succeeded", totals: { succeeded: 4 } });
    const { body } = await operator.call("GET", "/api/operations?top=200");
    const children = (body["value"] as Record<string, unknown>[]).filter((each) => each["batch"] === id);
    expect(children).toHaveLength(4);
  }
}, 300_000);

it("cancels running items and never begins the rest", async () => {
  const red = await as("red");
  sandbox.cloud.faults.latencyMs = 100;
  const id = await accepted(send(red, several("red-cancel", 24)));
  await expect.poll(async () => (await read(id)).totals["succeeded"], patiently).toBeGreaterThan(2);

  const blue = await as("blue");
  expect((await blue.call("POST", `/api/operations/${id}/cancel`)).status).toBe(404);
  expect((await blue.call("POST", `/api/operations/${id}/cancel?dryRun=true`)).status).toBe(404);
  const plan = await red.call("POST", `/api/operations/${id}/cancel?dryRun=true`);
  expect(plan).toMatchObject({ status: 200, body: { steps: [], blocked: false } });
  expect(plan.body["notices"]).toContainEqual(
    expect.stringMatching(/of 24 namespaces have not begun, and never begin/),
  );
  expect((await read(id)).status).toBe("Running");
  const answer = await red.call("POST", `/api/operations/${id}/cancel`, { comment: "the wrong list" });
  sandbox.cloud.faults.latencyMs = 0;
  const batch = await finish(id);

  expect(answer).toMatchObject({ status: 202, body: { id, kind: "batch", decision: "cancel" } });
  expect(batch).toMatchObject({ status: "Canceled", error: { code: "OPERATION_CANCELED" } });
  expect(batch.error?.message).toContain("the wrong list");
  const succeeded = count(batch.items, "Succeeded");
  expect(succeeded).toBeGreaterThan(2);
  expect(count(batch.items, "Canceled")).toBe(24 - succeeded);
  expect(batch.items.filter(({ operation }) => operation === undefined).length).toBeGreaterThan(5);
  for (const { namespace, status } of batch.items) {
    const name = identityName({ cluster: names.cluster, namespace });
    const isThere = [...sandbox.cloud.world.identities.values()].some((identity) => identity.name === name);
    expect(isThere, `${namespace} ${status}`).toBe(status === "Succeeded");
  }
  expect((await red.call("POST", `/api/operations/${id}/cancel`)).status).toBe(202);
  expect(await red.call("POST", `/api/operations/${id}/compensate`)).toMatchObject({
    status: 409,
    body: { code: "NOTHING_TO_COMPENSATE" },
  });
  expect(await operator.call("POST", `/api/operations/${id}/approve`, { requestHash: "x" })).toMatchObject({
    status: 409,
    body: { code: "APPROVAL_NOT_PENDING" },
  });
}, 120_000);

it("does not block its lanes on approvals, and ends when they are given", async () => {
  const red = await as("red");
  const orders = { databases: [{ server: names.sqlServer, database: "orders", roles: ["executor"] }] };
  const id = await accepted(
    send(red, [...several("red-approved", 6).map((each) => ({ ...each, ...orders })), ...several("red-plain", 3)]),
  );
  await expect.poll(async () => (await read(id)).totals["succeeded"], patiently).toBe(3);
  const waiting = (await read(id)).items.slice(0, 6);
  expect(waiting.map(({ status, isOwn, needsApproval }) => `${status} ${isOwn} ${needsApproval}`)).toEqual(
    Array(6).fill("Running true true"),
  );

  const [first, second] = await Promise.all(
    waiting.slice(0, 2).map(async ({ operation = "" }) => {
      const path = `/api/operations/${operation}`;
      await expect
        .poll(async () => (await operator.operation(operation)).phase, { timeout: 60_000, interval: 250 })
        .toBe("awaitingApproval");
      const { approval } = (await operator.call("GET", path)).body as { approval: { requestHash: string } };
      return { path, requestHash: approval.requestHash };
    }),
  );
  // The team's rule requires an approver from the team blue.
  const approver = await as("blue", "approve");
  expect((await approver.call("POST", `${first?.path}/approve`, { requestHash: first?.requestHash })).status).toBe(202);
  expect((await approver.call("POST", `${second?.path}/reject`, { comment: "not now" })).status).toBe(202);
  await expect
    .poll(async () => (await read(id)).totals, patiently)
    .toMatchObject({ succeeded: 4, failed: 1, running: 4 });
  await red.call("POST", `/api/operations/${id}/cancel`);
  const batch = await finish(id);

  expect(batch).toMatchObject({ status: "Canceled", totals: { succeeded: 4, failed: 1, canceled: 4 } });
  expect(batch.items.slice(0, 2)).toMatchObject([
    { outcome: "onboarded" },
    { status: "Failed", error: { code: "REJECTED" } },
  ]);
}, 180_000);

it("streams a batch item by item to its end, and shows it only to its team, by page and by status", async () => {
  const red = await as("red");
  const blue = await as("blue");
  await blue.waitFor(await blue.onboard(request("shared-paged")));
  const id = await accepted(send(red, [...several("red-paged", 3), request("shared-paged")]));
  const response = await fetch(`${sandbox.url}/api/operations/${id}/events`, {
    headers: { "x-mooring-key": sandbox.key ?? "" },
  });
  const text = await response.text();

  const first = await read(id, "?top=2", red);
  const second = (await red.call("GET", first.nextLink ?? "")).body as object as Batch;
  const failed = await read(id, "?status=Failed", red);

  const events = [...text.matchAll(/event: (\w+)\nid: .*\ndata: (.*)\n/g)].map(([, event = "", data]) => ({
    event,
    data: JSON.parse(data ?? ""),
  }));
  expect(events.flatMap(checkEvent)).toEqual([]);
  const ends = events.filter(({ event, data }) => event === "item" && data.status === "Succeeded");
  expect(ends.map(({ data }) => data.namespace).toSorted()).toEqual(["red-paged-0", "red-paged-1", "red-paged-2"]);
  expect(events.at(-1)).toMatchObject({ event: "end", data: { operation: id, status: "Failed" } });
  expect(events.filter(({ event }) => event === "operation").at(-1)?.data).toMatchObject({
    kind: "batch",
    totals: { succeeded: 3 },
  });
  expect(first.items.map(({ index }) => index)).toEqual([0, 1]);
  expect(second.items.map(({ index }) => index)).toEqual([2, 3]);
  expect(second.nextLink).toBeUndefined();
  expect(failed.items).toMatchObject([{ namespace: "shared-paged", error: { code: "NAMESPACE_TAKEN" } }]);
  expect(failed.totals["requests"]).toBe(4);
  for (const query of ["?top=0", "?top=1001", "?top=x", "?from=-1", "?status=Nearly"]) {
    expect((await red.call("GET", `/api/operations/${id}${query}`)).status, query).toBe(422);
  }
  expect((await blue.call("GET", `/api/operations/${id}`)).status).toBe(404);
  expect((await blue.call("GET", `/api/operations/${id}/events`)).status).toBe(404);
  const ids = async (service: Service) =>
    ((await service.call("GET", "/api/operations?top=200")).body["value"] as { id: string }[]).map((each) => each.id);
  expect(await ids(red)).toContain(id);
  expect(await ids(blue)).not.toContain(id);
}, 60_000);

const bulk = (service: Service, body: object, headers?: Record<string, string>) =>
  service.call("POST", "/api/namespaces/batch", body, headers);

const told = ({ items }: Batch) =>
  items.map(({ namespace, status, outcome, error }) => `${namespace} ${status} ${outcome ?? error?.code}`);

it("verifies, repairs and offboards namespaces by filter or by name, despite a kill, and only the caller's own", async () => {
  const red = await as("red");
  const blue = await as("blue");
  const wanted = several("red-bulk", 4);
  await finish(await accepted(send(red, wanted)));
  const theirs = await blue.onboard(request("blue-bulk"));
  await blue.waitFor(theirs);
  const broken = identityName({ cluster: names.cluster, namespace: "red-bulk-1" });
  await sandbox.cloud.sql.database("messages").runScript(`DROP USER [${broken}]`);
  const named = [...wanted, request("blue-bulk")].map(({ cluster, namespace }) => ({ cluster, namespace }));

  const verified = await finish(await accepted(bulk(red, { action: "verify", namespaces: named })));
  const filter = { cluster: names.cluster, team: "red", findings: "USER_MISSING" };
  const { body: listed } = await red.call("GET", `/api/namespaces?${new URLSearchParams(filter)}`);
  const repair = { action: "repair", filter };
  const plan = await red.call("POST", "/api/namespaces/batch?dryRun=true", repair);
  const repaired = await finish(await accepted(bulk(red, repair)));
  const offboard = { action: "offboard", namespaces: named.slice(0, 4) };
  const id = await accepted(bulk(red, offboard, { "idempotency-key": "bulk" }));
  await sandbox.killHost();
  await sandbox.restartHost();
  const again = await accepted(bulk(red, offboard, { "idempotency-key": "bulk" }));
  const offboarded = await finish(id);

  expect(verified).toMatchObject({ status: "Failed", action: "verify", totals: { succeeded: 3, failed: 2 } });
  expect(told(verified).slice(1)).toEqual([
    "red-bulk-1 Failed VERIFICATION_FAILED",
    "red-bulk-2 Succeeded verified",
    "red-bulk-3 Succeeded verified",
    "blue-bulk Failed NOT_ONBOARDED",
  ]);
  expect((listed["value"] as Item[]).map(({ namespace }) => namespace)).toEqual(["red-bulk-1"]);
  expect(plan).toMatchObject({
    status: 200,
    body: {
      totals: { requests: 1, ready: 1 },
      items: [{ namespace: "red-bulk-1", status: "ready", plan: { blocked: false } }],
    },
  });
  expect(told(repaired)).toEqual(["red-bulk-1 Succeeded repaired"]);
  expect(again).toBe(id);
  expect(told(offboarded)).toEqual(wanted.map(({ namespace }) => `${namespace} Succeeded offboarded`));
  expect((await red.call("GET", "/api/namespaces/aks-dev/red-bulk-0")).status).toBe(404);
  expect(await bulk(red, repair)).toMatchObject({ status: 409, body: { code: "NOTHING_CHOSEN" } });
  expect((await blue.call("GET", "/api/namespaces/aks-dev/blue-bulk")).status).toBe(200);
}, 240_000);

it("works only on the planned namespaces, which may have been repaired or verified since the plan", async () => {
  const red = await as("red");
  const [first, last, third] = several("red-tagged", 3).map((each) => ({ ...each, identityMode: "podIdentity" }));
  if (!first || !last) throw new Error("there are three");
  const requests = [first, last];
  const plan = async (path: string, body: object) => {
    const { status, body: planned } = await red.call("POST", `${path}?dryRun=true`, body);
    expect([status, typeof planned["etag"]], JSON.stringify(planned)).toEqual([200, "string"]);
    return { "if-match": String(planned["etag"]) };
  };
  const isOther = { status: 412, body: { code: "PRECONDITION_FAILED" } };
  const onboarding = await plan("/api/onboardings/batch", { requests });
  await red.waitFor(await red.onboard(first));

  const early = await send(red, requests, onboarding);
  const shorter = await send(red, [last], await plan("/api/onboardings/batch", { requests }));
  await finish(await accepted(send(red, requests, await plan("/api/onboardings/batch", { requests }))));
  const verify = { action: "verify", filter: { team: "red", identityMode: "podIdentity" } };
  const many = await plan("/api/namespaces/batch", verify);
  const same = { ...many, "idempotency-key": "tagged" };
  await finish(await accepted(bulk(red, verify, same)));
  await red.waitFor(await red.onboard({ ...third }));
  const [one, another] = [await bulk(red, verify, many), await bulk(red, { ...verify, action: "repair" }, many)];
  const replanned = await red.call("POST", "/api/namespaces/batch?dryRun=true", verify, many);
  const named = {
    action: "offboard",
    namespaces: [first, last].map(({ cluster, namespace }) => ({ cluster, namespace })),
  };
  const offboarding = await plan("/api/namespaces/batch", named);
  await red.call("POST", `/api/namespaces/${names.cluster}/red-tagged-0/verify`);
  const repair = await red.call("POST", `/api/namespaces/${names.cluster}/red-tagged-0/repair`);
  await red.waitFor(String(repair.body["id"]));

  expect(early).toMatchObject(isOther);
  expect(early.body["detail"]).toContain("would cover 2 namespaces, but something has changed.");
  expect([shorter, one, another, replanned]).toMatchObject([isOther, isOther, isOther, isOther]);
  expect(await accepted(bulk(red, verify, same))).toBeTypeOf("string");
  const { totals } = await finish(await accepted(bulk(red, named, offboarding)));
  expect(totals).toMatchObject({ requests: 2, succeeded: 2 });
}, 120_000);

it("requires a choice of namespaces and a valid action", async () => {
  const wrong: readonly (readonly [body: object, pointer: string, detail: RegExp])[] = [
    [{ action: "offboard" }, "", /exactly one of filter, namespaces and all/],
    [{ action: "offboard", filter: {}, all: true }, "", /exactly one/],
    [{ action: "onboard", all: true }, "/action", /must be one of verify, repair, migrate, offboard/],
    [{ action: "verify", filter: { findings: "BAD" } }, "/filter/findings", /takes any, none, Info/],
    [{ action: "verify", filter: { owner: "red" } }, "/filter/owner", /not a known field/],
    [{ action: "verify", namespaces: [request("red-a"), request("red-a")] }, "/namespaces/0/databases", /known field/],
    [{ action: "migrate", all: true, until: "noon" }, "/until", /./],
    [{ action: "repair", all: true, to: "podIdentity" }, "/to", /not a known field/],
  ];
  for (const [body, pointer, detail] of wrong) {
    const answer = await bulk(operator, body);
    expect(answer.status, JSON.stringify(body)).toBe(422);
    expect(answer.body["errors"], JSON.stringify(body)).toContainEqual(
      expect.objectContaining({ pointer, detail: expect.stringMatching(detail) }),
    );
  }
  expect((await operator.call("GET", "/api/namespaces?state=Nearly")).status).toBe(422);
  expect((await operator.call("GET", "/api/namespaces?top=1000")).status).toBe(200);
  expect((await operator.call("GET", "/api/namespaces?top=1001")).status).toBe(422);
});

it("refuses a batch with any mistake, names every mistake, and accepts nothing", async () => {
  const before = (await operator.call("GET", "/api/operations?top=1")).body;
  const wrong = [
    ...several("red-bad", 17),
    request("red-bad-17", { databases: [{ server: names.sqlServer, database: "no such", roles: ["reader"] }] }),
    request("red-bad-3"),
    request("red-bad-19", { cluster: "aks-none" }),
    "hello",
    { __proto__: null, toString: 1 },
  ];

  const answer = await send(operator, wrong);

  expect(answer).toMatchObject({ status: 422, body: { code: "INVALID_REQUEST" } });
  const errors = answer.body["errors"] as { pointer: string; detail: string }[];
  expect(errors.map(({ pointer }) => pointer)).toEqual(
    expect.arrayContaining([
      "/requests/17/databases/0/database",
      "/requests/18/namespace",
      "/requests/19/cluster",
      "/requests/20",
      "/requests/21/toString",
    ]),
  );
  expect(errors.find(({ pointer }) => pointer === "/requests/18/namespace")?.detail).toMatch(
    /in \/requests\/3 and in \/requests\/18/,
  );
  expect((await operator.call("GET", "/api/operations?top=1")).body).toEqual(before);
});

it.each<[string, unknown, number, string]>([
  ["no body", "", 400, "MALFORMED_JSON"],
  ["an array", [request("red-x")], 422, "INVALID_REQUEST"],
  ["no requests", { requests: [] }, 422, "INVALID_REQUEST"],
  ["an unknown field", { requests: [request("red-x")], force: true }, 422, "INVALID_REQUEST"],
  ["1,001 requests", { requests: Array(1_001).fill({}) }, 422, "INVALID_REQUEST"],
  ["1,000 that are all wrong", { requests: Array(1_000).fill({}) }, 422, "INVALID_REQUEST"],
  ["more than 1 MB", { requests: [request("red-x")], note: "x".repeat(1_048_576) }, 413, "PAYLOAD_TOO_LARGE"],
])("answers %s with one problem", async (_what, body, status, code) => {
  const answer = await operator.call("POST", "/api/onboardings/batch", body);

  expect(answer).toMatchObject({ status, body: { code } });
  expect(((answer.body["errors"] ?? []) as unknown[]).length).toBeLessThanOrEqual(101);
});

it("only checks a batch that says so", async () => {
  const before = (await operator.call("GET", "/api/operations?top=1")).body;
  const check = (requests: readonly unknown[]) =>
    operator.call("POST", "/api/onboardings/batch?checkOnly=true", { requests });

  expect((await check([request("red-x")])).status).toBe(204);
  expect(await check([request("red-x"), { ...request("red-y"), cluster: "none" }])).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: "/requests/1/cluster" }] },
  });
  expect((await operator.call("GET", "/api/operations?top=1")).body).toEqual(before);
});

it("refuses a batch whole, and names every request that asks for what its caller may not have", async () => {
  const red = await as("red");
  const mistyped = { databases: [{ server: "sql-dve", database: "messages", roles: ["reader"] }] };
  const requests = [request("red-fine"), request("red-mistyped", mistyped), request("blue-not-red")];

  const { status, body } = await send(red, requests);

  expect({ status, code: body["code"] }).toEqual({ status: 403, code: "NOT_ALLOWED" });
  expect(body["errors"]).toEqual([
    { pointer: "/requests/1/databases/0/database", detail: expect.stringContaining("is not a database of the team") },
    { pointer: "/requests/2/namespace", detail: expect.stringContaining("is not a namespace of the team") },
  ]);
  const { body: list } = await red.call("GET", "/api/namespaces");
  expect(JSON.stringify(list)).not.toContain("red-fine");
});

it("explains the form of a batch to a caller who sends a bare list", async () => {
  const { body } = await operator.call("POST", "/api/onboardings/batch", [request("red-x")]);

  expect(body["errors"]).toEqual([{ pointer: "", detail: 'must be an object: { "requests": [ … ] }' }]);
});

it("accepts 1,000 requests, shows a hundred of them, and cancels all that have not begun", async () => {
  const red = await as("red");
  const requests = Array.from({ length: 1_000 }, (_, at) => request(`red-thousand-${at}`));

  const id = await accepted(send(red, requests));
  await red.call("POST", `/api/operations/${id}/cancel`);
  const batch = await finish(id);

  expect(batch).toMatchObject({ status: "Canceled", totals: { requests: 1_000, running: 0, notStarted: 0 } });
  expect(batch.items).toHaveLength(1_000);
  expect(batch.totals["canceled"]).toBeGreaterThan(500);
  expect((await read(id, "")).items).toHaveLength(100);
}, 120_000);

/**
 * It accepts no connection for twelve seconds, then refuses everybody for a moment, as long as it is not ready (docs/reliability.md), as
 * a real one was seen to; clusterFaults.test.ts kills a real one.
 */
it("leaves nothing behind of what an API server stops that dies under a batch, and nobody waits for a person", async () => {
  const red = await as("red");
  const id = await accepted(send(red, several("red-restart", 12)));
  await expect
    .poll(async () => (await read(id)).totals["succeeded"], { timeout: 60_000, interval: 50 })
    .toBeGreaterThan(2);

  const { faults } = sandbox.cloud;
  const down = faults.add({ wire: "kubernetes", times: Number.POSITIVE_INFINITY, effect: { kind: "cutBefore" } });
  await sleep(12_000);
  const error = (status: number, code: string) => ({ kind: "error", status, code }) as const;
  faults.add({
    wire: "kubernetes",
    operation: "GET /readyz",
    times: Number.POSITIVE_INFINITY,
    effect: error(500, "InternalError"),
  });
  faults.add({
    wire: "kubernetes",
    operation: /^(?!GET \/readyz)/,
    times: Number.POSITIVE_INFINITY,
    effect: error(403, "Forbidden"),
  });
  down();
  await sleep(500);
  faults.clear();
  const { items } = await finish(id, 200_000);

  const failed = items.filter(({ status }) => status !== "Succeeded");
  const unexpected = failed.filter(({ error: why }) => why?.code !== "CLUSTER_UNREACHABLE");
  expect(items).toHaveLength(12);
  expect(unexpected).toEqual([]);
  const left = [...sandbox.cloud.world.identities.values()].map(({ name }) => name);
  const kept = failed.map(({ namespace }) => identityName({ cluster: names.cluster, namespace }));
  expect(left.filter((name) => kept.includes(name))).toEqual([]);
  const users = sandbox.cloud.sql.database("messages").users();
  expect(users.filter(({ name }) => kept.includes(name))).toEqual([]);
}, 300_000);
