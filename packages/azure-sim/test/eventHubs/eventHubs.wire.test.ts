/** Event Hubs' wire, met by a bare AMQP client: what a hub is, where events go, where a reader begins, and what roles in Azure decide. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import rhea, { type Connection, type EventContext, type Message, type Receiver } from "rhea";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type HubsNamespace, startHubsNamespace } from "../../../../sandbox/messagingServices.ts";
import { Catalog } from "../../../../src/domain/catalog/catalog.ts";
import { mintAccessToken } from "../../src/entra/accessTokens.ts";
import { createFaults } from "../../src/faults.ts";
import { createCertificate } from "../../src/tls.ts";
import { assignRole, createWorld, type World } from "../../src/world.ts";

const { types } = rhea;
const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventHub/namespaces/eh-dev";
const host = "eh-dev.servicebus.windows.net";
const caller = { displayName: "app", clientId: randomUUID(), principalId: randomUUID() };
const send = "2b629674-e913-4c01-ae53-ef4638d8f975";
const receive = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde";
const first = "clicks/ConsumerGroups/$Default/Partitions/0";
const faults = createFaults();
const targets = Catalog.shape.targets.parse({
  clicks: { kind: "eventHubs", resourceId: id, eventHub: "clicks", access: ["send", "receive"] },
});

let world: World;
let namespace: HubsNamespace;
const connections: Connection[] = [];

beforeAll(async () => {
  const [created, tls] = await Promise.all([createWorld(), createCertificate()]);
  world = created;
  world.servicePrincipals.set(caller.clientId, caller);
  namespace = await startHubsNamespace({ world, faults, tls }, { id, targets });
});
beforeEach(() => {
  world.roleAssignments.clear();
  world.roleDelayMs = 0;
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});
afterAll(() => namespace?.close());

function give(role: string, scope = "", createdTime?: Date) {
  assignRole(world, { role, principalId: caller.principalId, scope: `${id}${scope}`, createdTime });
}

/** Whose token for the hub is put. */
async function connect(audience = "https://eventhubs.azure.net"): Promise<Connection> {
  const connection = rhea.create_container().connect({
    ...{ transport: "tls", host: "localhost", port: namespace.port, reconnect: false, rejectUnauthorized: false },
  });
  connections.push(connection);
  connection.on("disconnected", () => {});
  await once(connection, "connection_open");
  const token = await mintAccessToken(world, caller, audience);
  const properties = { operation: "put-token", type: "jwt", name: `sb://${host}/clicks` };
  const answer = await request(connection, "$cbs", properties, token);
  expect(answer.application_properties?.["status-code"]).toBe(audience.includes("eventhubs") ? 202 : 401);
  return connection;
}

async function request(
  connection: Connection,
  node: string,
  properties: Record<string, unknown>,
  body: unknown = null,
): Promise<Message> {
  const answers = randomUUID();
  const sender = connection.open_sender(node);
  const receiver = connection.open_receiver({ source: node, name: answers });
  await Promise.all([once(sender, "sendable"), once(receiver, "receiver_open")]);
  sender.send({ message_id: 1, reply_to: answers, application_properties: properties, body });
  const [{ message }] = (await once(receiver, "message")) as [EventContext];
  sender.close();
  receiver.close();
  if (!message) throw new Error(`${node} answered nothing`);
  return message;
}

const read = (connection: Connection, more: object = {}) =>
  request(connection, "$management", { operation: "READ", type: "com.microsoft:eventhub", name: "clicks", ...more });

/** Resolves with the refusal of the link, or undefined once the event is accepted. */
async function sendTo(connection: Connection, address: string, body: string, annotations = {}) {
  const sender = connection.open_sender(address);
  const error = await Promise.race([
    once(sender, "sendable").then(() => undefined),
    once(sender, "sender_error").then(() => sender.error),
  ]);
  if (error) return error;
  sender.send({ body, message_annotations: annotations });
  await once(sender, "accepted");
  return undefined;
}

function open(connection: Connection, address: string, selector?: string): Receiver {
  const name = "apache.org:selector-filter:string";
  const filter = selector === undefined ? {} : { [name]: types.wrap_described(selector, 0x468c00000004) };
  return connection.open_receiver({ source: { address, filter }, credit_window: 10 });
}

async function bodiesOf(receiver: Receiver, count: number): Promise<readonly unknown[]> {
  const bodies: unknown[] = [];
  await new Promise<void>((resolve) => {
    receiver.on("message", ({ message }) => {
      bodies.push(message?.body);
      if (bodies.length === count) resolve();
    });
  });
  return bodies;
}

const refused = (claim: string, path: string) => ({
  condition: "amqp:unauthorized-access",
  description: expect.stringContaining(
    `Unauthorized access. '${claim}' claim(s) are required to perform this operation. Resource: 'sb://${host}/${path}'.`,
  ),
});

it("takes tokens for Event Hubs alone, or for Service Bus as Azure does", async () => {
  await connect("https://storage.azure.com");
  await connect();
});

