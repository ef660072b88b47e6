/** What an OTLP endpoint gets: one trace from the caller to the database, metrics, and nothing confidential. */
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { z } from "zod";
import hostJson from "../../host.json" with { type: "json" };
import { names } from "../../sandbox/cloud.ts";
import type { Span } from "../../sandbox/traces/otlp.ts";
import { startTraceReceiver, type TraceReceiver } from "../../sandbox/traces/receiver.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { serviceAs } from "../support/people.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import type { Service } from "../support/service.ts";

let receiver: TraceReceiver;
let sandbox: SuiteSandbox;
const log: string[] = [];
/** The service as a person calls it. */
let service: Service;

const person = { name: "Ada Lovelace", preferred_username: "ada.lovelace@example.org", oid: randomUUID() };

beforeAll(async () => {
  receiver = await startTraceReceiver({ keepBodies: true });
  insights.listen(0, "127.0.0.1");
  await once(insights, "listening");
  sandbox = await startSandbox({
    because: "it reads all logs, traces and metrics",
    callers: "keys",
    tableFaults: true,
    drift: { everyMinutes: 0.02 },
    logLevel: "information",
    onLog: (line) => log.push(line),
    settings: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_METRIC_EXPORT_INTERVAL: "200",
      APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${randomUUID()};IngestionEndpoint=https://localhost:${(insights.address() as AddressInfo).port}`,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: "Authorization=AAD",
      APPLICATION_INSIGHTS_NO_STATSBEAT: "true",
    },
  });
  insights.setSecureContext({ key: sandbox.cloud.tls.privateKey, cert: sandbox.cloud.tls.certificate });
  service = await serviceAs(sandbox, { team: "red", role: "request", changes: person });
  await leaveWorkForTimers();
});
afterAll(async () => {
  for (const body of receiver?.bodies ?? []) sandbox?.heard("telemetry", body);
  await sandbox?.close();
  await receiver?.close();
  insights.closeAllConnections();
  insights.close();
});

/** Timers run every 15 and every 30 seconds: what they are to find is set up first and checked at the end. */
async function leaveWorkForTimers(): Promise<void> {
  const { faults, sql } = sandbox.cloud;
  const drifting = { cluster: names.cluster, namespace: "red-drifting" };
  await service.waitFor(await service.onboard(request(drifting.namespace)));
  await sql.database("messages").runScript(`DROP USER [${identityName(drifting)}]`);
  faults.add({ wire: "kubernetes", operation: "*", target: "*red-held*", times: Infinity, effect: { kind: "hang" } });
  await service.onboard(request("red-held"));
  for (const operation of ["onboardNamespace", "onboardBatch"]) {
    faults.add({ wire: "durable", operation, effect: { kind: "error", code: "gone" } });
  }
  await service.onboard(request("red-taken-up"));
  const requests = [request("red-batch-1"), request("red-batch-2")];
  const { status } = await service.call("POST", "/api/onboardings/batch", { requests });
  expect(status).toBe(202);
  const isMet = () => faults.active.every(({ fault, hits }) => fault.wire !== "durable" || hits > 0);
  await vi.waitFor(() => expect(isMet()).toBe(true), { timeout: 20_000 });
}

const Envelope = z.object({
  tags: z.record(z.string(), z.string()),
  data: z.object({
    baseType: z.string(),
    baseData: z.looseObject({
      name: z.string().optional(),
      properties: z.record(z.string(), z.string()).default({}),
      metrics: z.array(z.object({ name: z.string() })).default([]),
    }),
  }),
});
const envelopes: z.infer<typeof Envelope>[] = [];

const tokens: string[] = [];

/** Receives what would go to Application Insights. The sandbox's certificate exists only once the sandbox does. */
const insights = createServer({}, async (request, response) => {
  tokens.push(request.headers.authorization ?? "");
  const bytes = await buffer(request);
  const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString();
  const items = text.startsWith("[") ? JSON.parse(text) : text.split("\n").map((line) => JSON.parse(line));
  envelopes.push(...z.array(Envelope).parse(items));
  const { length } = items;
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ itemsReceived: length, itemsAccepted: length, errors: [] }));
});

