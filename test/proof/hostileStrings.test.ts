/** Strings that are known to break software, in every field of HTTP and queue: all are refused, and have no effect. The default run tries an eighth. */

import { someOf } from "test-support/proofs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { printCursor } from "../../src/domain/http/cursor.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import { DatabaseRequest } from "../../src/domain/targets/sqlDatabase.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
const log: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it reads the log and wants approvals",
    approval: { databases: [`${names.sqlServer}/orders`] },
    onLog: (line) => log.push(line),
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

const hostile: readonly unknown[] = [
  `"`,
  `'`,
  "]",
  "]]",
  "x]; DROP USER [dbo]; --",
  "'; DROP TABLE users; --",
  "a\u0000b",
  "a\nb",
  "a\r\nX-Injected: 1",
  "team\u202Eevil",
  "te\u0430m",
  "🦊",
  "x\uFF3D",
  "\uD800",
  "a".repeat(10_000),
  "__proto__",
  "constructor",
  "toString",
  `\${jndi:ldap://x}`,
  "../../etc/passwd",
  "..%2f..%2fsecret",
  "%00",
  "{{7*7}}",
  `\${{ github.token }}`,
  "<script>alert(1)</script>",
  "-1",
  "1e309",
  "",
  " ",
  " team",
  "team ",
  "Team",
  "http://169.254.169.254/metadata",
  "/subscriptions/x",
  12345678901234567890n.toString(),
  Number.MAX_SAFE_INTEGER + 2,
  -0,
  true,
  null,
  [],
  {},
  [["reader"]],
  { __proto__: null, toString: "x" },
  nest(200),
];

function nest(depth: number): unknown {
  let value: unknown = "x";
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

const database = { server: names.sqlServer, database: "messages", roles: ["reader"] };
const target = { target: "uploads", access: ["read"] };
const good = { cluster: names.cluster, namespace: "hostile", databases: [database] };

const fields: Readonly<Record<string, (value: unknown) => unknown>> = {
  cluster: (value) => ({ ...good, cluster: value }),
  namespace: (value) => ({ ...good, namespace: value }),
  identityMode: (value) => ({ ...good, identityMode: value }),
  databases: (value) => ({ ...good, databases: value }),
  server: (value) => ({ ...good, databases: [{ ...database, server: value }] }),
  database: (value) => ({ ...good, databases: [{ ...database, database: value }] }),
  roles: (value) => ({ ...good, databases: [{ ...database, roles: value }] }),
  role: (value) => ({ ...good, databases: [{ ...database, roles: [value] }] }),
  targets: (value) => ({ ...good, targets: value }),
  target: (value) => ({ ...good, targets: [{ ...target, target: value }] }),
  access: (value) => ({ ...good, targets: [{ ...target, access: value }] }),
  "access word": (value) => ({ ...good, targets: [{ ...target, access: [value] }] }),
  serviceAccount: (value) => ({ ...good, serviceAccount: value }),
  selector: (value) => ({ ...good, identityMode: "podIdentity", selector: value }),
  adoptionPolicy: (value) => ({ ...good, adoptionPolicy: value }),
  deletePolicy: (value) => ({ ...good, deletePolicy: value }),
  team: (value) => ({ ...good, team: value }),
  namespaceProfile: (value) => ({ ...good, namespaceProfile: value }),
  sharedIdentity: (value) => ({ ...good, sharedIdentity: value }),
  expiresAt: (value) => ({ ...good, expiresAt: value }),
  expiresAfter: (value) => ({ ...good, expiresAfter: value }),
  "a database's expiresAt": (value) => ({ ...good, databases: [{ ...database, expiresAt: value }] }),
  "a target's expiresAfter": (value) => ({ ...good, targets: [{ ...target, expiresAfter: value }] }),
  "another field": (value) => ({ ...good, [keyOf(value)]: value }),
  "the whole body": (value) => value,
};

function keyOf(value: unknown): string {
  return (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 100) || "x";
}

/** Whether the value is valid after all: a proper Kubernetes name in a field that takes one. */
function isHarmless(field: string, value: unknown): boolean {
  const isName = ["namespace", "serviceAccount", "selector"].includes(field);
  // A key that does not become a field in JSON: `__proto__` in an object literal sets the prototype instead.
  const isNoField = field === "another field" && !JSON.stringify(fields[field]?.(value)).includes(keyOf(value));
  return isNoField || (isName && typeof value === "string" && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value));
}

const cases = someOf(
  Object.entries(fields).flatMap(([field, make]) =>
    hostile
      .filter((value) => !isHarmless(field, value))
      .map((value) => ({ field, value, body: JSON.stringify(make(value)) })),
  ),
);

