/** Sends to the queue as a team does: through the Service Bus SDK, with the team's own token. */
import { ServiceBusClient } from "@azure/service-bus";
import { type Cloud, names } from "../cloud.ts";

export async function sendToQueue({ credentialOf, serviceBus }: Cloud, body: unknown): Promise<void> {
  const client = new ServiceBusClient(names.serviceBusNamespace, credentialOf("team"), {
    customEndpointAddress: serviceBus.url,
  });
  try {
    const sender = client.createSender(names.queue);
    await sender.sendMessages({ body, contentType: "application/json" });
    await sender.close();
  } finally {
    await client.close();
  }
}
