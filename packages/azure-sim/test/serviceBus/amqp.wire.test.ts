/** A bare AMQP client, for requests that no SDK would send. */
import { once } from "node:events";
import net from "node:net";
import rhea, { type Connection, type EventContext, type Receiver, type Sender, type Typed } from "rhea";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { fieldOf, keepBytes, lockTokenFromTag } from "../../src/amqp/rhea.ts";
import { findSection, readEntries, sectionCode, splitSections } from "../../src/amqp/sections.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";

const { types } = rhea;
const queue = "onboarding-requests";
/** The queue of the tests that receive. */
const other = "other";
/** The queue of the tests that settle. */
const settled = "settled";
let sandbox: Sandbox;
const connections: Connection[] = [];

beforeAll(async () => {
  sandbox = await openSandbox({ queues: [{ name: queue }, { name: other }, { name: settled }] });
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});
afterAll(() => sandbox.close());

async function connect(): Promise<Connection> {
  const connection = rhea
    .create_container()
    .connect({ transport: "tls", host: "localhost", port: sandbox.serviceBus.port, reconnect: false });
  connections.push(connection);
  connection.on("disconnected", () => {});
  await once(connection, "connection_open");
  return connection;
}

function next(link: Sender | Receiver, event: string): Promise<EventContext> {
  return new Promise((resolve) => link.once(event, resolve));
}

/** Returns the status code of $cbs's answer. */
async function putToken(connection: Connection, properties: Record<string, unknown>, token?: string): Promise<unknown> {
  const sender = connection.open_sender("$cbs");
  const receiver = connection.open_receiver({ source: "$cbs", name: "answers" });
  await Promise.all([once(sender, "sendable"), once(receiver, "receiver_open")]);
  sender.send({
    message_id: 1,
    reply_to: "answers",
    application_properties: { operation: "put-token", type: "jwt", name: `sb://namespace/${queue}`, ...properties },
    body: token ?? (await sandbox.credential().getToken("scope")).token,
  });
  const { message } = await next(receiver, "message");
  return message?.application_properties?.["status-code"];
}

async function openSender(connection: Connection, address: string): Promise<Sender> {
  const sender = connection.open_sender(address);
  await once(sender, "sendable");
  return sender;
}

test("a link without a token for its entity is refused", async () => {
  const connection = await connect();
  expect(await putToken(connection, { name: `sb://namespace/${other}` })).toBe(202);

  const sender = connection.open_sender(queue);
  const receiver = connection.open_receiver(queue);
  await Promise.all([once(sender, "sender_error"), once(receiver, "receiver_error")]);

  for (const { error } of [sender, receiver]) expect(error).toMatchObject({ condition: "amqp:unauthorized-access" });
});

test("$cbs accepts only JSON web tokens, and no other operation", async () => {
  expect(await putToken(await connect(), { type: "servicebus.windows.net:sastoken" })).toBe(401);
  expect(await putToken(await connect(), { operation: "delete-token" })).toBe(401);
  expect(await putToken(await connect(), {}, "not a token")).toBe(401);
});

test("a batch with a malformed message is refused as a whole, and its link stays usable", async () => {
  const connection = await connect();
  expect(await putToken(connection, {})).toBe(202);
  const sender = await openSender(connection, queue);

  const good = rhea.message.encode({ body: "good" });
  const batches = [
    Buffer.from("no AMQP at all"),
    rhea.message.encode({ body: rhea.message.data_sections([good, Buffer.from("bad")]) }),
  ];
  for (const batch of batches) {
    sender.send(batch, undefined, 0x80013700);
    const { delivery } = await next(sender, "rejected");
    expect(delivery?.remote_state?.["error"]).toMatchObject({ condition: "amqp:decode-error" });
  }
  sender.send({ body: "single" });
  await once(sender, "accepted");

  expect(sandbox.serviceBus.queue(queue).messages()).toMatchObject([{ body: "single" }]);
});

test("$management answers an unknown request with not implemented", async () => {
  const connection = await connect();
  await putToken(connection, {});
  const sender = await openSender(connection, `${queue}/$management`);
  const receiver = connection.open_receiver({ source: `${queue}/$management`, target: "management-answers" });
  await once(receiver, "receiver_open");
  const ask = async (operation: string, body: unknown) => {
    sender.send({ message_id: 1, reply_to: "management-answers", application_properties: { operation }, body });
    const { message } = await next(receiver, "message");
    return message?.application_properties;
  };

  expect(await ask("com.microsoft:add-rule", {})).toMatchObject({ statusCode: 501 });
  expect(await ask("com.microsoft:renew-lock", {})).toMatchObject({
    statusCode: 400,
    errorCondition: "com.microsoft:argument-error",
  });
  expect(await ask("com.microsoft:update-disposition", { "disposition-status": "eaten" })).toMatchObject({
    statusCode: 501,
  });
});

