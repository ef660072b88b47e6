import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openSandbox, type Sandbox, until } from "./sandbox.ts";

let sandbox: Sandbox;
const topic = "onboarding-events";

beforeAll(async () => {
  sandbox = await openSandbox({
    topics: [{ name: topic, duplicateDetectionSeconds: 60, subscriptions: [{ name: "audit" }, { name: "dashboard" }] }],
  });
});
afterEach(() => sandbox.closeClients());
afterAll(() => sandbox.close());

test("every subscription gets its own copy and settles it independently", async () => {
  const client = sandbox.client();
  const audit = client.createReceiver(topic, "audit");

  await client.createSender(topic).sendMessages([
    { body: 1, messageId: "fan-1" },
    { body: 2, messageId: "fan-2" },
  ]);
  const received = await audit.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  for (const message of received) await audit.completeMessage(message);

  expect(received.map(({ body }) => body)).toEqual([1, 2]);
  expect(sandbox.serviceBus.subscription(topic, "audit").messages()).toEqual([]);
  expect(
    sandbox.serviceBus
      .subscription(topic, "dashboard")
      .messages()
      .map(({ body }) => body),
  ).toEqual([1, 2]);
});

test("a subscription has its own dead-letter queue", async () => {
  const client = sandbox.client();
  const dashboard = client.createReceiver(topic, "dashboard");
  const [message] = await dashboard.receiveMessages(1, { maxWaitTimeInMs: 3000 });
  if (!message) throw new Error("no message came");

  await dashboard.deadLetterMessage(message, { deadLetterReason: "Unreadable", deadLetterErrorDescription: "no" });

  const deadLetters = client.createReceiver(topic, "dashboard", { subQueueType: "deadLetter" });
  const [dead] = await deadLetters.receiveMessages(1, { maxWaitTimeInMs: 3000 });
  expect(dead).toMatchObject({ messageId: message.messageId, deadLetterReason: "Unreadable" });
  expect(sandbox.serviceBus.subscription(topic, "audit").deadLetters()).toEqual([]);
});

test("an event that is sent twice reaches each subscription once, even on a new connection after a cut", async () => {
  const audit = sandbox.serviceBus.subscription(topic, "audit");
  const before = audit.messages().length;
  const retryOptions = { maxRetries: 3, retryDelayInMs: 50, timeoutInMs: 1000 };
  const sender = sandbox.client({ retryOptions }).createSender(topic);

  await sender.sendMessages({ body: "changed", messageId: "event-1" });
  sandbox.serviceBus.cutConnections();
  await sender.sendMessages({ body: "changed", messageId: "event-1" });
  await sandbox.client().createSender(topic).sendMessages({ body: "changed", messageId: "event-1" });

  expect(audit.messages()).toHaveLength(before + 1);
  expect(sandbox.serviceBus.subscription(topic, "dashboard").messages().at(-1)).toMatchObject({ messageId: "event-1" });
});

test("a scheduled event reaches every subscription at its scheduled time, and none if it was cancelled", async () => {
  const sender = sandbox.client().createSender(topic);
  await sender.createMessageBatch();
  const hour = new Date(Date.now() + 1000);

  await sender.scheduleMessages({ body: "kept", messageId: "scheduled" }, hour);
  const cancelled = await sender.scheduleMessages({ body: "cancelled", messageId: "cancelled" }, hour);
  await sender.cancelScheduledMessages(cancelled);
  const lastSeen = () => sandbox.serviceBus.subscription(topic, "audit").messages().at(-1);
  expect(lastSeen()).toMatchObject({ body: "kept", state: "scheduled" });
  await until(() => lastSeen()?.state === "active");

  for (const name of ["audit", "dashboard"]) {
    const seen = sandbox.serviceBus.subscription(topic, name).messages();
    expect(seen.at(-1)).toMatchObject({ body: "kept", state: "active" });
    expect(seen.some(({ body }) => body === "cancelled")).toBe(false);
  }
});
