import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { namespaceHost, openSandbox, type Sandbox } from "../../../packages/azure-sim/test/serviceBus/sandbox.ts";
import { createEvents } from "../../../src/adapters/events/events.ts";
import type { CloudEvent } from "../../../src/domain/watching/events.ts";

const topic = "onboarding-events";
let sandbox: Sandbox;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  sandbox = await openSandbox({
    topics: [{ name: topic, duplicateDetectionSeconds: 600, subscriptions: [{ name: "audit" }, { name: "teams" }] }],
  });
});
afterEach(async () => {
  sandbox.faults.clear();
  await Promise.all(opened.splice(0).map((events) => events.close()));
});
afterAll(() => sandbox.close());

function open(settings: Partial<Parameters<typeof createEvents>[0]> = {}) {
  const events = createEvents({
    credential: sandbox.credential(),
    fullyQualifiedNamespace: namespaceHost,
    customEndpointAddress: sandbox.serviceBus.url,
    topic,
    attemptTimeoutMs: 1000,
    ...settings,
  });
  opened.push(events);
  return events;
}

function event(id: string): CloudEvent {
  return {
    specversion: "1.0",
    id,
    source: "/mooring",
    type: "mooring.operation.status-changed.v1",
    subject: "dev/team-a",
    time: "2026-11-24T08:00:00Z",
    datacontenttype: "application/json",
    data: { operation: "op-1", kind: "onboard", status: "Running", phase: "provisioning" },
  };
}

const audit = () => sandbox.serviceBus.subscription(topic, "audit").messages();
const withId = (id: string) => audit().filter(({ messageId }) => messageId === id);
const attach = (operation: string) => sandbox.faults.journal.filter((call) => call.operation === operation).length;

test("an event arrives in structured mode, with the properties that subscriptions filter and correlate by", async () => {
  await open().publish(event("structured"));

  expect(withId("structured")).toEqual([
    expect.objectContaining({
      body: event("structured"),
      contentType: "application/cloudevents+json",
      subject: "dev/team-a",
      correlationId: "op-1",
      applicationProperties: { type: "mooring.operation.status-changed.v1", source: "/mooring" },
    }),
  ]);
  expect(sandbox.serviceBus.subscription(topic, "teams").messages()).toHaveLength(audit().length);
});

test("many events share one sender", async () => {
  const events = open();
  const before = attach("putToken");

  await Promise.all(["one-1", "one-2", "one-3"].map((id) => events.publish(event(id))));
  await events.publish(event("one-4"));

  expect(audit().filter(({ messageId }) => messageId.startsWith("one-"))).toHaveLength(4);
  expect(attach("putToken")).toBe(before + 1);
});

test("the same event published twice arrives once", async () => {
  await open().publish(event("twice"));
  await open().publish(event("twice"));

  expect(withId("twice")).toHaveLength(1);
});

test("publishing resumes after the connection was cut between two events", async () => {
  const events = open();
  await events.publish(event("before the cut"));

  sandbox.serviceBus.cutConnections();
  await events.publish(event("after the cut"));

  expect(withId("after the cut")).toHaveLength(1);
});

test("a connection that breaks after the event arrived does not cause a duplicate", async () => {
  sandbox.faults.add({ wire: "serviceBus", operation: "send", effect: { kind: "cutAfter" } });

  await open().publish(event("answer lost"));

  expect(attach("send")).toBeGreaterThan(1);
  expect(withId("answer lost")).toHaveLength(1);
});

test("a service that stays busy is a transient failure that names the last error", async () => {
  sandbox.faults.add({
    wire: "serviceBus",
    operation: "send",
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: "com.microsoft:server-busy", message: "throttled (40900)" },
  });

  await expect(open().publish(event("busy"))).rejects.toMatchObject({
    name: "TransientError",
    code: "SERVICE_BUS_UNAVAILABLE",
    message: 'Publishing event busy to topic "onboarding-events" failed: ServiceBusy: throttled (40900)',
    cause: expect.any(AggregateError),
  });
});

test("a missing answer is a transient failure within the time limit of a publish", async () => {
  sandbox.faults.add({
    wire: "serviceBus",
    operation: "send",
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "hang" },
  });
  const started = Date.now();

  await expect(open({ attemptTimeoutMs: 60_000, timeoutMs: 800 }).publish(event("hang"))).rejects.toMatchObject({
    name: "TransientError",
    code: "SERVICE_BUS_UNAVAILABLE",
  });

  expect(Date.now() - started).toBeLessThan(2500);
});

test("an unreachable namespace is a transient failure", async () => {
  const events = open({ customEndpointAddress: "sb://localhost:1" });

  await expect(events.publish(event("refused"))).rejects.toMatchObject({
    name: "TransientError",
    code: "SERVICE_BUS_UNAVAILABLE",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test("an identity without a role is a permanent failure", async () => {
  const events = open({ credential: sandbox.credential({ appid: "00000000-0000-0000-0000-00000000dead" }) });

  await expect(events.publish(event("stranger"))).rejects.toMatchObject({
    name: "PermanentError",
    code: "SERVICE_BUS_FORBIDDEN",
    message: expect.stringContaining("is not known"),
  });
});

test("a topic that does not exist and an event that is too large are permanent failures", async () => {
  const large = { ...event("large"), source: "x".repeat(300_000) };

  await expect(open({ topic: "nowhere" }).publish(event("lost"))).rejects.toMatchObject({
    name: "PermanentError",
    code: "SERVICE_BUS_REJECTED",
    message: expect.stringContaining("nowhere"),
  });
  await expect(open().publish(large)).rejects.toMatchObject({ name: "PermanentError", code: "SERVICE_BUS_REJECTED" });
});
