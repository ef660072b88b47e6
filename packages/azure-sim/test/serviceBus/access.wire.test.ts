import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openSandbox, type Sandbox } from "./sandbox.ts";

let sandbox: Sandbox;
const queue = "onboarding-requests";

beforeAll(async () => {
  sandbox = await openSandbox({ topics: [{ name: "onboarding-events", subscriptions: [{ name: "audit" }] }] });
});
afterEach(() => sandbox.closeClients());
afterAll(() => sandbox.close());

const once = { maxRetries: 0, timeoutInMs: 3000 };

function sendWith(claims: Record<string, unknown>): Promise<void> {
  const client = sandbox.client({ credential: sandbox.credential(claims), retryOptions: once });
  return client.createSender(queue).sendMessages({ body: "x" });
}

test("the token is requested with Service Bus's scope and put for the entity", async () => {
  const credential = sandbox.credential();

  await sandbox.client({ credential }).createSender(queue).sendMessages({ body: "x" });

  expect(new Set(credential.scopes)).toEqual(new Set(["https://servicebus.azure.net//.default"]));
  expect(sandbox.faults.journal).toContainEqual({ wire: "serviceBus", operation: "putToken", target: queue });
  expect(sandbox.faults.journal).toContainEqual({ wire: "serviceBus", operation: "send", target: queue });
});

test.each(["https://servicebus.azure.net", "https://servicebus.azure.net/", "https://servicebus.azure.net//"])(
  "a token for the audience %s is accepted",
  async (aud) => {
    await sendWith({ aud });
  },
);

test.each([
  ["of another audience", () => ({ aud: "https://management.azure.com" })],
  ["of another tenant", () => ({ tid: randomUUID() })],
  ["that is over", () => ({ exp: Math.floor(Date.now() / 1000) - 600 })],
  ["of a principal that the directory does not know", () => ({ appid: randomUUID() })],
  ["without a principal", () => ({ appid: undefined })],
])("a token %s is refused as unauthorized", async (_, claims) => {
  const before = sandbox.serviceBus.queue(queue).messages().length;

  await expect(sendWith(claims())).rejects.toMatchObject({ name: "ServiceBusError", code: "UnauthorizedAccess" });

  expect(sandbox.serviceBus.queue(queue).messages()).toHaveLength(before);
});

test("a token signed with another key is refused", async () => {
  const genuine = await sandbox.credential().getToken("scope");
  const [header, payload] = genuine.token.split(".");
  const forged = { ...genuine, token: `${header}.${payload}.${Buffer.alloc(256).toString("base64url")}` };
  const credential = { scopes: [], getToken: async () => forged };

  await expect(
    sandbox.client({ credential, retryOptions: once }).createSender(queue).sendMessages({ body: "x" }),
  ).rejects.toMatchObject({ code: "UnauthorizedAccess" });
});

test("a known principal without a role is refused, and accepted once it has one", async () => {
  const appid = randomUUID();
  sandbox.world.servicePrincipals.set(appid, { displayName: "other", clientId: appid, principalId: randomUUID() });

  await expect(sendWith({ appid })).rejects.toMatchObject({ code: "UnauthorizedAccess" });
  sandbox.authorized.add(appid);

  await sendWith({ appid });
});

test("a missing queue is reported to senders, receivers and peeks as not found, without retries", async () => {
  const client = sandbox.client();
  const notFound = { code: "MessagingEntityNotFound", retryable: false };

  await expect(client.createSender("nowhere").sendMessages({ body: "x" })).rejects.toMatchObject(notFound);
  await expect(client.createReceiver("nowhere").receiveMessages(1, { maxWaitTimeInMs: 500 })).rejects.toMatchObject(
    notFound,
  );
  await expect(client.createReceiver("nowhere").peekMessages(1)).rejects.toMatchObject(notFound);
});

test("a topic cannot be received from, and a subscription cannot be sent to", async () => {
  const client = sandbox.client({ retryOptions: once });

  await expect(
    client.createReceiver("onboarding-events").receiveMessages(1, { maxWaitTimeInMs: 500 }),
  ).rejects.toMatchObject({ message: expect.stringContaining("receive from one of its subscriptions") });
  await expect(
    client.createSender("onboarding-events/Subscriptions/audit").sendMessages({ body: "x" }),
  ).rejects.toMatchObject({ message: expect.stringContaining("cannot be sent to") });
});

test("entity names are compared regardless of case", async () => {
  const client = sandbox.client();
  const before = sandbox.serviceBus.queue(queue).messages().length;

  await client.createSender("ONBOARDING-Requests").sendMessages({ body: "x" });

  expect(sandbox.serviceBus.queue(queue).messages()).toHaveLength(before + 1);
});