it("says what a hub and a partition are, to whoever may send or receive", async () => {
  const connection = await connect();
  expect((await read(connection)).application_properties).toMatchObject({
    "status-code": 401,
    "error-condition": "amqp:unauthorized-access",
  });
  give(send);
  await sendTo(connection, "clicks/Partitions/1", "x");

  expect(await read(connection)).toMatchObject({
    application_properties: { "status-code": 200 },
    body: { name: "clicks", type: "com.microsoft:eventhub", partition_count: 2, partition_ids: ["0", "1"] },
  });
  expect(await read(connection, { type: "com.microsoft:partition", partition: "1" })).toMatchObject({
    body: { partition: "1", is_partition_empty: false, begin_sequence_number: 0, last_enqueued_sequence_number: 0 },
  });
  expect(await read(connection, { type: "com.microsoft:partition", partition: "7" })).toMatchObject({
    application_properties: { "status-code": 400, "error-condition": "com.microsoft:argument-out-of-range" },
  });
  expect(await read(connection, { operation: "WRITE" })).toMatchObject({
    application_properties: { "status-code": 501 },
  });
});

it("lets a reader begin where it wants, and keeps what was read", async () => {
  give(send);
  give(receive, "/eventhubs/clicks/consumergroups/$Default");
  const connection = await connect();
  for (const body of ["one", "two", "three"]) await sendTo(connection, "clicks/Partitions/0", body);

  expect(await bodiesOf(open(connection, first), 3)).toEqual(["one", "two", "three"]);
  expect(await bodiesOf(open(connection, first, "amqp.annotation.x-opt-offset > '-1'"), 3)).toEqual([
    "one",
    "two",
    "three",
  ]);
  expect(await bodiesOf(open(connection, first, "amqp.annotation.x-opt-sequence-number >= '1'"), 2)).toEqual([
    "two",
    "three",
  ]);
  const later = `amqp.annotation.x-opt-enqueued-time > '${Date.now() + 60_000}'`;
  const [atEnd, inFuture] = [
    open(connection, first, "amqp.annotation.x-opt-offset > '@latest'"),
    open(connection, first, later),
  ];
  const next = Promise.all([bodiesOf(atEnd, 1), bodiesOf(inFuture, 1)]);
  await Promise.all([once(atEnd, "receiver_open"), once(inFuture, "receiver_open")]);
  await sendTo(connection, "clicks/Partitions/0", "four");
  expect(await next).toEqual([["four"], ["four"]]);
});

it("sends events with a key to one partition, and says where each is in it", async () => {
  give(send);
  give(receive);
  const connection = await connect();
  const partitions = namespace.hubs.get("clicks")?.partitions ?? [];
  const before = partitions.map(({ events }) => events.length);
  for (const body of ["a", "b"]) await sendTo(connection, "clicks", body, { "x-opt-partition-key": "same" });
  const grown = partitions.filter(({ events }, index) => events.length !== before[index]);
  expect(grown).toHaveLength(1);

  const [partition] = grown;
  const last = partition?.events.at(-1);
  const receiver = open(
    connection,
    `clicks/ConsumerGroups/$Default/Partitions/${partition?.id}`,
    `amqp.annotation.x-opt-offset >= '${last?.offset}'`,
  );
  const [{ message }] = (await once(receiver, "message")) as [EventContext];
  expect(message).toMatchObject({
    body: "b",
    message_annotations: {
      "x-opt-sequence-number": last?.sequenceNumber,
      "x-opt-offset": String(last?.offset),
      "x-opt-partition-key": "same",
    },
  });
});

it("refuses whoever has no role, or one that is not in effect yet, by the claim that is lacking", async () => {
  world.roleDelayMs = 60_000;
  give(send, "", world.now());
  const connection = await connect();
  expect(await sendTo(connection, "clicks", "x")).toMatchObject(refused("Send", "clicks"));
  world.roleDelayMs = 0;
  expect(await sendTo(connection, "clicks", "x")).toBeUndefined();
  const receiver = open(connection, first);
  await once(receiver, "receiver_error");
  expect(receiver.error).toMatchObject(refused("Listen", first));
});

it.each([
  ["a consumer group that is not there", "clicks/ConsumerGroups/audit/Partitions/0", undefined, "amqp:not-found"],
  [
    "a partition that is not there",
    "clicks/ConsumerGroups/$Default/Partitions/9",
    undefined,
    "com.microsoft:argument-out-of-range",
  ],
  ["a whole hub", "clicks", undefined, "amqp:not-allowed"],
  ["a selector that it does not know", first, "amqp.annotation.x-opt-colour > '1'", "amqp:invalid-field"],
])("does not let anyone read from %s", async (_, address, selector, condition) => {
  give(receive);
  const receiver = open(await connect(), address, selector);
  await once(receiver, "receiver_error");

  expect(receiver.error).toMatchObject({ condition });
});

it("fails as scripted, and knows its calls", async () => {
  give(send);
  const connection = await connect();
  faults.add({ wire: "eventHubs", operation: "send", effect: { kind: "error", code: "com.microsoft:server-busy" } });
  const sender = connection.open_sender("clicks");
  await once(sender, "sendable");
  sender.send({ body: "x" });
  const [{ delivery }] = (await once(sender, "rejected")) as [EventContext];

  expect(delivery?.remote_state).toMatchObject({ error: { condition: "com.microsoft:server-busy" } });
  expect(faults.journal.at(-1)).toEqual({ wire: "eventHubs", operation: "send", target: "eh-dev/clicks" });
});
