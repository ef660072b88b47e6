/** Looks at the first message of a queue or a subscription, and leaves it there. */
import { getToken } from "../message-app/token.ts";
import type { Result } from "./targets.ts";

const resource = "https://servicebus.azure.net";
const timeoutMs = 10_000;

/** Undefined for a topic without a subscription, and for a whole namespace: there is nothing to look at. */
export async function peekServiceBus({
  host = "",
  queue,
  topic,
  subscription,
}: Readonly<Record<string, string>>): Promise<Result | undefined> {
  if (!queue && !(topic && subscription)) return undefined;
  let token: string;
  try {
    token = await getToken(resource, "Service Bus");
  } catch (error) {
    return { result: "token", detail: error instanceof Error ? error.message : String(error) };
  }
  // Only an application with such a target pays for the client.
  const { ServiceBusClient } = await import("@azure/service-bus");
  const address = process.env[addressVariable(host)];
  const client = new ServiceBusClient(
    host,
    { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 600_000 }) },
    {
      retryOptions: { maxRetries: 0, timeoutInMs: timeoutMs },
      ...(address ? { customEndpointAddress: address } : {}),
    },
  );
  try {
    const receiver =
      topic && subscription ? client.createReceiver(topic, subscription) : client.createReceiver(queue ?? "");
    await receiver.peekMessages(1);
    return { result: "ok" };
  } catch (error) {
    return explain(error);
  } finally {
    await client.close().catch(() => undefined);
  }
}

/** `SERVICE_BUS_CUSTOM_ENDPOINT_SB_DEV`: another address of the namespace `sb-dev`, behind which it is. */
function addressVariable(host: string): string {
  const [namespace = ""] = host.split(".");
  return `SERVICE_BUS_CUSTOM_ENDPOINT_${namespace.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
}

/** The client's own codes (@azure/service-bus, ServiceBusErrorCode). */
function explain(error: unknown): Result {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const detail = code === "" ? String(error) : code;
  if (code === "UnauthorizedAccess") return { result: "refused", detail };
  return { result: code === "MessagingEntityNotFound" ? "absent" : "unreachable", detail };
}
