import { afterAll, beforeAll, expect, test } from "vitest";
import { openSandbox, type Sandbox } from "./sandbox.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());

test("a message that was sent is received once, completed and gone", async () => {
  const client = sandbox.client();
  const sender = client.createSender("onboarding-requests");
  const receiver = client.createReceiver("onboarding-requests");

  await sender.sendMessages({ body: { namespace: "team-a" }, messageId: "one", subject: "onboard" });
  const [message, ...others] = await receiver.receiveMessages(1);

  expect(others).toEqual([]);
  expect(message).toMatchObject({
    body: { namespace: "team-a" },
    messageId: "one",
    subject: "onboard",
    deliveryCount: 0,
  });
  if (!message) throw new Error("no message");
  await receiver.abandonMessage(message);
  const [again] = await receiver.receiveMessages(1);
  expect(again).toMatchObject({ messageId: "one", deliveryCount: 1 });
  if (!again) throw new Error("no message");
  await receiver.completeMessage(again);
  expect(sandbox.serviceBus.queue("onboarding-requests").messages()).toEqual([]);
  await client.close();
});