const newTrace = () => randomBytes(16).toString("hex");
const callerSpan = "b7ad6b7169203331";

function request(namespace: string, changes: object = {}) {
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  return { cluster: names.cluster, namespace, databases, ...changes };
}

/** The names of a span and its ancestors, the outermost first; ends at a missing parent. */
function pathOf(span: Span, spans: readonly Span[]): readonly string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentId);
  return [...(parent ? pathOf(parent, spans) : []), `${span.kind} ${span.name}`];
}

/** Waits until the orchestration has ended and no span waits for its parent: what starts first may arrive last. */
async function traceOf(traceId: string): Promise<readonly Span[]> {
  const missing = () => {
    const spans = receiver.spans(traceId);
    return spans.some(isOrchestration) ? orphansOf(spans).map(({ name }) => `parent of ${name}`) : ["orchestration"];
  };
  await expect.poll(missing).toEqual([]);
  return receiver.spans(traceId);
}

function orphansOf(spans: readonly Span[]): readonly Span[] {
  const ids = new Set([callerSpan, ...spans.map(({ spanId }) => spanId)]);
  return spans.filter(({ parentId }) => !ids.has(parentId));
}

/** The extension appends the version to the name. */
const versioned = (name: string) => `${name}@(${hostJson.extensions.durableTask.defaultVersion})`;
const isOrchestration = ({ name }: Span) => name === versioned("orchestration:onboardNamespace");

it("follows an onboarding from the message in the queue down to the T-SQL batch", async () => {
  const traceId = newTrace();
  const { cloud } = sandbox;
  // Not sampled by the sender, but recorded all the same: what will fail later is not known at the start.
  const traceparent = `00-${traceId}-${callerSpan}-00`;
  cloud.serviceBus.queue(names.queue).send({
    messageId: traceId,
    body: request("traced-queue"),
    applicationProperties: { "Diagnostic-Id": traceparent },
  });

  const spans = await traceOf(traceId);

  const sql = spans.find(({ name }) => name.startsWith("SQL change user"));
  expect(sql && pathOf(sql, spans)).toEqual([
    "CONSUMER ServiceBusProcessor.ProcessMessage",
    "CONSUMER process onboarding-requests",
    `PRODUCER create_orchestration:onboardNamespace@${hostJson.extensions.durableTask.defaultVersion}`,
    versioned("SERVER orchestration:onboardNamespace"),
    "CLIENT activity:grantDatabase",
    "SERVER activity:grantDatabase",
    "INTERNAL step grantDatabase",
    expect.stringMatching(/^CLIENT SQL change user: create\w+/),
  ]);
  const first = spans.find(({ name }) => name === "ServiceBusProcessor.ProcessMessage");
  expect(first?.parentId).toBe(callerSpan);
});

/** Onboards as the person, in a new trace, and returns all spans of it. */
async function onboard(namespace: string): Promise<{ id: string; traceId: string; spans: readonly Span[] }> {
  const traceId = newTrace();
  const headers = { traceparent: `00-${traceId}-${callerSpan}-01` };
  const { body } = await service.call("POST", "/api/onboardings", request(namespace), headers);
  return { id: String(body["id"]), traceId, spans: await traceOf(traceId) };
}

const ofCalls = /^(ARM|Kubernetes|SQL) /;

