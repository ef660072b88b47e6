import { once } from "node:events";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openSandbox, type Sandbox, until } from "./sandbox.ts";

const quick = { maxRetries: 3, retryDelayInMs: 50, timeoutInMs: 1000 };
const settings = { lockDurationSeconds: 2, duplicateDetectionSeconds: 60, maxDeliveryCount: 5 };
const names = Array.from({ length: 20 }, (_, index) => `queue-${index}`);
let sandbox: Sandbox;
/** A new queue for every test. */
let queue = "";

beforeAll(async () => {
  sandbox = await openSandbox({ queues: names.map((name) => ({ name, ...settings })) });
});
beforeEach(() => {
  queue = names.pop() ?? "";
});
afterEach(async () => {
  sandbox.faults.clear();
  sandbox.faults.latencyMs = 0;
  await sandbox.closeClients();
});
afterAll(() => sandbox.close());

const messages = () => sandbox.serviceBus.queue(queue).messages();
const journal = (operation: string) => sandbox.faults.journal.filter((call) => call.operation === operation).length;

test("a busy service refuses a send, and the SDK's retry gets through", async () => {
  const sender = sandbox.client({ retryOptions: quick }).createSender(queue);
  sandbox.faults.add({
    wire: "serviceBus",
    operation: "send",
    target: queue,
    times: 2,
    effect: { kind: "error", code: "com.microsoft:server-busy" },
  });

  await sender.sendMessages({ body: "x", messageId: "busy" });

  expect(messages()).toMatchObject([{ messageId: "busy" }]);
});

test("a permanently busy service is reported as such, inside the SDK's AggregateError", async () => {
  const sender = sandbox.client({ retryOptions: quick }).createSender(queue);
  sandbox.faults.add({
    wire: "serviceBus",
    operation: "send",
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: "com.microsoft:server-busy", message: "Creator: throttled" },
  });

  const failure: unknown = await sender.sendMessages({ body: "x" }).catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(AggregateError);
  expect(failure).toMatchObject({ errors: [{ code: "ServiceBusy" }, {}, {}, {}] });
});

test("a connection cut before a send takes effect neither loses nor duplicates a message", async () => {
  const sender = sandbox.client({ retryOptions: quick }).createSender(queue);
  sandbox.faults.add({ wire: "serviceBus", operation: "send", effect: { kind: "cutBefore" } });

  await sender.sendMessages({ body: "x", messageId: "cut-before" });

  expect(messages()).toMatchObject([{ messageId: "cut-before" }]);
});

test("a send is retried after a cut that followed its effect; duplicate detection keeps one message", async () => {
  const sender = sandbox.client({ retryOptions: quick }).createSender(queue);
  const before = journal("send");
  sandbox.faults.add({ wire: "serviceBus", operation: "send", effect: { kind: "cutAfter" } });

  await sender.sendMessages({ body: "x", messageId: "cut-after" });

  expect(journal("send")).toBe(before + 2);
  expect(messages()).toMatchObject([{ messageId: "cut-after" }]);
});

test("a retry overcomes garbage on the connection and a missing answer", async () => {
  const sender = sandbox.client({ retryOptions: quick }).createSender(queue);
  sandbox.faults.add({ wire: "serviceBus", operation: "send", effect: { kind: "garbage" } });
  await sender.sendMessages({ body: "x", messageId: "garbage" });

  sandbox.faults.add({ wire: "serviceBus", operation: "send", effect: { kind: "hang" } });
  await sender.sendMessages({ body: "x", messageId: "hang" });

  expect(messages().map(({ messageId }) => messageId)).toEqual(["garbage", "hang"]);
});

test("a delayed message keeps its place on its link", async () => {
  const sender = sandbox.client().createSender(queue);
  sandbox.faults.add({ wire: "serviceBus", operation: "send", effect: { kind: "delay", ms: 150 } });

  await Promise.all(["first", "second"].map((messageId) => sender.sendMessages({ body: "x", messageId })));

  expect(messages().map(({ messageId }) => messageId)).toEqual(["first", "second"]);
});

test("a new token is requested after one was refused", async () => {
  const sender = sandbox.client({ retryOptions: quick }).createSender(queue);
  sandbox.faults.add({
    wire: "serviceBus",
    operation: "putToken",
    effect: { kind: "error", code: "amqp:unauthorized-access", status: 401 },
  });

  await sender.sendMessages({ body: "x", messageId: "second token" });

  expect(messages()).toMatchObject([{ messageId: "second token" }]);
});

