import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { openNamespace, queueName } from "../support/namespace.ts";
import { runHost } from "../support/runningHost.ts";

// One for the whole file: a second authority with the same name would hide the first in the process's trust store.
let namespace: Awaited<ReturnType<typeof openNamespace>>;

interface Received {
  body: unknown;
  metadata: Record<string, unknown>;
  traceParent: string;
}

beforeAll(async () => {
  namespace = await openNamespace();
});
afterAll(() => namespace.close());

beforeEach(async () => {
  // Leftovers of a failed test must not reach the next one.
  await namespace.takeDown();
  await namespace.bringUp();
  Reflect.set(globalThis, "received", []);
});

/** Allows for the time to connect: TLS, a token and four links. */
const soon = <T>(look: () => T) => expect.poll(look, { interval: 50 });

const received = (): Received[] => Reflect.get(globalThis, "received");

const record = `
  const record = (body, context) => globalThis.received.push({
    body, metadata: context.triggerMetadata, traceParent: context.traceContext.traceParent,
  });
`;

const settings = () => ({ ...namespace.settings, QUEUE: queueName });

function onQueue(handler: string, options = ""): string {
  return `${record}app.serviceBusQueue("take", { connection: "Messages", queueName: "%QUEUE%", ${options} handler: ${handler} });`;
}