test("a link's address may begin with a slash, as in the .NET SDK", async () => {
  const connection = await connect();
  expect(await putToken(connection, { name: `sb://namespace/${other}` })).toBe(202);

  const sender = await openSender(connection, `/${other}`);
  sender.send({ body: "with a slash" });
  await once(sender, "accepted");
  const receiver = connection.open_receiver({ source: `/${other}`, autoaccept: true });
  const { message } = await next(receiver, "message");
  const management = await openSender(connection, `/${other}/$management`);

  expect(message?.body).toBe("with a slash");
  expect(management.is_open()).toBe(true);
});

test("distinguishes settled requests that share one delivery tag", async () => {
  const connection = await connect();
  expect(await putToken(connection, { name: `sb://namespace/${other}` })).toBe(202);
  const node = `${other}/$management`;
  const sender = connection.open_sender({ target: node, snd_settle_mode: 1 });
  const receiver = connection.open_receiver({ source: node, target: "two-answers" });
  await Promise.all([once(sender, "sendable"), once(receiver, "receiver_open")]);
  const answers: unknown[] = [];
  receiver.on("message", ({ message }: EventContext) => answers.push(message?.correlation_id));

  for (const id of ["first", "second"]) {
    const request = { message_id: id, reply_to: "two-answers", application_properties: { operation: "ask" }, body: {} };
    sender.send(request, Buffer.of(0));
  }

  expect(sender.snd_settle_mode).toBe(1);
  await expect.poll(() => answers).toEqual(["first", "second"]);
});

test("refuses a session receiver and a transaction, each by name", async () => {
  const connection = await connect();
  expect(await putToken(connection, { name: `sb://namespace/${other}` })).toBe(202);
  const filter = { "com.microsoft:session-filter": rhea.types.wrap_described(null, "com.microsoft:session-filter") };
  const coordinator = rhea.types.wrap_described([], 0x30);

  const receiver = connection.open_receiver({ source: { address: other, filter } });
  await once(receiver, "receiver_error");
  const sender = connection.open_sender({});
  sender.local.attach.target = coordinator;
  await once(sender, "sender_error");

  expect(receiver.error).toMatchObject({
    condition: "amqp:not-allowed",
    description: expect.stringContaining("does not require sessions"),
  });
  expect(sender.error).toMatchObject({
    condition: "amqp:not-implemented",
    description: expect.stringContaining("transactions"),
  });
});

test("$cbs answers on its own link when a request names none, as azure-servicebus of Python does", async () => {
  const connection = await connect();
  const sender = connection.open_sender("$cbs");
  const receiver = connection.open_receiver({ source: "$cbs", target: "anything" });
  await Promise.all([once(sender, "sendable"), once(receiver, "receiver_open")]);

  const application_properties = { operation: "put-token", type: "jwt", name: `sb://namespace/${other}` };
  const body = (await sandbox.credential().getToken("scope")).token;
  sender.send({ message_id: 7, application_properties, body });
  const { message } = await next(receiver, "message");

  expect(message).toMatchObject({ correlation_id: 7, application_properties: { "status-code": 202 } });
});

test("$cbs refuses a token for an entity that does not exist", async () => {
  expect(await putToken(await connect(), { name: "sb://namespace/missing" })).toBe(404);
  expect(await putToken(await connect(), { name: "sb://namespace/missing/$management" })).toBe(404);
  expect(await putToken(await connect(), { name: "sb://namespace/" })).toBe(202);
  expect(await putToken(await connect(), { name: `sb://namespace/${queue}/$management` })).toBe(202);
});

test("a link's address may name the namespace, as azure-servicebus of Python does", async () => {
  const connection = await connect();
  expect(await putToken(connection, { name: `sb://namespace/${other}` })).toBe(202);

  const sender = await openSender(connection, `amqps://namespace.servicebus.windows.net/${other}`);
  sender.send({ body: "by its whole address" });
  await once(sender, "accepted");
  const receiver = connection.open_receiver({ source: `amqps://localhost:1/${other}`, autoaccept: true });

  expect((await next(receiver, "message")).message?.body).toBe("by its whole address");
});

test("repeats the settle modes that a client asks for, without which Go's client detaches", async () => {
  const connection = await connect();
  expect(await putToken(connection, { name: `sb://namespace/${other}` })).toBe(202);
  const modes: unknown[] = [];
  for (const source of ["$cbs", `${other}/$management`, other]) {
    const receiver = connection.open_receiver({ source, snd_settle_mode: 0, rcv_settle_mode: 1, credit_window: 0 });
    await once(receiver, "receiver_open");
    modes.push([source, receiver.snd_settle_mode, receiver.rcv_settle_mode]);
  }
  // The broker settles what is sent to it at once, and says so: Python waits for a second settlement otherwise.
  const sender = connection.open_sender({ target: other, snd_settle_mode: 2, rcv_settle_mode: 1 });
  await once(sender, "sendable");

  expect(modes).toEqual([
    ["$cbs", 0, 1],
    [`${other}/$management`, 0, 1],
    [other, 0, 1],
  ]);
  expect([sender.snd_settle_mode, sender.rcv_settle_mode ?? 0]).toEqual([2, 0]);
});