it("covers every field of a request", () => {
  const known = [
    ...Object.keys(OnboardingRequest.shape),
    ...Object.keys(DatabaseRequest.shape),
    ...Object.keys(TargetRequest.shape),
  ];

  expect(known.filter((field) => !(field in fields))).toEqual([]);
});

it(`refuses ${cases.length} bodies over HTTP with 4xx, each with a problem document`, async () => {
  for (const { field, value, body } of cases) {
    const { status, headers, body: problem } = await service.call("POST", "/api/onboardings", body);

    const what = `${field} = ${JSON.stringify(value)?.slice(0, 80)}: ${status} ${JSON.stringify(problem).slice(0, 200)}`;
    expect(status, what).toBeGreaterThanOrEqual(400);
    expect(status, what).toBeLessThan(500);
    expect(headers.get("content-type"), what).toContain("application/problem+json");
    expect(headers.get("x-injected"), what).toBeNull();
  }
});

it("refuses all of them in one batch, and each of them as a batch", async () => {
  const bodies = cases.filter(({ field }) => field !== "the whole body").map(({ body }) => JSON.parse(body) as unknown);
  const together = await service.call("POST", "/api/onboardings/batch", { requests: bodies.slice(0, 1_000) });

  expect(together).toMatchObject({ status: 422, body: { code: "INVALID_REQUEST" } });
  const errors = together.body["errors"] as { pointer: string; detail: string }[];
  expect(errors).toHaveLength(101);
  expect(errors.at(-1)).toMatchObject({ pointer: "/requests", detail: expect.stringMatching(/^and \d+ more$/) });
  expect(JSON.stringify(together.body).length).toBeLessThan(64_000);
  for (const value of hostile) {
    for (const body of [value, { requests: value }, { requests: [good, value] }, { requests: [good], extra: value }]) {
      const { status } = await service.call("POST", "/api/onboardings/batch", JSON.stringify(body));

      expect(status, JSON.stringify(body).slice(0, 80)).toBeGreaterThanOrEqual(400);
      expect(status, JSON.stringify(body).slice(0, 80)).toBeLessThan(500);
    }
  }
});

it("dead-letters each of them from the queue, with a reason", async () => {
  const queue = sandbox.cloud.serviceBus.queue(names.queue);
  cases.forEach(({ body }, index) => void queue.send({ messageId: `hostile-${index}`, body: Buffer.from(body) }));

  await expect.poll(() => queue.messages().length, { timeout: 60_000 }).toBe(0);
  const dead = queue.deadLetters();
  expect(dead).toHaveLength(cases.length);
  for (const { applicationProperties } of dead) {
    expect(applicationProperties["DeadLetterReason"]).toMatch(/^[A-Z_]+$/);
    expect(String(applicationProperties["DeadLetterErrorDescription"]).length).toBeLessThanOrEqual(4_096);
  }
}, 90_000);

it("dead-letters envelopes with hostile attributes, or accepts the request in them", async () => {
  const queue = sandbox.cloud.serviceBus.queue(names.queue);
  const before = queue.deadLetters().length;
  const envelope = { specversion: "1.0", id: "1", source: "/x", type: "t", data: { ...good, cluster: "nowhere" } };
  const sent = ["specversion", "id", "source", "type", "traceparent", "data"].flatMap((attribute) =>
    hostile.map((value) => JSON.stringify({ ...envelope, [attribute]: value })),
  );
  sent.forEach((body, index) => {
    const traceparent = hostile[index % hostile.length];
    const applicationProperties = typeof traceparent === "string" ? { traceparent, "Diagnostic-Id": traceparent } : {};
    queue.send({ messageId: `envelope-${index}`, body: Buffer.from(body), applicationProperties });
  });

  await expect.poll(() => queue.messages().length, { timeout: 60_000 }).toBe(0);
  expect(queue.deadLetters().length - before).toBe(sent.length);
}, 90_000);

const bodies: Readonly<Record<string, readonly string[]>> = {
  [`/api/namespaces/${names.cluster}/hostile/migrate`]: ["until", "serviceAccount", "another"],
  [`/api/namespaces/${names.cluster}/hostile/migrate?until=inventory`]: ["serviceAccount"],
  "/api/namespaces/batch": ["action", "filter", "namespaces", "all", "another"],
  "/api/operations/1eb066acc8e632-c8fb4c15b355cdf7/cancel": ["comment", "another"],
  "/api/operations/1eb066acc8e632-c8fb4c15b355cdf7/approve": ["comment", "requestHash", "another"],
  "/api/operations/1eb066acc8e632-c8fb4c15b355cdf7/reject": ["comment", "requestHash", "another"],
};