test("passes a queue's message and its metadata to the function, and completes it", async () => {
  await runHost({ code: onQueue("record"), settings: settings() });

  namespace.queue().send({
    body: { cluster: "aks-dev" },
    messageId: "42",
    contentType: "application/json",
    correlationId: "c-1",
    subject: "onboard",
    applicationProperties: {
      team: "orders",
      "Diagnostic-Id": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
  });

  await soon(() => received().length).toBe(1);
  const [message] = received();
  expect(message?.body).toEqual({ cluster: "aks-dev" });
  expect(message?.metadata).toMatchObject({
    messageId: "42",
    lockToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
    deliveryCount: 1,
    sequenceNumber: expect.any(Number),
    expiresAtUtc: "9999-12-31T23:59:59.999Z",
    enqueuedTimeUtc: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    contentType: "application/json",
    correlationId: "c-1",
    subject: "onboard",
    applicationProperties: { team: "orders" },
    userProperties: { team: "orders" },
  });
  expect(message?.traceParent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
  await soon(() => namespace.queue().messages()).toEqual([]);
  expect(namespace.tokenRequests).toContainEqual({
    resource: expect.stringContaining("servicebus"),
    clientId: namespace.clientId,
  });
});

test("bytes arrive as text, and text that is JSON as its value", async () => {
  await runHost({ code: onQueue("record"), settings: settings() });
  namespace.queue().send({ body: Buffer.from("just text") });
  namespace.queue().send({ body: Buffer.from("123") });
  await soon(() => received().map(({ body }) => body)).toEqual(["just text", 123]);
});

test("abandons a message when the function throws, so that it is redelivered and finally dead-lettered", async () => {
  const { lines } = await runHost({
    code: onQueue('(body, context) => { record(body, context); throw new Error("not today"); }'),
    settings: settings(),
  });

  namespace.queue().send({ body: { id: 1 } });

  await soon(() => namespace.queue().deadLetters().length).toBe(1);
  expect(received().map(({ metadata }) => metadata["deliveryCount"])).toEqual([1, 2, 3]);
  expect(lines.filter((line) => line.includes('error="Error: not today"'))).toHaveLength(3);
});

test("renews the lock of a message whose function takes longer than the lock", async () => {
  await runHost({
    code: onQueue("async (body, context) => { record(body, context); await new Promise((r) => setTimeout(r, 3500)); }"),
    settings: settings(),
  });

  namespace.queue().send({ body: { id: 1 } });

  await soon(() => namespace.queue().messages()).toEqual([]);
  expect(received()).toHaveLength(1);
});

test("a message whose lock expired is redelivered, and the host keeps running", async () => {
  const { lines } = await runHost({
    code: onQueue(`async (body, context) => {
      record(body, context);
      if (context.triggerMetadata.deliveryCount === 1) await new Promise((r) => setTimeout(r, 2500));
    }`),
    hostJson: { extensions: { serviceBus: { maxAutoLockRenewalDuration: "00:00:00" } } },
    settings: settings(),
  });

  namespace.queue().send({ body: { id: 1 } });

  await soon(() => received().map(({ metadata }) => metadata["deliveryCount"])).toEqual([1, 2]);
  await soon(() => namespace.queue().messages()).toEqual([]);
  await soon(() => lines.filter((line) => line.includes("could not complete a message"))).toHaveLength(1);
});

test("lets a function settle its own messages if it asks to, and abandons them when it throws", async () => {
  const code = onQueue(
    `async (body, context) => {
      record(body, context);
      if (body.settles) {
        const { lockToken, messageId } = context.triggerMetadata;
        await globalThis.ownReceiver.completeMessage({ lockToken, messageId, delivery: {} });
      }
      if (body.throws && context.triggerMetadata.deliveryCount === 1) throw new Error("once");
    }`,
    "autoCompleteMessages: false,",
  );
  const { lines } = await runHost({ code, settings: settings() });
  // The function settles by lock token over its own connection.
  const client = namespace.createClient();
  onTestFinished(() => client.close());
  Reflect.set(globalThis, "ownReceiver", client.createReceiver(queueName));
  const view = namespace.queue();

  view.send({ body: { settles: true }, messageId: "settles" });
  await soon(() => view.messages()).toEqual([]);

  view.send({ body: { settles: true, throws: true }, messageId: "both" });
  await soon(() => lines.filter((line) => line.startsWith("ERR Function.take failed"))).toHaveLength(1);
  await soon(() => view.messages()).toEqual([]);
  expect(received().filter(({ metadata }) => metadata["messageId"] === "both")).toHaveLength(1);

  view.send({ body: {}, messageId: "neither" });
  await soon(() => received().filter(({ metadata }) => metadata["messageId"] === "neither").length).toBe(1);
  expect(view.messages()).toMatchObject([{ messageId: "neither" }]);
  // Its lock is no longer renewed once the function has returned, so it is redelivered.
  await soon(() => received().filter(({ metadata }) => metadata["messageId"] === "neither").length).toBe(2);
});

test("runs no more functions at once than host.json allows", async () => {
  await runHost({
    code: onQueue(`async (body, context) => {
      globalThis.running = (globalThis.running ?? 0) + 1;
      record(globalThis.running, context);
      await new Promise((r) => setTimeout(r, 50));
      globalThis.running -= 1;
    }`),
    hostJson: { extensions: { serviceBus: { maxConcurrentCalls: 2 } } },
    settings: settings(),
  });

  for (let id = 0; id < 8; id++) namespace.queue().send({ body: { id } });

  await soon(() => namespace.queue().messages()).toEqual([]);
  expect(Math.max(...received().map(({ body }) => Number(body)))).toBe(2);
});

test("continues after its connection was cut", async () => {
  await runHost({ code: onQueue("record"), settings: settings() });
  namespace.queue().send({ body: 1 });
  await soon(() => received().length).toBe(1);

  namespace.cutConnections();
  namespace.queue().send({ body: 2 });

  await soon(() => received().map(({ body }) => body)).toContain(2);
});

test("starts while the broker is down, says so once, and listens once it is up", async () => {
  await namespace.takeDown();
  const { lines, url } = await runHost({
    code: `${onQueue("record")}\napp.get("alive", () => ({ body: "yes" }));`,
    settings: settings(),
  });
  expect(await (await fetch(`${url}/api/alive`)).text()).toBe("yes");
  const complaints = () => lines.filter((line) => line.startsWith("WRN Host calls to Service Bus fail"));
  await soon(complaints).toHaveLength(1);

  await namespace.bringUp();
  namespace.queue().send({ body: "late" });

  await soon(() => received().map(({ body }) => body)).toEqual(["late"]);
});

test("lets a running function finish, and settles its message before the host closes", async () => {
  const host = await runHost({
    code: onQueue("async (body, context) => { record(body, context); await new Promise((r) => setTimeout(r, 300)); }"),
    settings: settings(),
  });
  namespace.queue().send({ body: 1 });
  await soon(() => received().length).toBe(1);

  await host.close();
  await sleep(50);

  expect(namespace.queue().messages()).toEqual([]);
});

test.each([
  ["", { Messages__fullyQualifiedNamespace: "" }, 'the connection "Messages" is not configured'],
  ["isSessionsEnabled: true,", {}, "this host does not support sessions"],
  ['cardinality: "many",', {}, "this host delivers no batches; leave out cardinality, or start the app with"],
  ['dataType: "binary",', {}, "this host delivers text; leave out dataType, or start the app with"],
  ['queueName: undefined, topicName: "t", subscriptionName: "s",', {}, "this host serves queues only; give queueName"],
])("names function and reason when it cannot serve a binding (%s)", async (options, changed, reason) => {
  const failure = runHost({ code: onQueue("record", options), settings: { ...settings(), ...changed } });

  await expect(failure).rejects.toThrow(/^Function "take" /);
  await expect(failure).rejects.toThrow(reason);
});