it("follows an onboarding over HTTP, and says what each call was made for", async () => {
  const { id, traceId, spans } = await onboard("red-http");

  const named = (pattern: RegExp) => spans.find(({ name }) => pattern.test(name));
  expect(spans.find(({ parentId }) => parentId === callerSpan)).toMatchObject({
    kind: "SERVER",
    name: "POST /api/onboardings",
  });
  expect(named(/^create_orchestration:/)?.attributes["durabletask.task.instance_id"]).toBe(id);
  expect(named(/^ARM PUT Microsoft.ManagedIdentity\/userAssignedIdentities$/)?.attributes).toMatchObject({
    "mooring.operation": id,
    "mooring.step": "ensureIdentity",
    "mooring.cluster": names.cluster,
    "mooring.namespace": "red-http",
    "http.request.method": "PUT",
    "http.response.status_code": 201,
  });
  expect(
    named(/^Kubernetes PATCH \/api\/v1\/namespaces\/\{namespace\}\/serviceaccounts\/\{name\}$/)?.attributes,
  ).toMatchObject({
    "mooring.operation": id,
    "mooring.namespace": "red-http",
  });
  expect(named(/^send onboarding-events$/)).toBeDefined();
  const calls = spans.filter(({ name }) => ofCalls.test(name));
  expect(calls.length).toBeGreaterThan(10);
  const subject = { "mooring.operation": id, "mooring.cluster": names.cluster, "mooring.namespace": "red-http" };
  for (const { attributes } of calls) expect(attributes).toMatchObject(subject);
  // The status names the trace.
  expect((await service.call("GET", `/api/operations/${id}`)).body["traceId"]).toBe(traceId);
});

it("reports failures by their codes, at every level", async () => {
  sandbox.cloud.faults.add({
    wire: "sql",
    operation: "CREATE USER",
    target: `${names.sqlServer}/messages`,
    effect: { kind: "error", code: 15247, message: "CREATE USER [secret-name] was denied" },
  });
  const { id, spans } = await onboard("red-fails");

  const failed = (pattern: RegExp) => spans.find(({ name, failed: hasFailed }) => hasFailed && pattern.test(name));
  expect(failed(/^SQL change user/)?.attributes).toMatchObject({
    "db.response.status_code": "15247",
    "error.type": "SQL_FORBIDDEN",
  });
  expect(failed(/^step grantDatabase$/)?.attributes["error.type"]).toBe("SQL_FORBIDDEN");
  expect(spans.filter(({ name }) => /^step remove/.test(name)).length).toBeGreaterThan(0);
  expect((await service.operation(id)).status).toBe("Failed");
});

/** All attributes that the service's spans may have. Check each addition: is it a token, a value, a person? */
const known = [
  "azure.resource_provider.namespace",
  "azure.service.request.id",
  "db.namespace",
  "db.query.summary",
  "db.response.status_code",
  "db.system.name",
  "durabletask.task.execution_id",
  "durabletask.task.instance_id",
  "durabletask.task.name",
  "durabletask.task.status",
  "durabletask.task.task_id",
  "durabletask.task.version",
  "durabletask.type",
  "error.type",
  "faas.name",
  "http.request.method",
  "http.response.status_code",
  "http.route",
  "messaging.destination.name",
  "messaging.system",
  "mooring.cluster",
  "mooring.dry_run",
  "mooring.event_type",
  "mooring.namespace",
  "mooring.operation",
  "mooring.resource_type",
  "mooring.step",
  "mooring.step.action",
  "mooring.step.target",
  "server.address",
  "server.port",
  "url.template",
];

it("reveals no persons, tokens, user names or values in statements", async () => {
  const { id } = await onboard("red-quiet");
  const clientId = (await service.operation(id)).result?.clientId ?? "";
  const sid = Buffer.from(clientId.replaceAll("-", ""), "hex").toString("hex");

  const spans = receiver.spans();
  const told = receiver.bodies.join("\n");

  const keys = new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)));
  expect([...keys].filter((key) => !known.includes(key))).toEqual([]);
  expect(spans.length).toBeGreaterThan(100);
  expect(clientId).toMatch(/^[0-9a-f-]{36}$/);
  const persons = [person.oid, person.name, "Lovelace", person.preferred_username];
  const values = [clientId, sid, "CREATE USER", "SELECT ", "secret-name"];
  for (const secret of [...persons, ...values]) expect(told.includes(secret), secret).toBe(false);
});

function sumOf(name: string, wanted: Readonly<Record<string, string>>): number {
  return receiver
    .measures()
    .filter((each) => each.name === name)
    .filter(({ attributes }) => Object.entries(wanted).every(([key, value]) => attributes[key] === value))
    .reduce((sum, { count }) => sum + count, 0);
}