test("keeps one link's terminus out of another's, also when both are empty lists", async () => {
  const connection = await connect();
  expect(await putToken(connection, { name: `sb://namespace/${other}` })).toBe(202);
  // An empty list is one value for rhea, on all connections.
  const sender = connection.open_sender({ target: other, source: { address: "" } });
  sender.local.attach.source = types.wrap_described([], 0x28);
  await once(sender, "sendable");
  const receiver = connection.open_receiver({ source: other, target: "", credit_window: 0 });
  receiver.local.attach.target = types.wrap_described([], 0x29);
  await once(receiver, "receiver_open");

  const fields = Reflect.get(receiver.target, "value");
  expect(Array.isArray(fields) ? fields.length : undefined).toBeLessThanOrEqual(7);
});

describe("a settlement is answered with the outcome that was applied", () => {
  /** AMQP has two encodings of a boolean; Python's client writes the longer one. */
  const longTrue = Reflect.get(types, "Boolean")(1);
  const error = types.wrap_described([types.wrap_symbol("com.microsoft:dead-letter"), "no"], 0x1d);
  const settlements: readonly [string, Typed, string][] = [
    ["complete", types.wrap_described([], 0x24), "accepted"],
    ["dead-letter", types.wrap_described([error], 0x25), "rejected"],
    ["release", types.wrap_described([], 0x26), "released"],
    ["abandon", types.wrap_described([true, false], 0x27), "modified"],
    ["defer", types.wrap_described([null, true], 0x27), "modified"],
    ["defer with a long boolean", types.wrap_described([null, longTrue], 0x27), "modified"],
  ];

  test.each(settlements)("%s", async (name, state, outcome) => {
    const connection = await connect();
    expect(await putToken(connection, { name: `sb://namespace/${settled}` })).toBe(202);
    const sender = await openSender(connection, settled);
    const receiver = connection.open_receiver({
      source: settled,
      autoaccept: false,
      autosettle: false,
      credit_window: 0,
    });
    await once(receiver, "receiver_open");
    receiver.add_credit(1);
    sender.send({ body: outcome });
    const { delivery } = await next(receiver, "message");
    if (!delivery) throw new Error("nothing came");
    // A released message would come again.
    receiver.set_credit_window(0);
    const deferred = () =>
      sandbox.serviceBus
        .queue(settled)
        .messages()
        .filter(({ state }) => state === "deferred").length;
    const before = deferred();

    delivery.update(false, state);

    await expect.poll(() => delivery.remote_settled).toBe(true);
    expect(Reflect.get(delivery.remote_state?.constructor ?? {}, "composite_type")).toBe(outcome);
    expect(deferred() - before).toBe(name.startsWith("defer") ? 1 : 0);
    // Clients take a rejection with an error for a refusal.
    if (outcome === "rejected") expect(fieldOf(delivery.remote_state, 0)).toBeUndefined();
  });

  test("and a refusal has all the fields of an error, without which Python's client waits for ever", async () => {
    const connection = await connect();
    expect(await putToken(connection, {})).toBe(202);
    const sender = await openSender(connection, queue);
    sender.send({ body: "x".repeat(300 * 1024) });
    const { delivery } = await next(sender, "rejected");

    expect(fieldOf(fieldOf(delivery?.remote_state, 0), 2)).toMatchObject({ value: [] });
  });
});

