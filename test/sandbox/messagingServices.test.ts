/** Namespaces of targets, met by Azure's SDK: their entities are the catalog's, and roles in Azure decide what a caller may do with each. */
import { randomUUID } from "node:crypto";
import tls from "node:tls";
import { ServiceBusClient } from "@azure/service-bus";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mintAccessToken } from "../../packages/azure-sim/src/entra/accessTokens.ts";
import { createFaults } from "../../packages/azure-sim/src/faults.ts";
import { createCertificate } from "../../packages/azure-sim/src/tls.ts";
import { assignRole, createWorld, type World } from "../../packages/azure-sim/src/world.ts";
import { type BusNamespace, startBusNamespace } from "../../sandbox/messagingServices.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";

const group = "/subscriptions/s/resourceGroups/rg/providers";
const busId = `${group}/Microsoft.ServiceBus/namespaces/sb-dev`;
const caller = { displayName: "app", clientId: randomUUID(), principalId: randomUUID() };
const send = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39";
const receive = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0";
const faults = createFaults();
const bus = { kind: "serviceBus", resourceId: busId, access: ["send", "receive"] } as const;
const targets = Catalog.shape.targets.parse({
  orders: { ...bus, queue: "orders" },
  invoices: { ...bus, topic: "invoices" },
  audit: {
    ...bus,
    resourceId: busId.toUpperCase().replace(/^\S+\/PROVIDERS/, group),
    access: ["receive"],
    topic: "invoices",
    subscription: "audit",
  },
});

let world: World;
let namespace: BusNamespace;
const clients: ServiceBusClient[] = [];

beforeAll(async () => {
  const [created, certificate] = await Promise.all([createWorld(), createCertificate()]);
  world = created;
  world.servicePrincipals.set(caller.clientId, caller);
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), certificate.certificate]);
  namespace = await startBusNamespace({ world, faults, tls: certificate }, { id: busId, targets });
});
beforeEach(() => {
  world.roleAssignments.clear();
  world.roleDelayMs = 0;
});
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
afterAll(() => namespace?.close());

const credential = {
  async getToken() {
    const token = await mintAccessToken(world, caller, "https://servicebus.azure.net");
    return { token, expiresOnTimestamp: Date.now() + 3_000_000 };
  },
};

function connect(): ServiceBusClient {
  const retryOptions = { maxRetries: 0, timeoutInMs: 3_000 };
  const options = { customEndpointAddress: namespace.url, retryOptions };
  const client = new ServiceBusClient("sb-dev.servicebus.windows.net", credential, options);
  clients.push(client);
  return client;
}

function give(role: string, scope: string, createdTime?: Date) {
  assignRole(world, { role, principalId: caller.principalId, scope: `${busId}${scope}`, createdTime });
}

const refused = (claim: string, path: string) => ({
  code: "UnauthorizedAccess",
  message: expect.stringContaining(
    `Unauthorized access. '${claim}' claim(s) are required to perform this operation. Resource: 'sb://sb-dev.servicebus.windows.net/${path}'.`,
  ),
});

describe("a namespace of Service Bus", () => {
  it("lets a sender of a topic send there, and do nothing else", async () => {
    give(send, "/topics/invoices");
    const client = connect();

    await client.createSender("invoices").sendMessages({ body: "first" });
    expect(namespace.subscription("invoices", "all").messages()).toMatchObject([{ body: "first" }]);
    expect(namespace.subscription("invoices", "audit").messages()).toMatchObject([{ body: "first" }]);
    await expect(client.createSender("orders").sendMessages({ body: "x" })).rejects.toMatchObject(
      refused("Send", "orders"),
    );
    const receiver = client.createReceiver("invoices", "audit");
    await expect(receiver.receiveMessages(1, { maxWaitTimeInMs: 500 })).rejects.toMatchObject(
      refused("Listen", "invoices/Subscriptions/audit"),
    );
    expect(faults.journal).toContainEqual({ wire: "serviceBus", operation: "send", target: "sb-dev/invoices" });
  });

  it("lets a receiver of one subscription receive, settle and peek there, also its dead letters, and send nothing", async () => {
    namespace.subscription("invoices", "audit").send({ body: "second" });
    give(receive, "/topics/invoices/subscriptions/audit");
    const client = connect();
    const receiver = client.createReceiver("invoices", "audit");

    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 3_000 });
    if (!message) throw new Error("no message came");
    await receiver.deadLetterMessage(message);
    const dead = client.createReceiver("invoices", "audit", { subQueueType: "deadLetter" });
    expect(await dead.peekMessages(1)).toHaveLength(1);
    await expect(client.createReceiver("invoices", "all").peekMessages(1)).rejects.toMatchObject(
      refused("Listen, Send", "invoices/Subscriptions/all"),
    );
    await expect(client.createSender("invoices").sendMessages({ body: "x" })).rejects.toMatchObject({
      code: "UnauthorizedAccess",
    });
  });

  it("holds requests beside a link to the same roles", async () => {
    give(send, "/queues/orders");
    const client = connect();
    const at = new Date(Date.now() + 3_600_000);

    const numbers = await client.createSender("orders").scheduleMessages({ body: "later" }, at);
    await expect(client.createReceiver("orders").peekMessages(1)).rejects.toMatchObject(refused("Listen", "orders"));
    await client.createSender("orders").cancelScheduledMessages(numbers);
    world.roleAssignments.clear();
    give(receive, "/queues/orders");
    await expect(connect().createSender("orders").scheduleMessages({ body: "later" }, at)).rejects.toMatchObject(
      refused("Send", "orders"),
    );
  });

  it("obeys a role on the namespace, from the time at which it is in effect", async () => {
    world.roleDelayMs = 60_000;
    give(send, "", world.now());
    await expect(connect().createSender("orders").sendMessages({ body: "x" })).rejects.toMatchObject(
      refused("Send", "orders"),
    );
    world.roleDelayMs = 0;

    await connect().createSender("orders").sendMessages({ body: "x" });
  });

  it("has nothing that the catalog does not name", async () => {
    give(send, "");

    await expect(connect().createSender("returns").sendMessages({ body: "x" })).rejects.toMatchObject({
      code: "MessagingEntityNotFound",
    });
  });
});
