/** Following what Mooring does: one trace from the caller to the event, live events, audit trail. */
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { checkEvent } from "../support/feed.ts";
import { validate } from "../support/jsonSchema.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
});

interface Received {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
  readonly at: number;
}

/** Reads a stream as a browser's EventSource does, until it ends or `until` returns true. */
async function listen(
  path: string,
  { lastEventId, until }: { lastEventId?: string; until?: (event: Received) => boolean } = {},
) {
  const abort = new AbortController();
  const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const response = await fetch(`${sandbox.url}${path}`, { headers, signal: abort.signal });
  const events: Received[] = [];
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    sandbox.heard(`stream of ${path}`, chunk);
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
      if (fields["event"] === undefined) continue;
      const event = {
        event: fields["event"],
        id: fields["id"],
        data: JSON.parse(fields["data"]),
        at: performance.now(),
      };
      events.push(event);
      if (until?.(event)) {
        abort.abort();
        return { status: response.status, events, response };
      }
    }
  }
  return { status: response.status, events, response };
}

let count = 0;
function request(changes: object = {}) {
  count += 1;
  return {
    cluster: names.cluster,
    namespace: `watched-${count}`,
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    ...changes,
  };
}

function eventsOf(id: string) {
  const all = sandbox.cloud.serviceBus.subscription(names.topic, "all").messages();
  return all.filter(({ messageId }) => messageId.startsWith(`${id}/`));
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

it("carries the caller's trace into the answer, the status and every event", async () => {
  const answer = await service.call("POST", "/api/onboardings", request(), { traceparent });
  const id = String(answer.body["id"]);
  const ended = await service.waitFor(id);

  expect(answer.headers.get("traceparent")).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
  expect(ended).toMatchObject({ status: "Succeeded", traceId });
  await expect.poll(() => eventsOf(id).length).toBe(2);
  for (const { body, applicationProperties } of eventsOf(id)) {
    expect(body).toMatchObject({ traceparent: expect.stringContaining(traceId) });
    expect(applicationProperties).toMatchObject({
      traceparent: expect.stringContaining(traceId),
      "Diagnostic-Id": expect.stringContaining(traceId),
    });
  }
});

it("continues the trace of a queue message, whether it or its envelope names it", async () => {
  const wanted = [request(), request(), request()];
  const [first, second, third] = wanted;
  const queue = sandbox.cloud.serviceBus.queue(names.queue);
  queue.send({ body: first, applicationProperties: { traceparent } });
  queue.send({ body: second, applicationProperties: { "Diagnostic-Id": traceparent } });
  const envelope = { specversion: "1.0", id: "1", source: "/team", type: "onboarding.requested", traceparent };
  queue.send({ body: Buffer.from(JSON.stringify({ ...envelope, data: third })) });

  for (const { namespace } of wanted) {
    const find = async () => {
      const { body } = await service.call("GET", `/api/operations?namespace=${namespace}`);
      return (body["value"] as { traceId?: string }[])[0]?.traceId;
    };
    await expect.poll(find).toBe(traceId);
  }
});

it("starts a trace when the caller has none, and names it in problems", async () => {
  const answer = await service.call("GET", "/api/operations/none");

  const [, trace] = answer.headers.get("traceparent")?.split("-") ?? [];
  expect(trace).toMatch(/^[0-9a-f]{32}$/);
  expect(answer.body["traceId"]).toBe(trace);
});

it("keeps a tamper-evident audit trail of every effect", async () => {
  const wanted = request();
  const onboarding = await service.onboard(wanted);
  await service.waitFor(onboarding);
  const offboarding = await service.offboard(names.cluster, wanted.namespace);
  await service.waitFor(offboarding);

  const list = async (query: string) => (await service.call("GET", `/api/audit?${query}`)).body["value"];
  const check = () => service.call("GET", "/api/audit/verify");

  // The entry for an operation's end follows right after its record, which the status is read from.
  await expect
    .poll(() => list(`operation=${offboarding}&top=1`))
    .toMatchObject([{ action: "ended", outcome: "Succeeded", what: "offboard" }]);
  const all = (await list(`namespace=${wanted.namespace}&cluster=${names.cluster}`)) as {
    what: string;
    action: string;
  }[];
  expect(all.map(({ what, action }) => `${what} ${action}`).toSorted()).toEqual(
    [
      "onboard accepted",
      "ensureIdentity create",
      "applyNamespace create",
      "grantDatabase create",
      "applyServiceAccount create",
      "federateIdentity create",
      "onboard ended",
      "offboard accepted",
      "removeServiceAccount delete",
      "revokeDatabase delete",
      "unfederateIdentity delete",
      "removeIdentity delete",
      "removeNamespace delete",
      "offboard ended",
    ].toSorted(),
  );
  expect((await check()).body).toMatchObject({ valid: true, entries: expect.any(Number) });
});

it("streams an operation's steps as they happen, ends with it, and says only what matches the schemas", async () => {
  sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", times: 1, effect: { kind: "delay", ms: 700 } });
  const id = await service.onboard(request());

  const { events, response } = await listen(`/api/operations/${id}/events`);

  expect(response.headers.get("content-type")).toContain("text/event-stream");
  expect(events.at(-1)).toMatchObject({ event: "end", data: { operation: id, status: "Succeeded" } });
  expect(events.at(-2)).toMatchObject({ event: "operation", data: { id, status: "Succeeded", phase: "done" } });
  const done = events.filter(({ event, data }) => event === "step" && data["status"] === "Succeeded");
  expect(done.map(({ data }) => data["name"])).toEqual(
    expect.arrayContaining(["preflight", "ensureIdentity", "applyNamespace", "grantDatabase", "verify"]),
  );
  const at = (name: string) => done.find(({ data }) => data["name"] === name)?.at ?? 0;
  expect(at("grantDatabase") - at("ensureIdentity")).toBeGreaterThan(500);
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
  expect(events.flatMap(checkEvent)).toEqual([]);
  for (const name of ["operation", "step", "end"]) {
    const { event, data } = events.find((each) => each.event === name) ?? { event: "", data: {} };
    expect(checkEvent({ event, data: { ...data, secret: "x" } })).not.toEqual([]);
    expect(checkEvent({ event, data: { ...data, status: "Done" } })).not.toEqual([]);
    expect(checkEvent({ event, data: {} })).not.toEqual([]);
  }
});

it("continues after Last-Event-ID with the missing events, and answers 204 when nothing more will come", async () => {
  const id = await service.onboard(request());
  await service.waitFor(id);
  const path = `/api/operations/${id}/events`;
  const { events: all } = await listen(path);

  for (const at of [0, 3, all.length - 2]) {
    const { events } = await listen(path, { lastEventId: all[at]?.id ?? "" });
    expect(events.map((event) => event.id)).toEqual(all.slice(at + 1).map((event) => event.id));
  }
  expect(await listen(path, { lastEventId: all.at(-1)?.id ?? "" })).toMatchObject({ status: 204, events: [] });
  expect((await listen("/api/operations/none/events")).status).toBe(404);
});

it("streams every operation at /api/events, from a client's last event on", async () => {
  const heard = listen("/api/events", {
    until: ({ event, data }) =>
      event === "operation" && data["namespace"] === second.namespace && data["status"] === "Succeeded",
  });
  const [first, second] = [request(), request()];
  await service.waitFor(await service.onboard(first));
  await service.waitFor(await service.onboard(second));

  const { events } = await heard;

  const ended = events.filter(({ event, data }) => event === "operation" && data["status"] === "Succeeded");
  expect(ended.map(({ data }) => data["namespace"])).toEqual([first.namespace, second.namespace]);
  const seen = ended[0]?.id ?? "";
  const resumed = await listen("/api/events", {
    lastEventId: seen,
    until: ({ data }) => data["status"] === "Succeeded" && data["phase"] === "done",
  });
  expect(
    resumed.events.filter(({ event, data }) => event === "operation" && data["namespace"] === first.namespace),
  ).toEqual([]);
  expect(resumed.events.at(-1)?.data["namespace"]).toBe(second.namespace);
});

it("publishes only events that match the schema it serves, and the schema rejects anything else", async () => {
  const failing = request({ namespace: "watched-failing" });
  sandbox.cloud.faults.add({
    wire: "sql",
    operation: "CREATE USER",
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: 15247 },
  });
  const failed = await service.onboard(failing);
  await service.waitFor(failed);
  sandbox.cloud.faults.clear();
  await expect.poll(() => eventsOf(failed).length).toBe(2);
  const { body: schema } = await service.call("GET", "/api/events/schema.json");

  const messages = sandbox.cloud.serviceBus.subscription(names.topic, "all").messages();

  expect(messages.length).toBeGreaterThan(6);
  expect(messages.flatMap(({ body }) => validate(schema, body))).toEqual([]);
  const [first] = messages;
  const good = { ...(first?.body as { data: object }) };
  expect(validate(schema, { ...good, secret: "x" })).not.toEqual([]);
  expect(validate(schema, { ...good, data: { ...good.data, status: "Done" } })).not.toEqual([]);
  expect(validate(schema, { ...good, id: undefined, time: "yesterday" })).not.toEqual([]);
});