test("a delivery that is refused or cut off before it happens is not counted", async () => {
  const receiver = sandbox.client({ retryOptions: quick }).createReceiver(queue, { receiveMode: "receiveAndDelete" });
  const receive = () => receiver.receiveMessages(1, { maxWaitTimeInMs: 3000 });
  sandbox.serviceBus.queue(queue).send({ body: "x", messageId: "refused" });
  sandbox.faults.add({
    wire: "serviceBus",
    operation: "receive",
    effect: { kind: "error", code: "com.microsoft:entity-disabled", message: "the queue is paused" },
  });
  sandbox.faults.add({ wire: "serviceBus", operation: "receive", effect: { kind: "cutBefore" } });

  await expect(receive()).rejects.toMatchObject({ code: "MessagingEntityDisabled", message: "the queue is paused" });
  await expect(receive()).rejects.toThrow("AMQP connection");
  const [message] = await receive();

  expect(message).toMatchObject({ messageId: "refused", deliveryCount: 0 });
});

test("a connection cut after the delivery leaves the message locked; it is redelivered when the lock ends", async () => {
  const receiver = sandbox.client({ retryOptions: quick }).createReceiver(queue);
  sandbox.serviceBus.queue(queue).send({ body: "x", messageId: "lost delivery" });
  sandbox.faults.add({ wire: "serviceBus", operation: "receive", effect: { kind: "cutAfter" } });

  await expect(receiver.receiveMessages(1, { maxWaitTimeInMs: 3000 })).rejects.toThrow("AMQP connection");
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5000 });

  expect(message).toMatchObject({ messageId: "lost delivery", deliveryCount: 1 });
});

test("a refused completion leaves the message locked", async () => {
  const receiver = sandbox.client({ retryOptions: { maxRetries: 0 } }).createReceiver(queue);
  sandbox.serviceBus.queue(queue).send({ body: "x", messageId: "stays" });
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 3000 });
  if (!message) throw new Error("no message came");
  sandbox.faults.add({
    wire: "serviceBus",
    operation: "complete",
    effect: { kind: "error", code: "com.microsoft:message-lock-lost", message: "gone" },
  });

  await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: "MessageLockLost" });

  expect(messages()).toMatchObject([{ messageId: "stays", deliveryCount: 0 }]);
});

test("a subscriber recovers by itself after its connection was cut", async () => {
  const seen: unknown[] = [];
  sandbox
    .client({ retryOptions: quick })
    .createReceiver(queue)
    .subscribe({
      async processMessage({ body }) {
        seen.push(body);
      },
      async processError() {},
    });
  sandbox.serviceBus.queue(queue).send({ body: "before" });
  await until(() => seen.length === 1 && messages().length === 0);

  sandbox.serviceBus.cutConnections();
  sandbox.serviceBus.queue(queue).send({ body: "after" });

  await until(() => seen.includes("after") && messages().length === 0);
});

test("latency delays every answer and reorders nothing", async () => {
  sandbox.faults.latencyMs = 40;
  const client = sandbox.client();
  const sender = client.createSender(queue);

  await sender.sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
  const receiver = client.createReceiver(queue, { receiveMode: "receiveAndDelete" });
  const received = await receiver.receiveMessages(3, { maxWaitTimeInMs: 3000 });

  expect(received.map(({ body }) => body)).toEqual([1, 2, 3]);
});

test("bytes that are not AMQP end only their own connection", async () => {
  const random = createRandom(20261124);
  const header = Buffer.from("AMQP\x00\x01\x00\x00", "latin1");
  const saslHeader = Buffer.from("AMQP\x03\x01\x00\x00", "latin1");
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  const frame = (body: Buffer) => {
    const size = Buffer.alloc(8);
    size.writeUInt32BE(body.length + 8);
    size.writeUInt8(2, 4);
    return Buffer.concat([size, body]);
  };
  // open, begin, attach, transfer, disposition, flow, detach up to their descriptors, then noise.
  const performatives = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18];

  for (let round = 0; round < 60; round++) {
    const socket = tls.connect({ host: "localhost", port: sandbox.serviceBus.port });
    socket.on("error", () => {});
    const noise = Array.from({ length: 4 }, () => {
      const code = performatives[Math.floor(random() * performatives.length)] ?? 0x10;
      const described = Buffer.concat([Buffer.from([0x00, 0x53, code, 0xc0, 12, 3]), bytes(11)]);
      return frame(round % 2 === 0 ? described : bytes(20));
    });
    await once(socket, "secureConnect");
    socket.end(Buffer.concat([[header, saslHeader, bytes(8)][round % 3] ?? header, ...noise, bytes(30)]));
    socket.resume();
    await once(socket, "close");
  }
  const plain = tls.connect({
    host: "localhost",
    port: sandbox.serviceBus.port,
    maxVersion: "TLSv1.2",
    ciphers: "NULL",
  });
  await once(plain, "error");

  await sandbox.client().createSender(queue).sendMessages({ body: "x", messageId: "still alive" });
  expect(messages()).toMatchObject([{ messageId: "still alive" }]);
});

/** mulberry32: a small seeded generator, so that a failing round can be rerun. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