it("refuses hostile bodies on every other route that takes one", async () => {
  const { body: document } = await service.call("GET", "/api/openapi.json");
  const paths = document["paths"] as Record<string, Record<string, { requestBody?: object }>>;
  const taking = Object.entries(paths).flatMap(([path, { post }]) => (post?.requestBody ? [path] : []));
  const tried = [...new Set(Object.keys(bodies).map((path) => path.split("/").at(-1)?.split("?")[0]))];
  // Onboardings and their batches are tested above.
  expect(taking.map((path) => path.split("/").at(-1)).toSorted()).toEqual(
    [...tried, "batch", "onboardings"].toSorted(),
  );

  const sent = Object.entries(bodies).flatMap(([path, names]) =>
    hostile.flatMap((value) => [value, ...names.map((field) => ({ [field]: value }))].map((body) => ({ path, body }))),
  );
  for (const { path, body } of someOf(sent)) {
    const { status, body: problem } = await service.call("POST", path, JSON.stringify(body));

    const what = `${path} ${JSON.stringify(body).slice(0, 80)}: ${status} ${JSON.stringify(problem).slice(0, 200)}`;
    expect(status, what).toBeGreaterThanOrEqual(400);
    expect(status, what).toBeLessThan(500);
    // A body that is not an object is refused before the operation or namespace is looked up.
    const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    if (!isObject) expect(status, what).toBe(422);
  }
}, 60_000);

const addresses = (text: string) => [
  ["GET", `/api/operations/${text}`],
  ["GET", `/api/operations/${text}/events`],
  ["POST", `/api/operations/${text}/cancel`],
  ["POST", `/api/operations/${text}/approve`],
  ["GET", `/api/namespaces/${text}/${text}`],
  ["GET", `/api/namespaces/${names.cluster}/${text}`],
  ["DELETE", `/api/namespaces/${names.cluster}/${text}`],
  ["DELETE", `/api/namespaces/${text}/team`],
  ["GET", `/api/operations?status=${text}`],
  ["GET", `/api/operations?cluster=${text}`],
  ["GET", `/api/operations?namespace=${text}`],
  ["GET", `/api/operations?top=${text}`],
  ["GET", `/api/operations?continuation=${text}`],
  ["GET", `/api/namespaces?cluster=${text}`],
  ["GET", `/api/namespaces?continuation=${text}`],
  ["GET", `/api/audit?operation=${text}`],
  ["GET", `/api/audit?continuation=${text}`],
  ["POST", `/api/onboardings?dryRun=${text}`],
  ["POST", `/api/onboardings/batch?dryRun=${text}`],
  ["POST", `/api/namespaces/batch?dryRun=${text}`],
  ["GET", `/api/namespaces?findings=${text}`],
  ["GET", `/api/namespaces?state=${text}`],
  ["POST", `/api/onboardings?takeOver=${text}`],
  ["POST", `/api/operations/${text}/reject`],
  ["POST", `/api/operations/${text}/compensate`],
  ["POST", `/api/operations/x/compensate?dryRun=${text}`],
  ["DELETE", `/api/namespaces/${names.cluster}/hostile?ignoreDependants=${text}`],
  ["GET", `/api/namespaces/${text}/${text}/export`],
  ["GET", `/api/namespaces/${names.cluster}/hostile/export?format=${text}`],
  ["GET", `/api/namespaces/${names.cluster}/hostile/export?database=${text}`],
  ["GET", `/api/namespaces/${text}/${text}/manifest`],
  ["POST", `/api/namespaces/${text}/${text}/verify`],
  ["POST", `/api/namespaces/${text}/${text}/repair`],
  ["POST", `/api/namespaces/${text}/${text}/migrate`],
  ["POST", `/api/namespaces/${names.cluster}/hostile/migrate?until=${text}`],
  ["GET", `/api/audit?cluster=${text}`],
  ["GET", `/api/audit?namespace=${text}`],
  ["GET", `/api/audit?top=${text}`],
  ["GET", `/api/namespaces?top=${text}`],
];

it("answers hostile paths and queries without an internal error", async () => {
  const texts = hostile.filter((value) => typeof value === "string" && value !== "" && value.length < 2_000);
  const asked = (texts as string[]).flatMap((text) => addresses(encodeURIComponent(text.toWellFormed())));
  for (const [method = "GET", path = ""] of someOf(asked)) {
    // As in the Functions host, a NUL in the path never reaches the app.
    if (/^[^?]*%00/.test(path)) {
      expect((await fetch(`${sandbox.url}${path}`, { method })).status, path).toBe(400);
      continue;
    }
    const { status, body } = await service.call(method, path, method === "POST" ? "{}" : undefined);

    expect(status, `${method} ${path}: ${JSON.stringify(body)}`).toBeLessThan(500);
  }
}, 60_000);