const until = (name: string, wanted: Readonly<Record<string, string>>) =>
  expect.poll(() => sumOf(name, wanted), { timeout: 45_000 });

it("measures operations, retries, throttles, the queue and the registry", async () => {
  const { faults } = sandbox.cloud;
  const refused = { kind: "error", code: "TooManyRequests", status: 429 } as const;
  faults.add({ wire: "arm", operation: /^PUT /, effect: refused });
  faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 10928 } });
  await onboard("red-measured");

  await until("mooring.operations", { kind: "onboard", outcome: "Succeeded" }).toBeGreaterThanOrEqual(4);
  await until("mooring.operations", { kind: "onboard", outcome: "Failed" }).toBeGreaterThanOrEqual(1);
  await until("mooring.operation.duration", { kind: "onboard", outcome: "Succeeded" }).toBeGreaterThanOrEqual(4);
  await until("mooring.step.retries", { step: "grantDatabase", code: "SQL_UNAVAILABLE" }).toBe(1);
  await until("mooring.throttles", { service: "sql" }).toBe(1);
  await until("mooring.throttles", { service: "arm" }).toBeGreaterThanOrEqual(1);
  await until("mooring.queue.age", { outcome: "accepted" }).toBe(1);
  await until("mooring.registry.duration", { table: "MooringSteps", outcome: "ok" }).toBeGreaterThan(10);
});

it("measures refusals by services, and what an undo left behind", async () => {
  const { faults } = sandbox.cloud;
  const target = "*red-refused*";
  const busy = { kind: "error", code: "TooManyRequests", status: 429, retryAfterSeconds: 0 } as const;
  faults.add({ wire: "kubernetes", operation: "PATCH serviceaccounts", target, effect: busy });
  faults.add({ wire: "tables", operation: "*", target, effect: { kind: "error", code: "ServerBusy", status: 503 } });
  const first = await onboard("red-refused");
  await until("mooring.throttles", { service: "kubernetes" }).toBe(1);
  await until("mooring.throttles", { service: "tables" }).toBe(1);
  // Otherwise it may meet the next fault.
  await service.waitFor(first.id);

  const denied = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
  faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 15247 } });
  faults.add({ wire: "arm", operation: /^DELETE Microsoft.ManagedIdentity/, times: Infinity, effect: denied });
  const { id } = await onboard("red-left");
  expect((await service.waitFor(id)).leftUndone).toContain("removeIdentity");
  await until("mooring.undo.failures", { kind: "onboard", undo: "removeIdentity" }).toBe(1);
});

it("sends the same to Application Insights, with names and attributes where the queries expect them", async () => {
  const { id, traceId } = await onboard("red-azure");
  const ofTrace = () => envelopes.filter(({ tags }) => tags["ai.operation.id"] === traceId);
  const find = (pattern: RegExp) => ofTrace().find(({ data }) => pattern.test(data.baseData.name ?? ""))?.data;

  await expect.poll(() => find(/^SQL change user/)).toBeDefined();
  expect(find(/^SQL change user/)).toMatchObject({
    baseType: "RemoteDependencyData",
    baseData: { properties: { "mooring.operation": id, "mooring.namespace": "red-azure" } },
  });
  await expect.poll(() => find(/^POST \/api\/onboardings/)?.baseType).toBe("RequestData");
  const measured = () =>
    envelopes.filter(({ data }) => data.baseData.metrics.some(({ name }) => name === "mooring.operations"));
  await expect
    .poll(() => measured().map(({ data }) => data.baseData.properties))
    .toContainEqual({ kind: "onboard", outcome: "Succeeded" });
  expect(tokens.every((token) => /^Bearer eyJ/.test(token))).toBe(true);
  const told = JSON.stringify(envelopes);
  for (const secret of [person.oid, person.name, "CREATE USER"]) expect(told.includes(secret), secret).toBe(false);
  sandbox.heard("telemetry", told);
});