describe("application properties of every AMQP type", () => {
  const beyondDoubles = Buffer.from("0020000000000001", "hex"); // 2^53 + 1
  const typed = {
    byte: types.wrap_byte(-5),
    ubyte: types.wrap_ubyte(200),
    short: types.wrap_short(-300),
    int: types.wrap_int(7),
    long: types.wrap_long(beyondDoubles),
    ulong: types.wrap_ulong(beyondDoubles),
    float: types.wrap_float(1.5),
    double: types.wrap_double(2),
    char: types.wrap_char(0x20ac),
    guid: types.wrap_uuid(Buffer.from("00112233445566778899aabbccddeeff", "hex")),
    timestamp: types.wrap_timestamp(1_790_000_000_000),
    uri: types.wrap_described("https://example.com", "com.microsoft:uri"),
  };

  /** Encodes without the header, which rhea writes first and which belongs to the broker. */
  const encode = (message: object) => rhea.message.encode(message).subarray(4);

  async function openQueue() {
    const connection = await connect();
    expect(await putToken(connection, { name: `sb://namespace/${other}` })).toBe(202);
    const sender = await openSender(connection, other);
    const receiver = connection.open_receiver({ source: other, autoaccept: false, autosettle: true });
    await once(receiver, "receiver_open");
    keepBytes(receiver.session);
    const receive = async () => {
      const { message, delivery } = await next(receiver, "message");
      if (!Buffer.isBuffer(message) || !delivery) throw new Error("no bytes came");
      return { bytes: message, delivery };
    };
    return { connection, sender, receive };
  }

  test("arrive as they were sent, with everything else that the sender wrote", async () => {
    const { sender, receive } = await openQueue();
    const sent = encode({
      message_id: "typed",
      correlation_id: types.wrap_ulong(3),
      application_properties: typed,
      body: types.wrap_list([types.wrap_long(beyondDoubles), types.wrap_char(65)]),
    });

    sender.send(sent, undefined, 0);
    const { bytes, delivery } = await receive();
    delivery.accept();

    expect(bytes.subarray(-sent.length).toString("hex")).toBe(sent.toString("hex"));
  });

  test("are kept for a message without an id, and in a batch", async () => {
    const { sender, receive } = await openQueue();
    const sent = encode({ subject: "no id", application_properties: typed, body: null });
    const properties = readEntries(findSection(splitSections(sent), sectionCode.applicationProperties));

    sender.send(sent, undefined, 0);
    const single = await receive();
    single.delivery.accept();
    sender.send(rhea.message.encode({ body: rhea.message.data_section(sent) }), undefined, 0x80013700);
    const batched = await receive();
    batched.delivery.accept();

    for (const { bytes } of [single, batched]) {
      const sections = splitSections(bytes);
      expect(readEntries(findSection(sections, sectionCode.applicationProperties))).toEqual(properties);
      expect(rhea.message.decode(bytes)).toMatchObject({ subject: "no id", message_id: expect.any(String) });
    }
  });

  test("are kept next to those added by abandoning and dead-lettering, which keep their types too", async () => {
    const { connection, sender, receive } = await openQueue();
    const added = { attempt: types.wrap_short(2), trace: typed.guid, ticks: types.wrap_long(2 ** 60) };
    sender.send(
      encode({ message_id: "dead", application_properties: { ...typed, attempt: 1 }, body: null }),
      undefined,
      0,
    );

    const first = await receive();
    first.delivery.modified({ undeliverable_here: false, message_annotations: added });
    const second = await receive();
    const info = { DeadLetterReason: "no use", by: types.wrap_byte(9) };
    second.delivery.reject({ condition: "com.microsoft:dead-letter", description: "", info });
    const receiver = connection.open_receiver({ source: `${other}/$DeadLetterQueue`, autoaccept: false });
    const { message } = await next(receiver, "message");

    const expected = encode({
      application_properties: { ...typed, ...added, DeadLetterReason: "no use", by: types.wrap_byte(9) },
      body: null,
    });
    const entriesOf = (bytes: unknown) =>
      Buffer.isBuffer(bytes) && readEntries(findSection(splitSections(bytes), sectionCode.applicationProperties));
    expect(entriesOf(message)).toEqual(entriesOf(expected));
    expect(sandbox.serviceBus.queue(other).deadLetters()).toMatchObject([
      { applicationProperties: { attempt: 2, byte: -5, by: 9, DeadLetterReason: "no use" } },
    ]);
  });

  test("are kept when $management settles the message", async () => {
    const { connection, sender, receive } = await openQueue();
    const node = `${other}/$management`;
    const management = await openSender(connection, node);
    const answers = connection.open_receiver({ source: node, target: "dispositions" });
    sender.send(encode({ message_id: "later", body: null }), undefined, 0);
    const { delivery } = await receive();

    const again = receive();
    management.send({
      message_id: "abandon",
      reply_to: "dispositions",
      application_properties: { operation: "com.microsoft:update-disposition" },
      body: {
        "disposition-status": "abandoned",
        "lock-tokens": types.wrap_array(
          [Buffer.from(lockTokenFromTag(delivery.tag).replaceAll("-", ""), "hex")],
          0x98,
          undefined,
        ),
        "properties-to-modify": { by: types.wrap_byte(9) },
      },
    });
    await once(answers, "message");
    const { bytes, delivery: second } = await again;
    second.accept();

    const entries = readEntries(findSection(splitSections(bytes), sectionCode.applicationProperties));
    // by: a string of two characters; 9: a byte.
    expect(entries.get("by")?.toString("hex")).toBe("a10262795109");
  });
});

test("closing does not wait for a client that never finished its TLS handshake", async () => {
  const other = await openSandbox();
  const socket = net.connect(other.serviceBus.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");

  await other.close();

  await once(socket, "close");
});