it("refuses continuation tokens with hostile keys, or queries the tables with them", async () => {
  // Of any length that fits into a request line of 8 KB; the host answers 414 to a longer one.
  const texts = [...hostile, "a".repeat(2_800)].filter((value) => typeof value === "string" && value.length < 2_900);
  for (const text of someOf(texts as string[])) {
    for (const cursor of [
      { partition: text, row: text },
      { partition: "operations", row: text },
      { partition: "audit", row: text },
    ]) {
      for (const list of ["operations", "namespaces", "audit"]) {
        const answer = await service.call("GET", `/api/${list}?continuation=${printCursor(cursor)}`);

        const what = `${list} from ${JSON.stringify(cursor).slice(0, 80)}: ${JSON.stringify(answer.body).slice(0, 200)}`;
        expect([200, 400], what).toContain(answer.status);
        if (answer.status === 400) expect(answer.body, what).toMatchObject({ code: "INVALID_PARAMETER" });
        if (!text.isWellFormed()) expect(answer.status, what).toBe(400);
      }
    }
  }
}, 60_000);

it("treats hostile headers as plain text", async () => {
  for (const value of [
    "'",
    "]]",
    "../../x",
    "a".repeat(4_000),
    "00-xyz-1-1",
    `\${jndi:ldap://x}`,
    "-1",
    "9".repeat(40),
  ]) {
    for (const name of ["idempotency-key", "repeatability-request-id", "traceparent", "last-event-id", "if-match"]) {
      const wrong = { ...good, namespace: "Not-A-Name" };
      const { status } = await service.call("POST", "/api/onboardings", wrong, { [name]: value });

      expect(status, `${name}: ${value.slice(0, 40)}`).toBe(422);
    }
  }
});

it("has changed nothing in the cloud, and logged no unexpected error", async () => {
  expect((await service.call("GET", "/api/operations")).body).toEqual({ value: [] });
  expect((await service.call("GET", "/api/namespaces")).body).toEqual({ value: [] });
  const { world, faults } = sandbox.cloud;
  expect(world.identities.size).toBe(0);
  // The service looks for identities and members of its roles that no record knows every few minutes: it only reads.
  const calls = faults.journal.filter(({ operation }) => !/^(GET |LOGIN$|SELECT$)/.test(operation));
  expect(calls.filter(({ wire }) => ["sql", "kubernetes", "arm"].includes(wire))).toEqual([]);
  expect(log.filter((line) => /unhandled|uncaught|TypeError|RangeError|request failed/i.test(line))).toEqual([]);
  expect(Object.prototype).not.toHaveProperty("polluted");
});

/** Runs last, since these are accepted, while everything before was refused. */
it("returns a hostile comment unchanged, wherever it appears", async () => {
  const orders = { ...good, databases: [{ ...database, database: "orders" }] };
  const texts = hostile.filter((value) => typeof value === "string" && value.length <= 1_000);
  for (const comment of someOf(texts as string[])) {
    const id = await service.onboard(orders);
    await expect.poll(async () => (await service.operation(id)).phase).toBe("awaitingApproval");
    const canceled = await service.call("POST", `/api/operations/${id}/cancel`, { comment });
    expect(canceled.status, comment).toBe(202);
    const ended = await service.waitFor(id);

    expect(ended.status, comment).toBe("Canceled");
    const { body } = await service.call("GET", `/api/operations/${id}`);
    expect(body["cancel"], comment).toMatchObject({ comment });
  }
  expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
  expect(log.filter((line) => /unhandled|uncaught|TypeError|RangeError|request failed/i.test(line))).toEqual([]);
}, 120_000);

it("treats hostile headers of a valid request as plain text", async () => {
  const values = ["'", "]]", "../../x", "a".repeat(4_000), "00-xyz-1-1", `\${jndi:ldap://x}`, "-1", "9".repeat(40)];
  for (const [index, value] of values.entries()) {
    const namespace = `headers-${index}`;
    for (const name of ["idempotency-key", "repeatability-request-id", "traceparent", "if-match", "last-event-id"]) {
      for (const [method, path, body] of [
        ["POST", "/api/onboardings?dryRun=true", { ...good, namespace }],
        ["DELETE", `/api/namespaces/${names.cluster}/${namespace}`],
        ["POST", `/api/namespaces/${names.cluster}/${namespace}/repair`],
        ["GET", "/api/events"],
      ] as const) {
        const { status } = await service.call(method, path, body, { [name]: value });

        expect(status, `${method} ${path} ${name}: ${value.slice(0, 40)}`).toBeLessThan(500);
      }
    }
  }
  const key = "a".repeat(255);
  const first = await service.call(
    "POST",
    "/api/onboardings",
    { ...good, namespace: "keyed" },
    { "idempotency-key": key },
  );
  expect(first.status).toBe(202);
  expect((await service.waitFor(String(first.body["id"]))).status).toBe("Succeeded");
  expect(
    (
      await service.call("POST", "/api/onboardings", { ...good, namespace: "keyed" }, { "idempotency-key": key })
    ).headers.get("idempotency-replayed"),
  ).toBe("true");
}, 60_000);