const hostile = `SELECT pin FROM t WHERE name = N'secret-name' OR "secret-name" -- ${person.preferred_username}, 10.9.8.7`;

it("reveals no error texts of services, whichever the service and whichever code makes the span", async () => {
  const { faults } = sandbox.cloud;
  const target = "*red-hostile*";
  const says = { kind: "error", message: hostile } as const;
  // Each is retried, so the runtime sees it too. Codes also come from outside.
  const scripted = [
    faults.add({ wire: "arm", operation: /^PUT /, target, effect: { ...says, code: "secret-name", status: 503 } }),
    faults.add({
      wire: "kubernetes",
      operation: /^PATCH /,
      target,
      times: 2,
      effect: { ...says, code: "secret-name", status: 500 },
    }),
    faults.add({ wire: "tables", operation: "*", target, effect: { ...says, code: "secret-name", status: 500 } }),
    faults.add({ wire: "serviceBus", operation: "send", effect: { ...says, code: "secret-name" } }),
  ];
  const own = faults.active.slice(-scripted.length);
  const { id, spans } = await onboard("red-hostile");
  expect((await service.operation(id)).status).toBe("Succeeded");
  expect(own.filter(({ hits }) => hits === 0)).toEqual([]);
  for (const takeBack of scripted) takeBack();
  const failed = (of: readonly Span[], name: RegExp) => of.filter((span) => span.failed && name.test(span.name));
  for (const name of [/^ARM /, /^Kubernetes /, /^activity:/, /^step /]) expect(failed(spans, name)).not.toEqual([]);

  // Retries in vain: the orchestration's own spans reveal nothing either, while callers who may see the operation see everything.
  const effect = { ...says, code: 49920 };
  const inVain = faults.add({ wire: "sql", operation: "CREATE USER", times: Infinity, effect });
  const last = await onboard("red-in-vain");
  inVain();
  expect(failed(last.spans, /^SQL /)).not.toEqual([]);
  const { error } = await service.operation(last.id);
  expect(error?.message).toContain("SELECT pin FROM t WHERE name = N'secret-name'");

  const told = receiver.bodies.join("\n") + JSON.stringify(envelopes);
  for (const value of ["secret-name", "SELECT pin", "ada.lovelace", "10.9.8.7"])
    expect(told.includes(value), value).toBe(false);
});

it("measures what timers find: drift, and the age of running operations", async () => {
  await until("mooring.drift.findings", { code: "USER_MISSING", severity: "Error" }).toBeGreaterThanOrEqual(1);
  await until("mooring.operation.age", { kind: "onboard", waitsForPerson: "no" }).toBeGreaterThanOrEqual(1);
});

it("has sent exactly the metrics that the documentation names", async () => {
  const text = await readFile(join(import.meta.dirname, "../../docs/telemetry.md"), "utf8");
  const documented = [...text.matchAll(/^\| `(mooring\.[a-z.]+)` \|/gm)].map(([, name]) => name);

  expect([...new Set(receiver.measures().map(({ name }) => name))].sort()).toEqual(documented.sort());
});

it("has the trace in every log line, including those of batches, timers and verifications", async () => {
  await service.call("POST", `/api/namespaces/${names.cluster}/red-azure/verify`);
  const about = (event: string) => log.filter((line) => line.includes(event));
  for (const event of ["resuming an operation", "starting a batch", "namespace looked at", "namespace verified"]) {
    await expect.poll(() => about(event).length, { timeout: 45_000 }).toBeGreaterThan(0);
  }

  // Lines of the invocations, and those that adapters write in addition.
  const lines = log.filter((line) => / Function\.\w+\.User |a failure in full/.test(line));
  expect(lines.length).toBeGreaterThan(40);
  expect(lines.filter((line) => !/ traceId="[0-9a-f]{32}"/.test(line))).toEqual([]);
  const ofSteps = lines.filter((line) => line.includes(" step="));
  expect(ofSteps.filter((line) => !/ operation="[\w-]+"/.test(line))).toEqual([]);
});
